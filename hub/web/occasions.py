"""Greetings that send themselves and appointments with their reminders."""

from __future__ import annotations

import calendar
from collections import Counter
from datetime import date, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Response

from hub.conversations import appointments
from hub.conversations.appointments import BadAppointment
from hub.customers import directory
from hub.models import Occasion
from hub.models.vocabulary import Kind
from hub.occasions import birthdays
from hub.outbound import rendering, templates
from hub.outbound.rendering import TemplateProblem
from hub.staff import audit
from hub.staff.roles import Action
from hub.web import moments
from hub.web.access import Anyone, Booker, Greeter, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
DAYS = 30
_BEFORE = {"2h": timedelta(hours=2), "24h": timedelta(hours=24), "48h": timedelta(hours=48), "7d": timedelta(days=7)}


@router.get("/occasions")
async def occasions(visit: Anyone, customer: UUID | None = None) -> Response:
    """Birthdays of the next thirty days and the appointments ahead. `customer`: who the booking form is for."""
    if not visit.may(Action.OCCASIONS):
        visit.demand(Action.APPOINTMENTS)
    return page(visit, "occasions.html", **await _data(visit, customer))


@router.post("/occasions/birthday")
async def change_rule(
    visit: Greeter,
    at_hour: Annotated[str, Form()],
    late_days: Annotated[int, Form(ge=0, le=14)] = 2,
    leap_day: Annotated[str, Form()] = "february",
    enabled: Annotated[str, Form()] = "",
) -> Response:
    try:
        hour = time.fromisoformat(at_hour)
    except ValueError as e:
        raise HTTPException(422) from e
    if leap_day not in ("february", "march"):
        raise HTTPException(422)
    async with visit.hub.database.unit() as session:
        rule = await birthdays.rule(session)
        await birthdays.change_rule(
            session,
            enabled=enabled == "1",
            template=rule.template,
            at_hour=hour,
            late_days=late_days,
            leap_day=leap_day,
        )
        await audit.write(
            session, "occasion.change", staff_id=visit.staff_id, subject="occasion:birthday", now=visit.now
        )
    return go(visit, "/occasions", _("Saved."))


@router.post("/occasions/appointments")
async def book(
    visit: Booker,
    customer_id: Annotated[UUID, Form()],
    title: Annotated[str, Form()] = "",
    place: Annotated[str, Form()] = "",
    starts_at: Annotated[str, Form()] = "",
    remind: Annotated[list[str], Form()] = [],  # noqa: B006
) -> Response:
    """The moment is by the clock of whoever books it."""
    try:
        moment = moments.read_local(starts_at, visit.zone)
    except ValueError:
        return await _again(visit, customer_id, _("Choose the day and the hour of the appointment."))
    try:
        async with visit.hub.database.unit() as session:
            customer = await directory.get(session, customer_id)
            await appointments.book(
                session,
                customer_id,
                title,
                moment,
                customer.timezone or visit.hub.settings.hub.timezone,
                place=place,
                owner_id=visit.staff_id,
                remind_before=[_BEFORE[word] for word in remind if word in _BEFORE],
                now=visit.now,
            )
    except BadAppointment as e:
        return await _again(visit, customer_id, worded(e))
    return go(visit, "/occasions", _("Booked."))


async def _again(visit: Visit, customer_id: UUID, trouble: str) -> Response:
    data = await _data(visit, customer_id)
    return page(visit, "occasions.html", status=422, **data | {"trouble": trouble})


async def _data(visit: Visit, customer: UUID | None) -> dict[str, Any]:
    greets = visit.may(Action.OCCASIONS)
    async with visit.hub.database.unit() as session:
        rule = await birthdays.rule(session)
        coming = await birthdays.coming(session, DAYS, gate=visit.hub.gate, now=visit.now) if greets else []
        booked = (
            await appointments.upcoming(session, now=visit.now, limit=100) if visit.may(Action.APPOINTMENTS) else []
        )
        person = await directory.get(session, customer) if customer else None
        samples = await _samples(session, visit, rule) if greets else []
    today = visit.now.astimezone(visit.zone).date()
    return {
        "rule": rule,
        "greets": greets,
        "days": _by_day(coming),
        "months": _months(today, Counter(one.date for one in coming)),
        "today": today,
        "samples": samples,
        "booked": booked,
        "person": person,
        "customers": [],
        "trouble": "",
    }


def _by_day(coming: list[birthdays.Coming]) -> list[tuple[date, list[birthdays.Coming]]]:
    return [(day, [one for one in coming if one.date == day]) for day in sorted({one.date for one in coming})]


def _months(today: date, counts: Counter[date]) -> list[tuple[date, list[list[tuple[date, int] | None]]]]:
    """This month and the next one that has a day within the span: weeks of days with how many greetings each has."""
    last = today + timedelta(days=DAYS - 1)
    firsts = sorted({today.replace(day=1), last.replace(day=1)})
    return [(first, _weeks(first, counts)) for first in firsts]


def _weeks(first: date, counts: Counter[date]) -> list[list[tuple[date, int] | None]]:
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    return [[(day, counts[day]) if day.month == first.month else None for day in week] for week in weeks]


async def _samples(session: Any, visit: Visit, rule: Occasion) -> list[tuple[str, str, str, str]]:
    """(language, channel, subject, text) of the greeting for somebody called Ana, who is forty today."""
    try:
        version = await templates.current(session, rule.template, now=visit.now)
    except templates.NoSuchTemplate:
        return []
    sample = _somebody(visit)
    found = [
        (code, kind.value, *_said(version.variants, kind, code, sample))
        for code in version.variants
        for kind in rendering.kinds(version.variants, code, code)
    ]
    return sorted(found, key=lambda one: (one[0] != visit.staff.language, one[0], list(Kind).index(Kind(one[1]))))


def _said(variants: Any, kind: Kind, code: str, sample: dict[str, object]) -> tuple[str, str]:
    try:
        rendered = rendering.render(variants, kind, code, code, sample, name="birthday")
    except TemplateProblem as e:
        return "", worded(e)
    return rendered.subject, rendered.text


def _somebody(visit: Visit) -> dict[str, object]:
    person = {"name": "Ana Nowak", "given_name": "Ana", "language": "en", "attributes": {}}
    return {
        "customer": person,
        "given_name": "Ana",
        "age": 40,
        "company": visit.hub.gate.company,
        "unsubscribe_url": f"{visit.hub.gate.public_url}/u/…",
    }
