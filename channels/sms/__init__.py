"""Short messages: counting and cutting them, and the providers that carry them."""
