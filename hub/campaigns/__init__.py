"""Writing to many: whom (segments), what would happen (review), when (lifecycle) and doing it (feeding)."""
