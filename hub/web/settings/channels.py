"""One channel: whether it works, a test message to oneself, and the addresses its provider has to be told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, HTTPException, Response

from channels.adapter import Channel, Finding
from channels.address import pretty_phone
from channels.message import Kind
from hub.outbound import trial
from hub.outbound.rendering import Rendered
from hub.outbound.trial import NotForTests
from hub.reports import senders
from hub.web.access import Administrator, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(prefix="/settings/channels", route_class=Page)
_SECONDS = 30  # to try a channel out


@router.get("/{name}")
async def channel(visit: Administrator, name: str) -> Response:
    return page(visit, "channel.html", **await _data(visit, _named(visit, name)))


@router.post("/{name}/check")
async def check(visit: Administrator, name: str) -> Response:
    """Connect, sign in, look at the account; nothing is sent or read."""
    found = _named(visit, name)
    await _note(visit, "channel.check", name)
    findings = await tried(found)
    return page(visit, "channel.html", **await _data(visit, found) | {"findings": findings})


@router.post("/{name}/test")
async def test(visit: Administrator, name: str) -> Response:
    """Sent like every other message, in front of them, to the address or telephone of whoever asks."""
    hub, found = visit.hub, _named(visit, name)
    try:
        async with hub.database.unit() as session:
            await trial.to_oneself(
                session,
                _words(visit, found),
                found,
                visit.staff,
                gate=hub.gate,
                country=hub.settings.hub.country,
                most=hub.settings.campaigns.tests_a_day,
                now=visit.now,
            )
    except NotForTests as e:
        return page(visit, "channel.html", status=422, **await _data(visit, found) | {"trouble": worded(e)})
    await _note(visit, "channel.test", name)
    to = trial.own_address(visit.staff, found.kind)
    said = _("The test is on its way to %(to)s.") % {"to": to if found.kind is Kind.EMAIL else pretty_phone(to)}
    return go(visit, f"/settings/channels/{name}#tests", said)


async def tried(channel: Channel) -> Sequence[Finding]:
    """What `hub check` finds, or that nobody answered."""
    try:
        return await asyncio.wait_for(channel.check(), _SECONDS)
    except TimeoutError:
        step, detail = _("connecting"), _("no answer within %(seconds)s seconds") % {"seconds": _SECONDS}
        return [Finding(step, ok=False, detail=detail, remedy=_("See whether the server can be reached from here."))]


def _named(visit: Visit, name: str) -> Channel:
    found = visit.hub.channels.get(name)
    if found is None:
        raise HTTPException(404)
    return found


def _words(visit: Visit, channel: Channel) -> Rendered:
    company = visit.hub.settings.hub.name
    subject = _("%(company)s can write by “%(channel)s”") % {"company": company, "channel": channel.name}
    text = _("This is a test of %(company)s. Whoever gets it asked for it: nothing has to be done.") % {
        "company": company
    }
    return Rendered(subject if channel.kind is Kind.EMAIL else "", text, "", visit.staff.language)


async def _note(visit: Visit, action: str, name: str) -> None:
    async with visit.hub.database.unit() as session:
        await visit.note(session, action, subject=f"channel:{name}")


async def _data(visit: Visit, channel: Channel) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        lines = await senders.listing(session, {channel.name: channel}, now=visit.now)
        tests = await trial.latest(session, channel, visit.staff)
    own = trial.own_address(visit.staff, channel.kind)
    public = visit.hub.settings.hub.public_url.startswith("https://")
    data = {"channel": channel, "line": next(iter(lines), None), "tests": tests, "own": own, "is_public": public}
    return data | {"findings": (), "trouble": ""}
