"""Why a user's own key is not used: refusals that end its run with a sentence for its owner."""

from typing import ClassVar

from controlplane.errors import Conflict


class KeyUnreadable(Conflict):
    """It was sealed under a key that the house has no more: its owner has to enter it again."""

    default_code: ClassVar[str] = "key_unreadable"

    def __init__(self) -> None:
        super().__init__("Your API key cannot be read any more. Enter it again.")


class KeyRefused(Conflict):
    """Its provider did not accept it: its owner has to enter another, or have it validated."""

    default_code: ClassVar[str] = "key_refused"

    def __init__(self, *, provider: str) -> None:
        super().__init__(
            f"{provider} does not accept your API key. Enter it anew, or have it validated.",
            details={"provider": provider},
        )


class KeyInactive(Conflict):
    """It was switched off or deleted after its run began."""

    default_code: ClassVar[str] = "key_inactive"

    def __init__(self) -> None:
        super().__init__("Your API key was switched off or deleted.")
