"""Tests of the control plane: health."""
