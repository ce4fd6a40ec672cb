"""Events: planning one, changing it, calling it off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Response

from hub.gatherings import plans, seats
from hub.gatherings.plans import BadGathering, Listed, Plan
from hub.models import Gathering
from hub.models.vocabulary import Purpose
from hub.sentences import Sentence
from hub.web import moments
from hub.web.access import Campaigner, CustomerReader, Visit
from hub.web.calendar.guests import known, note
from hub.web.mending import WrongInput
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.translations import ngettext, worded
from hub.web.waits import NO_MOMENT

router = APIRouter(route_class=Page)
LEADS: dict[int, str] = {
    0: N_("not"),
    120: N_("2 hours"),
    1440: N_("24 hours"),
    2880: N_("48 hours"),
    10080: N_("7 days"),
}
_EMPTY = {"remind": "1440", "purpose": Purpose.MARKETING.value}
_NO_MOMENT = Sentence("Choose the day and the hour of the event.")
_Text = Annotated[str, Form(max_length=20_000)]


def _form_of(
    title: _Text = "",
    starts_at: _Text = "",
    ends_at: _Text = "",
    place: _Text = "",
    host: _Text = "",
    about: _Text = "",
    capacity: _Text = "",
    purpose: _Text = "",
    remind: _Text = "",
) -> dict[str, str]:
    """As it was typed."""
    return {
        "title": title,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "place": place,
        "host": host,
        "about": about,
        "capacity": capacity,
        "purpose": purpose,
        "remind": remind,
    }


Typed = Annotated[dict[str, str], Depends(_form_of)]


@router.get("/events")
async def listing(visit: CustomerReader, past: str = "") -> Response:
    async with visit.hub.database.unit() as session:
        found = await plans.listing(session, now=visit.now, past=bool(past))
    return page(visit, "events.html", events=found, past=bool(past))


@router.get("/events/new")
async def blank(visit: Campaigner) -> Response:
    return page(visit, "event_form.html", **_form(None, _EMPTY))


@router.post("/events")
async def create(visit: Campaigner, typed: Typed) -> Response:
    try:
        plan = _plan(visit, typed, visit.hub.settings.hub.timezone)
        async with visit.hub.database.unit() as session:
            made = await plans.create(session, plan, staff_id=visit.staff_id, now=visit.now)
            await note(session, visit, "create", made.id)
    except BadGathering as e:
        return page(visit, "event_form.html", status=422, **_form(None, typed, worded(e)))
    return go(visit, f"/events/{made.id}", _("Saved. Now choose whom to invite."))


@router.get("/events/{event_id}/edit")
async def edit(visit: Campaigner, event_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        found = await known(session, event_id)
    return page(visit, "event_form.html", **_form(found, _typed(visit, found)))


@router.post("/events/{event_id}")
async def change(visit: Campaigner, event_id: int, typed: Typed) -> Response:
    """More seats let the waiting list move up."""
    async with visit.hub.database.unit() as session:
        found = await known(session, event_id)
    try:
        plan = _plan(visit, typed, found.timezone)
        if plan.starts_at == found.starts_at.replace(second=0, microsecond=0):  # a form knows no seconds
            plan = replace(plan, starts_at=found.starts_at)
        async with visit.hub.database.unit() as session:
            changed = await plans.change(session, event_id, plan, now=visit.now)
            await seats.fill(session, changed, gate=visit.hub.gate, now=visit.now)
            await note(session, visit, "change", event_id)
    except BadGathering as e:
        return page(visit, "event_form.html", status=422, **_form(found, typed, worded(e)))
    return go(visit, f"/events/{event_id}", _("Saved. Nobody is told by itself."))


@router.get("/events/{event_id}/cancel")
async def calling_off(visit: Campaigner, event_id: int) -> Response:
    """How many will be told, before anybody is."""
    async with visit.hub.database.unit() as session:
        found = await plans.listed(session, await known(session, event_id))
        told = await plans.expecting(session, event_id)
    if found.gathering.cancelled_at is not None or found.gathering.starts_at <= visit.now:
        return go(visit, f"/events/{event_id}")
    return page(visit, "event_cancel.html", event=found.gathering, listed=found, told=told)


@router.post("/events/{event_id}/cancel")
async def cancel(visit: Campaigner, event_id: int, back: Annotated[str, Form()] = "") -> Response:
    """`back`: it takes place after all."""
    async with visit.hub.database.unit() as session:
        await known(session, event_id)
        changed = await (plans.restore(session, event_id) if back else plans.cancel(session, event_id, now=visit.now))
        listed, told = await plans.listed(session, changed), await plans.expecting(session, event_id)
        await note(session, visit, "restore" if back else "cancel", event_id)
    return go(visit, f"/events/{event_id}", _restored(listed) if back else _called_off(told))


def _called_off(number: int) -> str:
    told = ngettext("%(num)s person is being told.", "%(num)s people are being told.", number)
    return " ".join((_("Called off."), told % {"num": number} if number else ""))


def _restored(event: Listed) -> str:
    known = ngettext(
        "It takes place again. %(num)s person was told that it does not: write to them.",
        "It takes place again. %(num)s people were told that it does not: write to them.",
        event.told_off,
    )
    return known % {"num": event.told_off} if event.told_off else _("It takes place again.")


def _moment(visit: Visit, typed: str) -> datetime:
    """Raises BadGathering."""
    try:
        return moments.read_local(typed, visit.zone)
    except ValueError as e:
        none = moments.amiss(e, Sentence(NO_MOMENT.words, {"typed": typed[:60]}))
        raise BadGathering(none if typed.strip() else _NO_MOMENT) from e


def _plan(visit: Visit, typed: Mapping[str, str], zone: str) -> Plan:
    """By the clock of whoever types. Raises BadGathering."""
    starts = _moment(visit, typed["starts_at"])
    ends = _moment(visit, typed["ends_at"]) if typed["ends_at"] else None
    number = typed["capacity"].strip()
    if number and not (number.isascii() and number.isdecimal() and len(number) < 10):
        number = "0"  # refused below, with the words for it
    if not (typed["remind"].isascii() and typed["remind"].isdecimal() and len(typed["remind"]) < 7):
        raise WrongInput("remind", typed["remind"])
    if typed["purpose"] not in [one.value for one in plans.PURPOSES]:
        raise WrongInput("purpose", typed["purpose"])
    return Plan(
        title=typed["title"],
        starts_at=starts,
        timezone=zone,
        place=typed["place"],
        ends_at=ends,
        host=typed["host"],
        about=typed["about"].replace("\r\n", "\n").replace("\0", ""),
        capacity=int(number) if number else None,
        purpose=Purpose(typed["purpose"]),
        remind_minutes=int(typed["remind"]),
    )


def _typed(visit: Visit, found: Gathering) -> dict[str, str]:
    def local(at: Any) -> str:
        return f"{at.astimezone(visit.zone):%Y-%m-%dT%H:%M}" if at else ""

    texts = {name: getattr(found, name) for name in ("title", "place", "host", "about")}
    numbers = {"capacity": str(found.capacity or ""), "remind": str(found.remind_minutes)}
    return (
        texts
        | numbers
        | {"purpose": found.purpose.value, "starts_at": local(found.starts_at), "ends_at": local(found.ends_at)}
    )


def _form(found: Gathering | None, typed: Mapping[str, str], trouble: str = "") -> dict[str, Any]:
    leads = LEADS
    if found is not None and found.remind_minutes not in LEADS:  # a program said it
        leads = LEADS | {found.remind_minutes: str(timedelta(minutes=found.remind_minutes))}
    return {"event": found, "typed": typed, "trouble": trouble, "leads": leads, "purposes": plans.PURPOSES}
