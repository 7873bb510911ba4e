"""Approvals over the whole stack: nothing that needs leave runs without it, or twice."""
