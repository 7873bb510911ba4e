"""Tests of the control plane: admin."""
