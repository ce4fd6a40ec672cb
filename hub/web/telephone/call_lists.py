"""Call lists as those see them who make them: how far they are, who stands behind each number; pause, close."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, fields
from datetime import time
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Response

from hub.call_lists import arranging, results
from hub.call_lists.arranging import CallListProblem, Plan
from hub.call_lists.audience import Whom
from hub.call_lists.results import PAGE, PARTS, Person
from hub.conversations import call_outcomes
from hub.customers.exporting import csv_text
from hub.models.vocabulary import Purpose
from hub.outbound import templates
from hub.segments import saved
from hub.segments.conditions import BadCondition
from hub.sentences import Sentence
from hub.staff import teams
from hub.staff.roles import Action
from hub.web import moments, words
from hub.web.access import Anyone, Campaigner, Exporter, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.sheets import sheet
from hub.web.translations import gettext as _
from hub.web.translations import language, worded
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

router = APIRouter(route_class=Page)
_HOUR = Sentence("“%(typed)s” is no hour. Write it as 09:00.")
_NUMBER = Sentence("“%(typed)s” is not a whole number. Write it with digits only.")


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it was typed: it comes back whole when something is wrong with it."""

    name: str = ""
    whom: str = ""  # "segment:3" or "campaign:7"
    by_telephone: str = ""
    purpose: str = Purpose.MARKETING
    template: str = ""
    team: str = ""
    hours_from: str = ""
    hours_until: str = ""
    again_hours: str = "24"
    attempts: str = "3"
    held_minutes: str = "30"


@router.get("/call-lists")
async def listing(visit: Anyone) -> Response:
    """Those that one works on; of everybody for those who read campaigns."""
    async with visit.hub.database.unit() as session:
        own = None if sees_all(visit) else [team.id for team in await teams.of(session, visit.staff_id)]
        lines = await results.listing(session, team_ids=own)
        called = {team.id: team.name for team in await teams.listing(session)}
    return page(visit, "call_lists.html", lines=lines, teams=called)


@router.get("/call-lists/new")
async def blank(visit: Campaigner, segment: int | None = None, campaign: int | None = None) -> Response:
    """`campaign`: those of its audience whose channel is the telephone."""
    if campaign is not None:
        return await _form(visit, Typed(whom=f"campaign:{campaign}", by_telephone="1"))
    return await _form(visit, Typed(whom=f"segment:{segment}" if segment else ""))


@router.post("/call-lists/new")
async def create(visit: Campaigner) -> Response:
    form = await visit.request.form()
    known = {one.name: str(form.get(one.name, "")) for one in fields(Typed)}
    typed = Typed(**known)
    try:
        async with visit.hub.database.unit() as session:
            made = await arranging.create(
                session, _plan(typed), _whom(typed), gate=visit.hub.gate, staff_id=visit.staff_id, now=visit.now
            )
    except (CallListProblem, BadCondition) as e:
        return await _form(visit, typed, worded(e))
    return go(visit, f"/call-lists/{made.id}", _("Saved. Agents can begin."))


@router.get("/call-lists/{list_id}")
async def one(
    visit: Anyone, list_id: int, shown: str = "", after: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0
) -> Response:
    """`shown`: the people behind one of the numbers."""
    part = _part(shown) if shown else ""
    async with visit.hub.database.unit() as session:
        found = await arranging.of_agent(session, list_id, visit.staff_id, others=sees_all(visit))
        figures = await results.figures(session, list_id)
        listed = await results.people(session, list_id, part, after=after, limit=PAGE + 1) if part else []
        team = next((one.name for one in await teams.listing(session) if one.id == found.team_id), "")
        titles = await call_outcomes.all_titles(session)
    more = listed[PAGE - 1].id if len(listed) > PAGE else 0
    data: dict[str, Any] = {"found": found, "figures": figures, "team": team, "shown": part, "titles": titles}
    return page(visit, "call_list.html", **data, people=listed[:PAGE], more=more, after=after)


@router.post("/call-lists/{list_id}/state")
async def move(visit: Campaigner, list_id: int, to: Annotated[str, Form()] = "") -> Response:
    act = _ACTS.get(to)
    if act is None:
        raise HTTPException(404)
    try:
        async with visit.hub.database.unit() as session:
            await act(session, list_id, staff_id=visit.staff_id, now=visit.now)
    except CallListProblem as e:
        return go(visit, f"/call-lists/{list_id}", worded(e))
    return go(visit, f"/call-lists/{list_id}", _("Saved."))


@router.get("/call-lists/{list_id}/people.csv")
async def as_csv(visit: Exporter, list_id: int, shown: str = "everybody") -> Response:
    """Those behind a number, safe to open in a spreadsheet: for those who may export customers."""
    part = _part(shown)
    async with visit.hub.database.unit() as session:
        await arranging.get(session, list_id)
        await visit.note(session, "call-list.csv", subject=f"call-list:{list_id}", detail=part)
    return sheet(_csv(visit, list_id, part), f"call-list-{list_id}-{part}.csv")


def sees_all(visit: Visit) -> bool:
    """Of every team; agents see those they work on."""
    return visit.may(Action.READ_CAMPAIGNS)


_ACTS: Mapping[str, Callable[..., Awaitable[object]]] = {
    "pause": arranging.pause,
    "resume": arranging.resume,
    "close": arranging.close,
    "ask-again": arranging.ask_again,
}


def _part(shown: str) -> str:
    if shown not in PARTS:
        raise HTTPException(404)
    return shown


_COLUMNS = (
    *(N_("Customer"), N_("State"), N_("Calls"), N_("What came of it"), N_("Why"), N_("Agent"), N_("When")),
    N_("Page"),
)


async def _csv(visit: Visit, list_id: int, part: str) -> AsyncIterator[str]:
    yield "\ufeff" + csv_text([tuple(map(_, _COLUMNS))])
    async with visit.hub.database.unit() as session:
        titles = await call_outcomes.all_titles(session)
    async for listed in results.pages(visit.hub.database, list_id, part):
        yield csv_text(_row(visit, person, titles.get(person.outcome, {})) for person in listed)


def _row(visit: Visit, person: Person, titles: Mapping[str, str]) -> tuple[str, ...]:
    return (
        person.name,
        _(words.CALL_PARTS[person.part]),
        str(person.calls),
        words.outcome_called(person.outcome, titles, language()),
        _(words.WITHHELD.get(person.reason, person.reason)) if person.reason else "",
        person.agent,
        moments.plain(person.settled_at, visit.zone) if person.settled_at else "",
        f"{visit.hub.settings.hub.public_url}/customers/{person.customer_id}",
    )


# ---- the form -------------------------------------------------------------------------------


async def _form(visit: Visit, typed: Typed, trouble: str = "") -> Response:
    async with visit.hub.database.unit() as session:
        data: dict[str, Any] = {
            "segments": [(f"segment:{one.id}", one.name) for one in await saved.listing(session)],
            "campaigns": [(f"campaign:{key}", name) for key, name in (await saved.names(session))["campaign"].items()],
            "templates": await templates.titles(session),
            "teams": await teams.listing(session),
        }
    longest, status = arranging.LONGEST_NAME, 422 if trouble else 200
    return page(visit, "call_list_new.html", status=status, typed=typed, trouble=trouble, longest=longest, **data)


def _plan(typed: Typed) -> Plan:
    """Raises CallListProblem."""
    if typed.purpose not in set(Purpose):
        raise CallListProblem(Sentence("Say why we call."))
    start, end = _hour(typed.hours_from), _hour(typed.hours_until)
    if (start is None) != (end is None):
        raise CallListProblem(Sentence("Write both hours, or none."))
    return Plan(
        typed.name,
        typed.template,
        Purpose(typed.purpose),
        _number(typed.team) if typed.team else None,
        (start, end) if start is not None and end is not None else None,
        _number(typed.again_hours),
        _number(typed.attempts),
        _number(typed.held_minutes),
    )


def _whom(typed: Typed) -> Whom:
    """Raises CallListProblem."""
    kind, _colon, number = typed.whom.partition(":")
    if kind not in ("segment", "campaign") or not number.isdecimal() or len(number) > 9:
        raise CallListProblem(Sentence("Choose who is called."))
    telephone = bool(typed.by_telephone)
    if kind == "campaign":
        return Whom(campaign_id=int(number), by_telephone=telephone)
    return Whom(segment_id=int(number), by_telephone=telephone)


def _hour(text: str) -> time | None:
    try:
        return moments.read_hour(text) if text else None
    except ValueError as e:
        raise CallListProblem(Sentence(_HOUR.words, {"typed": text[:60]})) from e


def _number(text: str) -> int:
    if not text.strip().isdecimal() or len(text.strip()) > 9:
        raise CallListProblem(Sentence(_NUMBER.words, {"typed": text[:60]}))
    return int(text)
