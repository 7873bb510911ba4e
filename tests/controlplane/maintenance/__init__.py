"""Tests of the control plane: maintenance."""
