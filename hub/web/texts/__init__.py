"""Templates and what is said of words while they are typed."""

from __future__ import annotations

from hub.web.texts import editor, measuring, shelf

PAGES = (
    editor,
    shelf,
    measuring,
)
