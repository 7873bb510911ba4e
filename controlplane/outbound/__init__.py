"""The one way to addresses that a user or an administrator typed: checked, pinned and bounded."""
