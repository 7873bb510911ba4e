"""Deletes an account with everything that is kept of it, and gives a receipt."""
