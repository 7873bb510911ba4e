"""REST views of templates."""
