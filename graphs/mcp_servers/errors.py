"""Why a call of an MCP server gave no result.

    McpCallFailed          its message is for the model
    ├── ServerUnreachable  nothing came of it: dead, ended in mid-call, or not where calls may go
    ├── ServerTooSlow      not in time
    └── CallRefused        the server said no, in its own words

None of them holds headers or arguments.
"""


class McpCallFailed(Exception):
    """The call gave no result; the message says why, for the model."""


class ServerUnreachable(McpCallFailed):
    """Nobody is there, or nobody any more."""


class ServerTooSlow(McpCallFailed):
    """The result was not there in time."""


class CallRefused(McpCallFailed):
    """The server answered with an error of the protocol."""
