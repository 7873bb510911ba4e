"""Sessions: the metadata of threads."""
