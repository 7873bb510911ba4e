"""The Django control plane: what users see, configure and pay for."""
