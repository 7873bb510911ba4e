"""The endpoints that only the Agent Server calls: claims, admission, permits, users' states, webhooks."""
