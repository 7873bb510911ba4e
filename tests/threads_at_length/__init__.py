"""Long threads: what they weigh in Postgres, and how quickly they answer."""
