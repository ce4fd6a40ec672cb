"""Customers' files and their mail's HTML: served apart, never run, only to whoever may read the inbox."""

from __future__ import annotations

import secrets
from html import escape
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from hub import clock
from hub.interactions import history
from hub.web.access import InboxReader
from hub.web.gallery import Hung, gallery
from hub.web.messages import cards, frames, markup
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.translations import ngettext

router = APIRouter(route_class=Page)

_TANGLED = (
    N_("This mail cannot be shown as it was designed"),
    N_("Its design is too large or too tangled. Its words are in the conversation."),
)


@router.get("/messages/{interaction_id}/html")
async def html(visit: InboxReader, interaction_id: UUID, pictures: bool = False) -> Response:
    """A mail as it was designed, for a frame without scripts and without our origin.

    Pictures that lie elsewhere are shown with ?pictures=1 only.
    """
    async with visit.hub.database.unit() as session:
        raw = await history.html(session, interaction_id)
        entry = await history.entry(session, interaction_id)
        await cards.read(session, visit, entry.customer_id, anew=False)
    mark = f"/{secrets.token_hex(12)}/"
    page = await frames.document(raw, mark)
    if page is None:
        page = markup.document(f"<p><strong>{escape(_(_TANGLED[0]))}</strong><br>{escape(_(_TANGLED[1]))}</p>")
    hung = gallery(visit.hub.signer, entry.attachments, remote=pictures, now=clock.now()).hang(page, mark)
    headers = {"Content-Security-Policy": markup.POLICY, "Cache-Control": "private, max-age=600"}
    return HTMLResponse(_announced(hung), headers=headers)


def _announced(hung: Hung) -> str:
    if not hung.left_out:
        return hung.page
    words = ngettext(
        "%(num)s picture from elsewhere is not shown: its sender would learn that you read this.",
        "%(num)s pictures from elsewhere are not shown: their sender would learn that you read this.",
        hung.left_out,
    )
    return markup.with_note(hung.page, words % {"num": hung.left_out})


@router.get("/messages/{interaction_id}/text")
async def text(visit: InboxReader, interaction_id: UUID) -> Response:
    """The whole words of a message that is too long for the thread."""
    async with visit.hub.database.unit() as session:
        words = await history.whole_text(session, interaction_id)
        whose = (await history.entry(session, interaction_id)).customer_id
        await cards.read(session, visit, whose, anew=False)
    return PlainTextResponse(words, headers={"Cache-Control": "private, no-store"})
