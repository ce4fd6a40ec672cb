"""Read only: is everything in a lawful state, and how much of it is there."""
