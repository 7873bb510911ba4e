"""Tools: the catalogue, what each user has enabled and configured, and how often they used it."""
