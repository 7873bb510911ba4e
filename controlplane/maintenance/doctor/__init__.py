"""Looks whether an installation is fit for its users, and says what to do where it is not."""
