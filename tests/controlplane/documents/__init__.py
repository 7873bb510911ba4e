"""Tests of the control plane: documents."""
