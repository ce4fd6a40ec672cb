"""Other programs are told of what happens: Standard Webhooks (standardwebhooks.com), out of an outbox of its own."""
