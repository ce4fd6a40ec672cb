"""Who we talk to: their addresses, what they allow and what they prefer."""
