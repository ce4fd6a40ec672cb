"""The far side of every wire, spoken for real on loopback, and the pretend people behind it."""
