"""Mail that was not understood: look at it as it came, read it again, one or all of them."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Response

from hub.inbound import parked
from hub.storage import Damaged, Missing
from hub.web.access import Administrator
from hub.web.pages import go
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import ngettext

router = APIRouter(route_class=Page)

_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store",
}


@router.post("/settings/parked")
async def run_all_again(visit: Administrator) -> Response:
    async with visit.hub.database.unit() as session:
        count = await parked.all_again(session, now=visit.now)
        await visit.note(session, "raw.again", subject="raw:*")
    words = ngettext("%(num)s mail is read again now.", "%(num)s mails are read again now.", count)
    return go(visit, "/settings#parked", words % {"num": count})


@router.post("/settings/parked/{raw_id}")
async def run_again(visit: Administrator, raw_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        if not await parked.again(session, raw_id, now=visit.now):
            raise HTTPException(404)
        subject = f"raw:{raw_id}"
        await visit.note(session, "raw.again", subject=subject)
    return go(visit, "/settings#parked", _("It is read again now."))


@router.get("/settings/parked/{raw_id}.eml")
async def as_it_came(visit: Administrator, raw_id: int) -> Response:
    """The bytes, to be saved: a mail program or a mail expert may make sense of them."""
    async with visit.hub.database.unit() as session:
        sha256 = await parked.sha256(session, raw_id)
        subject = f"raw:{raw_id}"
        await visit.note(session, "raw.read", subject=subject)
    try:
        content = await visit.hub.storage.get(sha256)
    except (Missing, Damaged) as e:
        raise HTTPException(404) from e
    headers = {**_HEADERS, "Content-Disposition": f'attachment; filename="mail-{raw_id}.eml"'}
    return Response(content, media_type="application/octet-stream", headers=headers)
