"""A storm over the whole system: parts killed, listeners gone, webhooks lost; then the books must close."""
