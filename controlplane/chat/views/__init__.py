"""REST of sessions: each view parses, calls one service, and presents."""
