"""Calls: what rings now, what was missed, what was left; one's own calls on every page; wrapping up and logging."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Response

from hub.conversations import call_cards, call_outcomes, inbox, logged, missed_calls, wrap_ups
from hub.conversations.current_calls import TakenAlready
from hub.conversations.logged import Contact, LogProblem, What
from hub.conversations.wrap_ups import WrapUp, WrapUpProblem
from hub.customers import directory
from hub.inbound import takers
from hub.inbound.takers import CannotTake
from hub.outbound.calling import NoTelephone
from hub.sentences import Sentence
from hub.staff import accounts, timetables
from hub.staff.roles import Action
from hub.web import moments, waits
from hub.web.access import Answerer, Caller, InboxReader, Visit
from hub.web.mending import WrongInput
from hub.web.pages import Undo, go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded
from hub.web.waits import NO_MOMENT

router = APIRouter(route_class=Page)
PAGE = 50
_BAR, _NOW = "/calls/bar", "/calls/now"
_NUMBER = Form(max_length=9)


@router.get("/calls")
async def start(visit: InboxReader) -> Response:
    return go(visit, _NOW)


@router.get(_BAR)
async def bar(visit: Caller, settled_here: UUID | None = None) -> Response:
    """One's own calls, and those that ring for one: the piece that every page holds.

    `settled_here`: the call whose end the page itself asks about; two forms about one call are one too many.
    """
    data = await _own(visit)
    own = [one for one in data["own"] if one.id != settled_here or not one.ended_at]
    return page(visit, "call_bar.html", block="calls", **data | {"own": own})


@router.get(_NOW)
async def now(visit: InboxReader) -> Response:
    """Calls that are under way, and those that wait to be wrapped up: one's own, of everybody for supervisors."""
    async with visit.hub.database.unit() as session:
        under_way = await call_cards.current(session)
        whose = None if visit.may(Action.ASSIGN) else visit.staff_id
        waiting = await call_cards.not_wrapped_up(session, staff_id=whose)
        names = {one.id: one.name for one in await accounts.listing(session)}
    data = await _own(visit) | {"under_way": under_way, "waiting": waiting, "names": names}
    return page(visit, "calls_now.html", **data | await _counts(visit))


@router.get("/calls/missed")
async def missed(
    visit: InboxReader, q: str = "", whose: str = "", done: str = "", before: UUID | None = None
) -> Response:
    return await _listing(visit, q, whose, done, before, voicemail=False)


@router.get("/calls/voicemail")
async def voicemail(
    visit: InboxReader, q: str = "", whose: str = "", done: str = "", before: UUID | None = None
) -> Response:
    return await _listing(visit, q, whose, done, before, voicemail=True)


async def _listing(visit: Visit, q: str, whose: str, done: str, before: UUID | None, *, voicemail: bool) -> Response:
    """`before` gives the rows behind that call."""
    async with visit.hub.database.unit() as session:
        lines = await missed_calls.listing(
            session,
            voicemail=voicemail,
            staff_id=visit.staff_id if whose == "mine" else None,
            done=bool(done),
            query=q,
            before=before,
            limit=PAGE + 1,
        )
    more = str(lines[PAGE - 1].id) if len(lines) > PAGE else ""
    data: dict[str, Any] = {
        "lines": lines[:PAGE],
        "more": more,
        "q": q,
        "whose": whose,
        "done": done,
        "voicemail": voicemail,
    }
    return page(visit, "calls_missed.html", block="rows" if before else "", **data, **await _counts(visit))


# ---- one call -------------------------------------------------------------------------------


@router.post("/calls/{call_id}/take")
async def take(visit: Caller, call_id: UUID) -> Response:
    """It rings at one's own telephone alone."""
    hub = visit.hub
    try:
        await takers.take(hub.database, hub.channels, hub.signer, call_id, visit.staff_id, now=visit.now)
    except (TakenAlready, NoTelephone, CannotTake) as e:
        return go(visit, _back(visit), worded(e))
    return go(visit, _back(visit), _("It rings at your telephone now. Press 1 to talk."))


@router.post("/calls/{call_id}/note")
async def note(
    visit: Caller, call_id: UUID, note: Annotated[str, Form(max_length=wrap_ups.LONGEST_NOTE)] = ""
) -> Response:
    """As it is typed."""
    piece = visit.request.headers.get("hx-request") == "true"
    try:
        async with visit.hub.database.unit() as session:
            await wrap_ups.jot(session, call_id, note, staff_id=visit.staff_id, now=visit.now)
    except WrapUpProblem as e:
        return Response(status_code=409) if piece else go(visit, _NOW, worded(e))
    return Response(status_code=204) if piece else go(visit, _NOW, _("Noted. Only colleagues see it."))


@router.post("/calls/{call_id}/over")
async def over(visit: Caller, call_id: UUID) -> Response:
    """One has hung up, or a colleague has, and the carrier did not tell."""
    others = visit.may(Action.ASSIGN)
    async with visit.hub.database.unit() as session:
        await wrap_ups.hung_up(session, call_id, staff_id=visit.staff_id, others=others, now=visit.now)
    return go(visit, _back(visit), _("Noted: the call is over."))


@router.post("/calls/{call_id}/wrap-up")
async def wrap_up(
    visit: Caller,
    call_id: UUID,
    outcome: Annotated[str, _NUMBER] = "",
    note: Annotated[str | None, Form(max_length=wrap_ups.LONGEST_NOTE)] = None,
    resolve: Annotated[str, Form()] = "",
    call_back: Annotated[str, Form()] = "",
    call_back_at: Annotated[str, Form()] = "",
) -> Response:
    """`call_back`: a word of the menu of moments, where the outcome makes a task; with "at" the field beside it."""
    chosen, others, again = _chosen(outcome) or 0, visit.may(Action.ASSIGN), None
    try:
        async with visit.hub.database.unit() as session:
            if call_back and any(one.calls_back for one in await call_outcomes.listing(session) if one.id == chosen):
                again = waits.moment(visit, call_back, call_back_at, field="call_back_at")
            wrapping = WrapUp(chosen, note, bool(resolve), again)
            await wrap_ups.wrap_up(session, call_id, wrapping, staff_id=visit.staff_id, others=others, now=visit.now)
    except WrapUpProblem as e:
        return go(visit, _back(visit), worded(e))
    told = _("Wrapped up. There is a task to call back on %(moment)s.")
    return go(visit, _back(visit), told % {"moment": moments.plain(again, visit.zone)} if again else _("Wrapped up."))


@router.post("/calls/{call_id}/done")
async def done(visit: Answerer, call_id: UUID, voicemail: Annotated[str, Form()] = "") -> Response:
    async with visit.hub.database.unit() as session:
        await missed_calls.done(session, call_id, staff_id=visit.staff_id, now=visit.now)
    undo = Undo("call-done", call_id, view="voicemail" if voicemail else "missed")
    return go(visit, "/calls/voicemail" if voicemail else "/calls/missed", _("Done."), undo=undo)


@router.post("/calls/{call_id}/undone")
async def undone(visit: Answerer, call_id: UUID, view: Annotated[str, Form()] = "") -> Response:
    async with visit.hub.database.unit() as session:
        await missed_calls.undone(session, call_id)
    return go(visit, "/calls/voicemail" if view == "voicemail" else "/calls/missed", _("It is to do again."))


# ---- by hand --------------------------------------------------------------------------------


@router.get("/customers/{customer_id}/log")
async def log_form(visit: Answerer, customer_id: UUID, conversation: UUID | None = None) -> Response:
    """What the hub did not see."""
    return await _form(visit, customer_id, conversation, {}, "")


@router.post("/customers/{customer_id}/log")
async def log(
    visit: Answerer,
    customer_id: UUID,
    what: Annotated[What, Form()],
    way: Annotated[str, Form()],
    at: Annotated[str, Form()] = "",
    minutes: Annotated[str, Form()] = "",
    note: Annotated[str, Form(max_length=logged.LONGEST_NOTE)] = "",
    outcome: Annotated[str, _NUMBER] = "",
    conversation: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    where = _conversation(conversation)
    typed = {"what": what, "way": way, "at": at, "minutes": minutes, "note": note, "outcome": outcome}
    goal = f"/inbox/all/{where}" if where else f"/customers/{customer_id}"
    try:
        contact = Contact(what, way == "in", _moment(visit, at), _minutes(minutes), note, _chosen(outcome))
        async with visit.hub.database.unit() as session:
            await _theirs(session, customer_id, where)
            made = await logged.log(session, customer_id, where, contact, staff_id=visit.staff_id, now=visit.now)
    except LogProblem as e:
        return await _form(visit, customer_id, where, typed, worded(e))
    return go(visit, goal, _("Logged."), undo=Undo("logged", made))


@router.post("/contacts/{contact_id}/take-back")
async def take_back(visit: Answerer, contact_id: UUID) -> Response:
    """What one has just logged: it did not take place like that."""
    try:
        async with visit.hub.database.unit() as session:
            told = await logged.take_back(session, contact_id, staff_id=visit.staff_id, now=visit.now)
    except LogProblem as e:
        return go(visit, "/inbox", worded(e))
    goal = f"/inbox/all/{told.conversation_id}" if told.conversation_id else f"/customers/{told.customer_id}"
    return go(visit, goal, _("It is not in the log any more."))


def _conversation(typed: str) -> UUID | None:
    try:
        return UUID(typed) if typed else None
    except ValueError as e:
        raise WrongInput("conversation", typed) from e


def _moment(visit: Visit, typed: str) -> Any:
    """Raises LogProblem."""
    try:
        return moments.read_local(typed, visit.zone) if typed else visit.now
    except ValueError as e:
        raise LogProblem(moments.amiss(e, Sentence(NO_MOMENT.words, {"typed": typed[:60]}))) from e


def _minutes(typed: str) -> int:
    """-1 for what is no number, which no contact may last."""
    if not typed.strip():
        return 0
    return int(typed) if typed.strip().isdecimal() and len(typed) < 10 else -1


def _chosen(outcome: str) -> int | None:
    return int(outcome) if outcome.isdecimal() else None


async def _theirs(session: Any, customer_id: UUID, conversation_id: UUID | None) -> None:
    """Raises WrongInput for a conversation with somebody else."""
    if conversation_id is None:
        return
    line = await inbox.conversation(session, conversation_id)
    if line.customer_id != customer_id:
        raise WrongInput("conversation", str(conversation_id))


async def _form(
    visit: Visit, customer_id: UUID, conversation: UUID | None, typed: dict[str, Any], trouble: str
) -> Response:
    async with visit.hub.database.unit() as session:
        customer = await directory.get(session, customer_id)
        outcomes = await call_outcomes.listing(session)
    data: dict[str, Any] = {
        "customer": customer,
        "conversation": conversation,
        "outcomes": outcomes,
        "trouble": trouble,
    }
    status = 422 if trouble else 200
    return page(visit, "call_log.html", status=status, **data, typed=typed, longest=logged.LONGEST_MINUTES)


# ---- pieces ---------------------------------------------------------------------------------


async def _own(visit: Visit) -> dict[str, Any]:
    if not visit.may(Action.CALL):
        return {"ringing": [], "own": [], "outcomes": [], "waits": [], "call_back": ""}
    async with visit.hub.database.unit() as session:
        own = await call_cards.of(session, visit.staff_id)
        return {
            "ringing": await call_cards.ringing_for(session, visit.staff_id),
            "own": own,
            "outcomes": await call_outcomes.listing(session),
            "waits": waits.offered(visit),
            "call_back": waits.usual(visit, (await timetables.hours(session)).company),
        }


async def _counts(visit: Visit) -> dict[str, int]:
    async with visit.hub.database.unit() as session:
        missed, voicemails = await missed_calls.counts(session)
    return {"missed_count": missed, "voicemail_count": voicemails}


def _back(visit: Visit) -> str:
    """The piece again for the piece, else the page."""
    return _BAR if visit.request.headers.get("hx-target") == "calls" else _NOW
