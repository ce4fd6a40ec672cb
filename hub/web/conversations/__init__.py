"""The inbox and all that is done in it."""

from __future__ import annotations

from hub.web.conversations import (
    arranging,
    canned,
    coming,
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
    coming,
    recalling,
    canned,
    labels,
    macros,
    satisfaction,
    uncertain,
)
