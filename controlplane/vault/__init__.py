"""The one place that seals secrets for the database and opens them again."""
