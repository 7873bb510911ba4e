"""The control plane's door to the Agent Server: whose token is sent, and who owns the connection."""
