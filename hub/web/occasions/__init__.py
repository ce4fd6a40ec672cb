"""Greetings that send themselves."""

from __future__ import annotations

from hub.web.occasions import greetings, occasions, rules

PAGES = (
    rules,
    greetings,
    occasions,
)
