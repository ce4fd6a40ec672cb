"""Calls, and people who are called one after another."""

from __future__ import annotations

from hub.web.telephone import call_lists, calling_lists, calls

PAGES = (
    calls,
    call_lists,
    calling_lists,
)
