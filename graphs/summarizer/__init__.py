"""Messages in, a summary or a title out."""
