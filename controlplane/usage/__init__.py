"""The ledger: what every model call used and cost."""
