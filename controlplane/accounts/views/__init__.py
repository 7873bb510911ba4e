"""REST views of the accounts, one module per idea."""
