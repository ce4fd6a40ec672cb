"""From what a provider tells us to rows: the only place where events become interactions."""
