"""The web chat: one page, built from `src/`, that talks with both planes as any client app does."""
