"""Customers' files and their mail's HTML: served apart, never run, only to whoever may read the inbox."""

from __future__ import annotations

from html import escape
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from hub.interactions import history
from hub.web import frames, markup
from hub.web.access import InboxReader
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

router = APIRouter(route_class=Page)

_TANGLED = (
    N_("This mail cannot be shown as it was designed"),
    N_("Its design is too large or too tangled. Its words are in the conversation."),
)


@router.get("/messages/{interaction_id}/html")
async def html(visit: InboxReader, interaction_id: UUID) -> Response:
    """A mail as it was designed, for a frame without scripts and without our origin."""
    async with visit.hub.database.unit() as session:
        raw = await history.html(session, interaction_id)
    page = await frames.document(raw)
    if page is None:
        page = markup.document(f"<p><strong>{escape(_(_TANGLED[0]))}</strong><br>{escape(_(_TANGLED[1]))}</p>")
    headers = {"Content-Security-Policy": markup.POLICY, "Cache-Control": "private, max-age=600"}
    return HTMLResponse(page, headers=headers)


@router.get("/messages/{interaction_id}/text")
async def text(visit: InboxReader, interaction_id: UUID) -> Response:
    """The whole words of a message that is too long for the thread."""
    async with visit.hub.database.unit() as session:
        words = await history.whole_text(session, interaction_id)
    return PlainTextResponse(words, headers={"Cache-Control": "private, no-store"})
