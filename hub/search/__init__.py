"""Finding customers, conversations and messages by words and operators."""
