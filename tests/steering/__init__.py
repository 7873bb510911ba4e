"""Steering a conversation on any Agent Server: its address, a token and the official SDK are all it needs."""
