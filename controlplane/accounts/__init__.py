"""Who may sign in, and the tokens that say so."""
