"""What agents do with the log: threads, replies, assignment, notes, tasks, appointments."""
