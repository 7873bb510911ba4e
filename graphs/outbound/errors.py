"""Why nothing was fetched; each message may be read by the model.

FetchFailed
├── AddressRefused     it may not be asked, now or later
├── AnswerRefused      what came is not taken: too long, packed unreadably, led on too often
└── NoAnswer           nobody answered as HTTP wants it, or not in time; later somebody may
"""


class FetchFailed(Exception):
    """Nothing was fetched."""


class AddressRefused(FetchFailed):
    """It may not be asked, now or later."""


class AnswerRefused(FetchFailed):
    """What came is not taken."""


class NoAnswer(FetchFailed):
    """Nobody answered, or not in time."""
