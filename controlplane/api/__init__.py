"""The REST edge: what all endpoints share - errors, pages, request ids, the OpenAPI document."""
