"""Customers' files and their mail's HTML: served apart, never run, only to whoever may read the inbox."""

from __future__ import annotations

from html import escape
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from hub.interactions import history
from hub.storage import Damaged, Missing
from hub.web import frames, markup
from hub.web.access import InboxReader
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

router = APIRouter(route_class=Page)
_SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_PLAYED = frozenset({"audio/mpeg", "audio/wav", "audio/x-wav", "audio/ogg", "audio/mp4", "audio/webm"})

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


@router.get("/attachments/{attachment_id}")
async def attachment(visit: InboxReader, attachment_id: UUID) -> Response:
    """Pictures and sounds of known kinds as they are; everything else only to be saved."""
    async with visit.hub.database.unit() as session:
        found = await history.file(session, attachment_id)
    if found is None:
        raise HTTPException(404)
    file, _owner = found
    try:
        content = await visit.hub.storage.get(file.sha256)
    except (Missing, Damaged) as e:
        raise HTTPException(404) from e
    return _part(content, visit.request.headers.get("range", ""), *_manner(file.media_type, file.name))


def _manner(media_type: str, name: str) -> tuple[str, str]:
    """(media type, Content-Disposition) under which a file is handed out."""
    plain = media_type.partition(";")[0].strip().lower()
    how = "inline" if plain in _SHOWN | _PLAYED else "attachment"
    visible = "".join(c for c in name if c.isprintable())  # no letters that turn the others round, or hide
    named = f"{how}; filename*=UTF-8''{quote(visible or 'file', safe='')}"
    return (plain if how == "inline" else "application/octet-stream"), named


def _part(content: bytes, wanted: str, media_type: str, disposition: str) -> Response:
    """The whole, or the one range that a player asks for (RFC 9110 14)."""
    headers = {
        "Content-Disposition": disposition,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=600",
    }
    span = _range(wanted, len(content))
    if span is None:
        return Response(content, media_type=media_type, headers=headers)
    first, last = span
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Response(content[first : last + 1], 206, headers, media_type)


def _range(wanted: str, size: int) -> tuple[int, int] | None:
    unit, _, span = wanted.partition("=")
    first, dash, last = span.partition("-")
    if unit.strip() != "bytes" or not dash or not first.isdecimal() or (last and not last.isdecimal()):
        return None
    start, end = int(first), min(int(last), size - 1) if last else size - 1
    return (start, end) if start <= end < size else None
