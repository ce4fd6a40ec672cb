"""The PostgreSQL underneath: the bundled server, and units of work on any server."""
