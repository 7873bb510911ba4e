"""What a deployment is made of, checked without an engine."""
