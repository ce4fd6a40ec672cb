"""Settings, mailboxes: how each one is, trying it, and letting the hub in where the provider wants its owner's word."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Response

from channels.adapter import Authority, Channel
from channels.errors import ChannelError, Misconfigured
from channels.message import Kind
from hub.bootstrap import mailboxes_page
from hub.mailboxes import connecting, listing, questions
from hub.mailboxes.connecting import By
from hub.mailboxes.questions import Asker, Returned
from hub.web.access import Administrator, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.settings import channels
from hub.web.translations import gettext as _

router = APIRouter(route_class=Page)
_PAGE = "/settings/mailboxes"
_Word = Annotated[str, Query(max_length=4096)]  # what comes back from a provider, in the address


@router.get("/settings/mailboxes")
async def mailboxes(visit: Administrator) -> Response:
    return page(visit, "mailboxes.html", **await _data(visit))


@router.get("/settings/mailboxes/callback")
async def callback(
    visit: Administrator, state: _Word = "", code: _Word = "", error: _Word = "", error_description: _Word = ""
) -> Response:
    """The owner comes back (RFC 6749 4.1.2). Whatever is told, the question is used up by it."""
    if state.startswith(questions.FOR_COMMAND_LINE):
        said = _("This answer is for the command line: copy this page's address and paste it there.")
        return await _refused(visit, said)
    back = await _returned(visit, state)
    authority = _asked_at(visit, back)
    if back is None or authority is None:
        said = _("This answer belongs to no question of yours that is still open. Connect again.")
        return await _refused(visit, said)
    if error or not code:
        return await _refused(visit, _denied(authority, error, error_description))
    try:
        await _exchange(visit, back, authority, code)
    except ChannelError as e:
        return await _refused(visit, _told(e))
    return go(visit, f"{_PAGE}#{back.channel}", _("%(name)s is connected. Test it now.") % {"name": back.channel})


@router.post("/settings/mailboxes/{name}/connect")
async def connect(visit: Administrator, name: str) -> Response:
    """A page that leads on by itself: a form may not be answered with another site's address (CSP form-action)."""
    hub, authority = visit.hub, _authority(visit, name)
    async with hub.database.unit() as session:
        asker = Asker(visit.staff_id, visit.csrf)
        state, proof = await questions.ask(session, hub.signer, hub.sealer, name, asker, now=visit.now)
    url = authority.question(redirect_uri=_return_address(visit), state=state, challenge=proof.challenge)
    leaving = page(visit, "mailbox_leaving.html", url=url, provider=authority.name, account=authority.account)
    leaving.headers["Refresh"] = f"0;url={url}"
    return leaving


@router.post("/settings/mailboxes/{name}/disconnect")
async def disconnect(visit: Administrator, name: str) -> Response:
    hub, authority = visit.hub, _authority(visit, name)
    by = By(visit.staff_id, visit.ip)
    gone = await connecting.disconnect(hub.database, hub.sealer, name, authority, by=by, now=visit.now)
    if gone:
        return go(visit, _PAGE, _("%(name)s is disconnected.") % {"name": name})
    said = _("%(name)s is disconnected here. At %(provider)s the permission may still be listed: remove it there.")
    return go(visit, _PAGE, said % {"name": name, "provider": authority.name})


@router.post("/settings/mailboxes/{name}/test")
async def test(visit: Administrator, name: str) -> Response:
    """Try both servers for real; nothing is sent or read."""
    channel = _mailbox(visit, name)
    async with visit.hub.database.unit() as session:
        subject = f"channel:{name}"
        await visit.note(session, "mailbox.test", subject=subject)
    findings = await channels.tried(channel)  # may renew its token, or find the permission gone: the page shows it
    return page(visit, "mailboxes.html", **await _data(visit) | {"tested": name, "findings": findings})


def _mailbox(visit: Visit, name: str) -> Channel:
    channel = visit.hub.channels.get(name)
    if channel is None or channel.kind is not Kind.EMAIL:
        raise HTTPException(404)
    return channel


def _authority(visit: Visit, name: str) -> Authority:
    authority = _mailbox(visit, name).authority
    if authority is None:
        raise HTTPException(404)
    return authority


async def _returned(visit: Visit, state: str) -> Returned | None:
    hub, asker = visit.hub, Asker(visit.staff_id, visit.csrf)
    async with hub.database.unit() as session:
        return await questions.returned(session, hub.signer, hub.sealer, state, asker, now=visit.now)


def _asked_at(visit: Visit, back: Returned | None) -> Authority | None:
    """None as well when the channel is no longer set up so that anybody could be asked."""
    channel = visit.hub.channels.get(back.channel) if back else None
    return channel.authority if channel else None


async def _exchange(visit: Visit, back: Returned, authority: Authority, code: str) -> None:
    hub, by = visit.hub, By(visit.staff_id, visit.ip)
    given = back.channel, authority, code, back.proof
    address = _return_address(visit)
    await connecting.with_code(hub.database, hub.sealer, *given, redirect_uri=address, by=by, now=visit.now)


def _return_address(visit: Visit) -> str:
    return f"{mailboxes_page(visit.hub.settings)}/callback"


def _denied(authority: Authority, error: str, description: str) -> str:
    """The provider's words are shown as text, cut: anybody can write an address."""
    if error == "access_denied":
        return _("%(provider)s says that the permission was refused. Nothing was changed.") % {
            "provider": authority.name
        }
    said = " ".join(f"{error} {description}".split())[:300]
    return _("%(provider)s did not give the permission: %(said)s") % {"provider": authority.name, "said": said}


def _told(error: ChannelError) -> str:
    if isinstance(error, Misconfigured) and error.remedy:
        return f"{error.problem}. {error.remedy}"
    return str(error)


async def _refused(visit: Visit, trouble: str) -> Response:
    return page(visit, "mailboxes.html", status=422, **await _data(visit) | {"trouble": trouble})


async def _data(visit: Visit) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        boxes = await listing.listing(session, visit.hub.channels)
    return {"boxes": boxes, "back": _return_address(visit), "tested": "", "findings": (), "trouble": ""}
