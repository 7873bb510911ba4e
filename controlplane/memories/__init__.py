"""What the agent remembers of a user, in the user's own hands."""
