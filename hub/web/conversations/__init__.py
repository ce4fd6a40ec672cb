"""The inbox and all that is done in it."""

from __future__ import annotations

from hub.web.conversations import (
    arranging,
    canned,
    inbox,
    labels,
    macros,
    recalling,
    satisfaction,
    uncertain,
    views,
    writing,
)

PAGES = (
    inbox,
    views,
    arranging,
    writing,
    recalling,
    canned,
    labels,
    macros,
    satisfaction,
    uncertain,
)
