"""Reports by mail: who gets which, subscribing to one, stopping it."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field

from hub.models.vocabulary import ReportFile, Rhythm
from hub.reports import mailing, making, subscriptions
from hub.reports.parts import PARTS
from hub.reports.spans import SpanProblem
from hub.reports.subscriptions import Listed, SubscriptionProblem, Wish
from hub.reports.words import PARTS as TITLES
from hub.reports.words import RHYTHMS
from hub.staff.roles import Action
from hub.web import moments
from hub.web.access import ReportReader, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.reports import reports
from hub.web.reports.reports import Choice
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
HERE = mailing.LISTED_AT


class Wished(BaseModel):
    """The form, with what the report on the page is narrowed to."""

    rhythm: Rhythm
    hour: Annotated[int, Field(ge=0, le=23)]
    file: ReportFile
    team: Choice = ""
    staff: Choice = ""
    channel: Choice = ""
    segment: Choice = ""


@router.get(HERE)
async def listing(visit: ReportReader) -> Response:
    """One's own; who manages people sees everybody's."""
    return await _listed(visit)


@router.post("/reports/{name}/mail")
async def subscribe(visit: ReportReader, name: str, wished: Annotated[Wished, Form()]) -> Response:
    reports.part_of(visit, name)
    try:
        narrowed = reports.narrowed_to(wished.team, wished.staff, wished.channel, wished.segment)
        wish = Wish(name, wished.rhythm, wished.hour, wished.file, narrowed)
        async with visit.hub.database.unit() as session:
            await making.named(session, PARTS[name].only(narrowed))
            row = await subscriptions.add(session, visit.staff, wish, gate=visit.hub.gate, now=visit.now, ip=visit.ip)
    except (SpanProblem, SubscriptionProblem) as e:
        return await _listed(visit, trouble=worded(e), status=422)
    first = Listed(row, visit.staff, None, None).due_at
    return go(
        visit, HERE, _("Subscribed. The first one leaves on %(moment)s.") % {"moment": moments.plain(first, visit.zone)}
    )


@router.post(HERE + "/{number}/stop")
async def stop(visit: ReportReader, number: int) -> Response:
    """One that is gone or somebody else's is not found."""
    others = visit.may(Action.USERS)
    async with visit.hub.database.unit() as session:
        await subscriptions.stop(session, number, by=visit.staff, others=others, now=visit.now, ip=visit.ip)
    return go(visit, HERE, _("Stopped."))


async def _listed(visit: Visit, *, trouble: str = "", status: int = 200) -> Response:
    everybodys = visit.may(Action.USERS)
    async with visit.hub.database.unit() as session:
        found = await subscriptions.listing(session, None if everybodys else visit.staff_id)
        about = {one.row.id: await _about(session, one) for one in found}
        stopped = await subscriptions.unreachable(session, [one.staff.email for one in found])
    return page(
        visit,
        "report_mails.html",
        status=status,
        found=found,
        about=about,
        queries={one.row.id: f"?{urlencode(mailing.choices(one.narrowed))}" for one in found},
        everybodys=everybodys,
        stopped=stopped,
        titles=TITLES,
        rhythms=RHYTHMS,
        trouble=trouble,
    )


async def _about(session: Any, one: Listed) -> str:
    """What it is narrowed to, in words."""
    try:
        return ", ".join(worded(said) for said in await making.named(session, one.narrowed))
    except SpanProblem as e:
        return worded(e)
