"""The conversation: keep within budget, call the model, run tools, loop."""
