"""The mirror of runs: admission, permits, settlement."""
