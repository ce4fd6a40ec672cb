"""Whom a message or a report is about: conditions, joined to a tree, that become one question over customers."""
