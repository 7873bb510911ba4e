"""The endpoints that only the Agent Server calls: admission, permits, users' states and run webhooks."""
