"""What can keep the stack from starting or running, each with a message that says what to do."""


class StackError(Exception):
    """Root of the stack's own errors; the message is for the person at the terminal."""


class SettingInvalid(StackError):
    """Raised for an environment variable or option that cannot be understood."""


class PortTaken(StackError):
    """Raised before anything starts when another program listens on a port."""


class GivenServerSilent(StackError):
    """Raised before anything starts when a server that the environment names does not answer."""


class AlreadyRunning(StackError):
    """Raised when another supervisor holds the data folder."""


class AccountUnusable(StackError):
    """Raised when the database cannot run as an unprivileged user."""


class PartFailed(StackError):
    """Raised when a part gave up or a one-off job failed; everything is stopped then."""

    def __init__(self, part: str, reason: str, last_lines: tuple[str, ...] = ()) -> None:
        tail = "".join(f"\n  | {line}" for line in last_lines)
        super().__init__(f"{part}: {reason}{tail}")
        self.part = part
