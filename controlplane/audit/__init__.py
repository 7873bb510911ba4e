"""Who changed what: an append-only record that nobody can change, administrators included."""
