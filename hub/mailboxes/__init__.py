"""Mailboxes whose owners let us in (OAuth 2.0): what they allowed, asking them, and tokens from it."""
