"""Files in, texts of their pages out; what reads a stranger's file does so in a process of its own."""
