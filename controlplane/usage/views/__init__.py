"""REST of usage: calls, sums, limits, and the models with what they cost."""
