"""Writing to many: whom (segments), what would happen (dry_runs), when (lifecycle) and doing it (feeding)."""
