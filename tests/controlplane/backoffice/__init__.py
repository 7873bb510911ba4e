"""Tests of the control plane: backoffice."""
