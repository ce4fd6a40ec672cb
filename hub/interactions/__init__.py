"""The interaction log: every word in and out, kept, moved forward, shown and found again."""
