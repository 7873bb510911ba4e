"""Tests of the control plane: provider_keys."""
