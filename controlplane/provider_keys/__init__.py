"""Users' own keys for model providers: encrypted, limited, never shown."""
