"""Model calls with a permit before and a record after, however they end."""
