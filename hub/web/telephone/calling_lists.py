"""Working through a call list: the next person, the script, the call, what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from hub.call_lists import arranging, results, scripts, settling, taking
from hub.call_lists.arranging import CallListProblem
from hub.call_lists.settling import SAID, Came
from hub.call_lists.taking import Nobody, NotYours
from hub.conversations import call_outcomes, logged
from hub.conversations.calling_customers import CannotCall
from hub.conversations.logged import LogProblem
from hub.models.vocabulary import CallResult
from hub.outbound.asking import Held
from hub.outbound.calling import NoTelephone
from hub.staff import timetables
from hub.staff.roles import Action
from hub.web import moments, waits, words
from hub.web.access import Caller, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_GONE = N_("You do not have this person any more: it took too long, or you said already what came of it.")


@router.get("/call-lists/{list_id}/work")
async def work(visit: Caller, list_id: int) -> Response:
    """Whom one has, or the button for the next. One on another list is finished with first."""
    async with visit.hub.database.unit() as session:
        mine = await taking.held(session, visit.staff_id)
    if mine is not None and mine.call_list_id != list_id:
        return go(visit, f"/call-lists/{mine.call_list_id}/work")
    return await _page(visit, list_id)


@router.post("/call-lists/{list_id}/next")
async def following(visit: Caller, list_id: int) -> Response:
    return await _next(visit, list_id)


@router.post("/call-lists/{list_id}/people/{person_id}/call")
async def call(
    visit: Caller, list_id: int, person_id: int, number: Annotated[str, Form(max_length=20)] = ""
) -> Response:
    """One's own telephone rings first."""
    try:
        async with visit.hub.database.unit() as session:
            answer = await settling.call(
                session, person_id, visit.staff_id, number=number, gate=visit.hub.gate, now=visit.now
            )
    except (CannotCall, NoTelephone) as e:
        return go(visit, _work(list_id), worded(e))
    except NotYours:
        return go(visit, _work(list_id), _(_GONE))
    if isinstance(answer, Held):
        why = _(words.WITHHELD.get(answer.reason, answer.reason))
        return go(visit, _work(list_id), _("Left out: %(reason)s") % {"reason": why})
    return go(visit, _work(list_id), _("Your telephone rings now. Press 1, then we ring the customer."))


@router.post("/call-lists/{list_id}/people/{person_id}/outcome")
async def outcome(
    visit: Caller,
    list_id: int,
    person_id: int,
    result: Annotated[str, Form(max_length=20)] = "",
    disposition: Annotated[str, Form(max_length=9)] = "",
    note: Annotated[str, Form(max_length=logged.LONGEST_NOTE)] = "",
    minutes: Annotated[str, Form(max_length=9)] = "",
    call_back: Annotated[str, Form(max_length=40)] = "",
    call_back_at: Annotated[str, Form(max_length=40)] = "",
    by_me: Annotated[str, Form()] = "",
    then: Annotated[str, Form()] = "",
) -> Response:
    """What came of it, and (`then` "next") the next person at once."""
    typed = {"result": result, "disposition": disposition, "note": note, "minutes": minutes, "by_me": by_me}
    typed |= {"call_back": call_back, "call_back_at": call_back_at}
    if result not in set(CallResult):
        return await _page(visit, list_id, typed, _("Say what came of the call: choose an outcome."))
    again = _again(visit, result, call_back, call_back_at)
    chosen = int(disposition) if disposition.isdecimal() else None
    try:
        came = Came(CallResult(result), chosen, note, _minutes(minutes), again, bool(by_me))
        async with visit.hub.database.unit() as session:
            await settling.settle(session, person_id, visit.staff_id, came, now=visit.now)
    except NotYours:
        return await _lost(visit, list_id, note)
    except (CallListProblem, LogProblem) as e:
        return await _page(visit, list_id, typed, worded(e))
    return await _next(visit, list_id) if then == "next" else go(visit, f"/call-lists/{list_id}", _("Saved."))


@router.post("/call-lists/{list_id}/people/{person_id}/release")
async def release(visit: Caller, list_id: int, person_id: int) -> Response:
    try:
        async with visit.hub.database.unit() as session:
            await taking.release(session, person_id, visit.staff_id, now=visit.now)
    except NotYours:
        return go(visit, f"/call-lists/{list_id}", _(_GONE))
    except CallListProblem as e:
        return go(visit, _work(list_id), worded(e))
    return go(visit, f"/call-lists/{list_id}", _("Given back: others may call them."))


async def _next(visit: Visit, list_id: int) -> Response:
    others = visit.may(Action.ASSIGN)
    try:
        async with visit.hub.database.unit() as session:
            found = await taking.take(
                session, list_id, visit.staff_id, others=others, gate=visit.hub.gate, now=visit.now
            )
    except CallListProblem as e:
        return go(visit, _work(list_id), worded(e))
    if not isinstance(found, Nobody):
        return go(visit, _work(found.call_list_id))
    if found.more:
        return go(visit, _work(list_id), _("Many were left out. Press Next again for those behind them."))
    if found.next_at is None:
        return go(visit, _work(list_id), _("Nobody is left to call."))
    told = _("Nobody is to be called now. The next one is due on %(moment)s.")
    return go(visit, _work(list_id), told % {"moment": moments.plain(found.next_at, visit.zone)})


async def _lost(visit: Visit, list_id: int, note: str) -> Response:
    """A note that belongs to nobody's call any more is shown, to be put where it belongs."""
    return await _page(visit, list_id, None, _(_GONE), unkept=note) if note else go(visit, _work(list_id), _(_GONE))


async def _page(
    visit: Visit, list_id: int, typed: dict[str, str] | None = None, trouble: str = "", *, unkept: str = ""
) -> Response:
    async with visit.hub.database.unit() as session:
        found = await arranging.of_agent(session, list_id, visit.staff_id, others=visit.may(Action.ASSIGN))
        row = await taking.held(session, visit.staff_id)
        mine = row if row is not None and row.call_list_id == list_id else None
        data: dict[str, Any] = {
            "found": found,
            "row": mine,
            "sheet": await scripts.sheet(session, found, mine, gate=visit.hub.gate, now=visit.now) if mine else None,
            "figures": await results.figures(session, list_id),
            "outcomes": [one for one in await call_outcomes.listing(session) if one.name not in SAID.values()],
            "titles": await call_outcomes.all_titles(session),
            "waits": waits.offered(visit),
            "call_back": waits.usual(visit, (await timetables.hours(session)).company),
        }
    said = {"result": "", "disposition": "", "note": "", "minutes": "", "by_me": "1", "call_back_at": ""} | (
        typed or {}
    )
    data |= {"results": SAID, "typed": {"call_back": data["call_back"]} | said, "unkept": unkept}
    return page(visit, "call_list_work.html", status=422 if trouble else 200, trouble=trouble, **data)


def _work(list_id: int) -> str:
    return f"/call-lists/{list_id}/work"


def _again(visit: Visit, result: str, call_back: str, call_back_at: str) -> datetime | None:
    """Raises WrongInput."""
    if result != CallResult.CALL_BACK or not call_back:
        return None
    return waits.moment(visit, call_back, call_back_at, field="call_back_at")


def _minutes(typed: str) -> int:
    """-1 for what is no number, which no call may last."""
    return (int(typed) if typed.strip().isdecimal() else -1) if typed.strip() else 0
