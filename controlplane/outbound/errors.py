"""Why nothing was fetched.

    OutboundError
    ├── AddressRefused      it may not be asked; trying again does not help
    ├── Unreachable         nobody answered as HTTP wants it
    │   ├── NotConnected    not even a connection: nothing was sent
    │   └── TimedOut        not in time
    └── AnswerRefused       what came is more than is taken
        └── TooManyRedirects

None of them holds the request, and with it the secrets in its headers.
"""


class OutboundError(Exception):
    """Nothing was fetched."""


class AddressRefused(OutboundError):
    """The address lies where requests for others must not go, or is none."""


class Unreachable(OutboundError):
    """Nobody answered as HTTP wants it."""


class NotConnected(Unreachable):
    """There was no connection, so nothing was sent."""


class TimedOut(Unreachable):
    """The answer was not there in time."""


class AnswerRefused(OutboundError):
    """The answer is longer than what is taken."""


class TooManyRedirects(AnswerRefused):
    """The answer leads on once more than is followed."""
