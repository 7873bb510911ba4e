"""Users' documents: what is known of each file and of the vectors made from it."""
