"""Wire and words: everything that speaks to a provider, and nothing that knows a customer."""
