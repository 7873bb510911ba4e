"""Tests of the control plane: vault."""
