"""Tests of the control plane: chat."""
