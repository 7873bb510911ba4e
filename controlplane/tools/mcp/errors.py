"""Why a server gave no list of its tools; the code is kept with the server and shown to administrators."""


class DiscoveryFailed(Exception):
    """Nothing was learnt of the server's tools. `code` says why, and holds nothing that was sent."""

    def __init__(self, code: str) -> None:
        """Keep the code: one short word."""
        super().__init__(code)
        self.code = code
