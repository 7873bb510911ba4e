"""What a person can ask for, one module per command."""
