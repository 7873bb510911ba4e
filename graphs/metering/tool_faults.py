"""What a tool that only reads raises when trying again may help."""


class PassingFault(Exception):
    """Nothing was changed, and another try may go better; the message may be read by the model.

    A tool that changes anything must not raise it: its call is repeated.
    """
