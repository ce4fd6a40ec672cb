"""/files/…: what customers sent, for signed-in staff, never run and never taken for a page; what we send by link."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request, Response

from hub import clock
from hub.api.access import hub_of, ip_of
from hub.api.problems import Endpoint, Problem
from hub.bootstrap import Hub
from hub.interactions import history
from hub.interactions.history import File
from hub.models import Staff
from hub.outbound.composing import SENT_FILE
from hub.staff import audit, sessions
from hub.staff.roles import Action, may
from hub.storage import Damaged, Missing

router = APIRouter(prefix="/files", route_class=Endpoint, include_in_schema=False)

# Shown in place: the type we then say, and how its bytes begin. Whatever only claims to be one of these is a download.
_SAFE: Mapping[str, tuple[str, tuple[bytes, ...]]] = {
    "image/png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "image/jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "image/gif": ("image/gif", (b"GIF8",)),
    "image/webp": ("image/webp", (b"RIFF",)),
    "audio/wav": ("audio/wav", (b"RIFF",)),
    "audio/x-wav": ("audio/wav", (b"RIFF",)),
    "audio/ogg": ("audio/ogg", (b"OggS",)),
    "audio/mpeg": ("audio/mpeg", (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
}
_ONE_READING = timedelta(minutes=10)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


@router.get("/sent/{token}")
async def sent(request: Request, token: str) -> Response:
    """A file of a message that goes out by link (MMS), for whoever holds the signed address, for a day."""
    hub = hub_of(request)
    file_id = hub.signer.read(SENT_FILE, token, now=clock.now()) if len(token) <= 500 else None
    if file_id is None:
        raise Problem(404, "File", "The address is wrong or too old", remedy="Send the message again")
    async with hub.database.unit() as session:
        file, _ = await _find(session, UUID(file_id))
    headers = {**_HEADERS, "Content-Disposition": f"attachment; {_named(file.name)}"}
    return Response(await _bytes(hub, file), media_type=_stated(file.media_type), headers=headers)


@router.get("/{file_id}")
async def download(request: Request, file_id: UUID, inline: bool = False) -> Response:
    """The file, to be saved; with ?inline=1 pictures and sounds of safe kinds, to be seen and heard, also in parts."""
    hub, span = hub_of(request), request.headers.get("range", "")
    async with hub.database.unit() as session:
        staff = await _reader(session, request)
        file, customer_id = await _find(session, file_id)
        await _note(session, request, staff, file_id, customer_id)
    content = await _bytes(hub, file)
    media_type, disposition = _manner(file, content, inline=inline)
    return _part(content, span, media_type, {**_HEADERS, "Content-Disposition": disposition})


async def _bytes(hub: Hub, file: File) -> bytes:
    try:
        return await hub.storage.get(file.sha256)
    except (Missing, Damaged) as e:
        raise Problem(404, "File", "Its bytes are gone from the storage", remedy="Restore them from a backup") from e


def _part(content: bytes, wanted: str, media_type: str, headers: Mapping[str, str]) -> Response:
    """The whole, or the one range that a player asks for (RFC 9110 14)."""
    known = {**headers, "Accept-Ranges": "bytes"}
    span = _range(wanted, len(content))
    if span is None:
        return Response(content, media_type=media_type, headers=known)
    first, last = span
    known["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Response(content[first : last + 1], 206, known, media_type)


def _range(wanted: str, size: int) -> tuple[int, int] | None:
    asked = re.fullmatch(r"bytes=(\d{1,18})-(\d{0,18})", wanted, re.ASCII)
    if asked is None:
        return None
    first, last = int(asked[1]), min(int(asked[2] or size), size - 1)
    return (first, last) if first <= last else None


async def _reader(session: Any, request: Request) -> Staff:
    found = await sessions.find(session, request.cookies.get(sessions.COOKIE, ""), now=clock.now())
    if found is None:
        raise Problem(401, "File", "Nobody is signed in", remedy="Sign in, then open it again")
    if not may(found.staff.role, Action.READ_INBOX):
        raise Problem(403, "File", "Your role may not read conversations", remedy="Ask an administrator")
    return found.staff


async def _find(session: Any, file_id: UUID) -> tuple[File, UUID]:
    found = await history.file(session, file_id)
    if found is None:
        raise Problem(404, "File", "There is no such file", remedy="Open it from the customer's page")
    return found


async def _note(session: Any, request: Request, staff: Staff, file_id: UUID, customer_id: UUID) -> None:
    detail, now = f"file:{file_id}", clock.now()
    parts = "range" in request.headers  # a player asks for many parts of one reading
    if parts and await audit.lately(session, "file.read", staff_id=staff.id, detail=detail, since=now - _ONE_READING):
        return
    await audit.write(
        session,
        "file.read",
        staff_id=staff.id,
        subject=f"customer:{customer_id}",
        detail=detail,
        ip=ip_of(request),
        now=now,
    )


def _manner(file: File, content: bytes, *, inline: bool) -> tuple[str, str]:
    """Media type and Content-Disposition (RFC 6266)."""
    media_type, beginning = _SAFE.get(file.media_type.partition(";")[0].strip().lower(), ("", ()))
    if inline and media_type and content.startswith(beginning):
        return media_type, f"inline; {_named(file.name)}"
    return "application/octet-stream", f"attachment; {_named(file.name)}"


def _stated(media_type: str) -> str:
    plain = media_type.partition(";")[0].strip().lower()
    return plain if re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", plain) else "application/octet-stream"


def _named(name: str) -> str:
    """Twice: for old programs in ASCII, for others as it is. No path, no control character, no leading dot."""
    last = name.replace("\\", "/").rpartition("/")[2]
    tidy = "".join(c for c in last if c.isprintable()).strip().lstrip(".")[:150] or "file"
    plain = "".join(c if c.isalnum() or c in "._- " else "_" for c in tidy.encode("ascii", "replace").decode())
    return f"filename=\"{plain}\"; filename*=UTF-8''{quote(tidy, safe='')}"
