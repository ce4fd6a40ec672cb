"""Greetings that send themselves."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from hub.models import Occasion
from hub.models.vocabulary import Kind, OccasionKind
from hub.occasions import forecast, rules
from hub.occasions.forecast import Coming
from hub.occasions.rules import OccasionProblem, Wish
from hub.outbound import rendering, templates
from hub.outbound.rendering import TemplateProblem
from hub.web.access import Greeter, Visit
from hub.web.mending import WrongInput
from hub.web.occasions.months import months
from hub.web.occasions.rules import hour_of
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
DAYS = 30
_SHOWN = 200  # greetings


@router.get("/occasions")
async def occasions(visit: Greeter) -> Response:
    """Who is greeted in the next thirty days, and by which rules."""
    return page(visit, "occasions.html", **await _data(visit))


@router.post("/occasions/birthday")
async def change_rule(
    visit: Greeter,
    at_hour: Annotated[str, Form()],
    late_days: Annotated[int, Form(ge=0, le=rules.MOST_LATE)] = 2,
    leap_day: Annotated[str, Form()] = "february",
    enabled: Annotated[str, Form()] = "",
    template: Annotated[str, Form()] = "",
) -> Response:
    """`template`: the words; without one they stay."""
    hour = hour_of(at_hour)
    if leap_day not in ("february", "march"):
        raise WrongInput("leap_day", leap_day)
    wish = Wish(
        OccasionKind.BIRTHDAY,
        "",
        template,
        enabled=enabled == "1",
        at_hour=hour,
        late_days=late_days,
        leap_day=leap_day,
    )
    try:
        async with visit.hub.database.unit() as session:
            words = template or (await rules.birthday(session)).template
            await rules.save(session, replace(wish, template=words), now=visit.now)
            await visit.note(session, "occasion.change", subject="occasion:birthday")
    except (OccasionProblem, templates.NoSuchTemplate) as e:
        data = await _data(visit) | {"typed": wish, "trouble": worded(e)}
        return page(visit, "occasions.html", status=422, **data)
    return go(visit, "/occasions", _("Saved."))


async def _data(visit: Visit) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        rule = await rules.birthday(session)
        coming = await _coming(session, visit)
        others = await rules.listing(session)
        samples = await _samples(session, visit, rule)
        offered = await templates.offered(session, chosen=[rule.template])
    today = visit.now.astimezone(visit.zone).date()
    return {
        "rule": rule,
        "typed": rule,
        "trouble": "",
        "templates": offered,
        "others": [one for one in others if one.kind is not OccasionKind.BIRTHDAY],
        "fresh": [kind for kind in OccasionKind if kind not in (OccasionKind.BIRTHDAY, OccasionKind.FEAST)],
        "days": _by_day(coming),
        "months": months(today, DAYS, Counter(one.date for one in coming)),
        "today": today,
        "samples": samples,
    }


async def _coming(session: Any, visit: Visit) -> list[Coming]:
    """The next ones, as many as a page shows."""
    found: list[Coming] = []
    async for one in forecast.lines(session, DAYS, gate=visit.hub.gate, now=visit.now):
        if len(found) == _SHOWN:
            break
        found.append(one)
    return found


def _by_day(coming: list[Coming]) -> list[tuple[date, list[Coming]]]:
    return [(day, [one for one in coming if one.date == day]) for day in sorted({one.date for one in coming})]


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
        "preferences_url": f"{visit.hub.gate.public_url}/p/…",
        "unsubscribe_url": f"{visit.hub.gate.public_url}/u/…",
    }
