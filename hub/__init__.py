"""Everything that knows a customer."""
