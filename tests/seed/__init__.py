"""One test for each example of the specification of the models."""
