"""Calls: scripts out, call events in."""
