"""Tests of the control plane: api."""
