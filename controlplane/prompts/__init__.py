"""System prompts that are kept, versioned, shared and filled in."""
