"""The demo user, and one chat turn in the terminal."""
