"""Language models: which ones users may choose, what they can do, and where their prices come from."""
