"""The matrix of foreign hands on any running system: two accounts' credentials are all it needs."""
