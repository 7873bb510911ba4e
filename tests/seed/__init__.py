"""The examples of the specification, one test each, from its text."""
