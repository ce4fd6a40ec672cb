"""/api/v1/calls: what rings, what was missed, calling a customer, noting, wrapping up, logging by hand."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from hub.api.access import Answerer, InboxReader, TeamLead, TelephoneUser
from hub.api.problems import Problem, telling
from hub.api.repeating import Once, again, once
from hub.api.shapes import Limit, Page
from hub.api.v1.call_shapes import (
    CallOut,
    LoggedOut,
    LogIn,
    MissedCallOut,
    NoteIn,
    OutcomeIn,
    OutcomeOut,
    PlacedOut,
    PlaceIn,
    WrapUpIn,
)
from hub.conversations import call_cards, call_outcomes, calling_customers, inbox, logged, missed_calls, wrap_ups
from hub.conversations.call_outcomes import OutcomeProblem
from hub.conversations.calling_customers import CannotCall
from hub.conversations.current_calls import TakenAlready
from hub.conversations.inbox import NoSuchConversation
from hub.conversations.logged import Contact, LogProblem
from hub.conversations.missed_calls import NoSuchCall
from hub.conversations.wrap_ups import WrapUp, WrapUpProblem
from hub.customers.directory import NotFound
from hub.inbound import takers
from hub.inbound.takers import CannotTake
from hub.outbound.calling import NoTelephone
from hub.outbound.request import Held
from hub.staff.roles import Action

_READ_AGAIN = "Read the calls again; nothing was changed"
_REMEDY = "Correct it and send the request again"
_TOLD = telling(
    (NoSuchCall, 404, "Call", "Look its id up with GET /api/v1/calls"),
    (TakenAlready, 409, "Call", _READ_AGAIN),
    (NoTelephone, 409, "Call", _READ_AGAIN),
    (CannotTake, 409, "Call", _READ_AGAIN),
    (CannotCall, 409, "Call", _READ_AGAIN),
    (WrapUpProblem, 409, "Call", _READ_AGAIN),
    (LogProblem, 422, "Call", _REMEDY),
    (OutcomeProblem, 422, "Call", _REMEDY),
)
router = APIRouter(tags=["Calls"], route_class=_TOLD)


@router.get("/calls")
async def list_calls(caller: InboxReader) -> Page[CallOut]:
    """Those under way."""
    async with caller.hub.database.unit() as session:
        return Page(items=[CallOut.of(one) for one in await call_cards.current(session)])


@router.get("/calls/to-wrap-up")
async def list_calls_to_wrap_up(caller: InboxReader) -> Page[CallOut]:
    """The owner's own; everybody's for whoever assigns others' work."""
    whose = None if caller.may(Action.ASSIGN) else caller.staff_id
    async with caller.hub.database.unit() as session:
        return Page(items=[CallOut.of(one) for one in await call_cards.not_wrapped_up(session, staff_id=whose)])


@router.get("/calls/missed")
async def list_missed_calls(
    caller: InboxReader,
    voicemail: Annotated[bool, Query(description="Those where the caller left something to hear")] = False,
    done: Annotated[bool, Query(description="Also those that are done")] = False,
    mine: Annotated[bool, Query(description="Only of conversations that are the owner's")] = False,
    query: Annotated[str, Query(max_length=200, description="Part of a name or number")] = "",
    before: Annotated[UUID | None, Query(description="The id of the last one of the page before")] = None,
    limit: Limit = 50,
) -> Page[MissedCallOut]:
    """Missed calls or voicemails, newest first."""
    async with caller.hub.database.unit() as session:
        lines = await missed_calls.listing(
            session,
            voicemail=voicemail,
            staff_id=caller.staff_id if mine else None,
            done=done,
            query=query,
            before=before,
            limit=limit + 1,
        )
    more = str(lines[limit - 1].id) if len(lines) > limit else None
    return Page(items=[MissedCallOut.of(one) for one in lines[:limit]], next=more)


_WITHHELD: dict[int | str, dict[str, Any]] = {202: {"model": PlacedOut, "description": "Withheld by the gate"}}


@router.post("/calls", status_code=201, responses={**_WITHHELD, **again(PlacedOut)})
async def place_call(caller: TelephoneUser, body: PlaceIn, asked: Once) -> PlacedOut:
    """Ring the token's owner, and when they press 1 the customer; through the gate."""

    async def place(session: Any) -> PlacedOut:
        await _theirs(session, body.customer_id, body.conversation_id)
        answer = await calling_customers.call(
            session,
            body.customer_id,
            staff_id=caller.staff_id,
            gate=caller.hub.gate,
            now=caller.now,
            number=body.number,
            conversation_id=body.conversation_id,
        )
        if not isinstance(answer, Held):
            return PlacedOut(id=answer.interaction_id, placed=True)
        asked.response.status_code = 202
        return PlacedOut(id=answer.interaction_id, placed=False, reason=answer.reason, trace=list(answer.trace))

    try:
        return await once(caller, asked, PlacedOut, place)
    except NotFound as e:
        raise Problem(422, "Call", str(e), remedy="Look the customer up with GET /api/v1/customers") from e


@router.post("/calls/{call_id}/take", status_code=204, response_class=Response)
async def take_call(caller: TelephoneUser, call_id: UUID) -> None:
    """A call that rings: it goes on at the token's owner's telephone alone. 409 when somebody was first."""
    hub = caller.hub
    await takers.take(hub.database, hub.channels, hub.signer, call_id, caller.staff_id, now=caller.now)


@router.put("/calls/{call_id}/note", status_code=204, response_class=Response)
async def note_call(caller: TelephoneUser, call_id: UUID, body: NoteIn) -> None:
    """The one private note of one's own call; an empty one goes away. 409 once it is wrapped up."""
    async with caller.hub.database.unit() as session:
        await wrap_ups.jot(session, call_id, body.note, staff_id=caller.staff_id, now=caller.now)


@router.post("/calls/{call_id}/over", status_code=204, response_class=Response)
async def end_call(caller: TelephoneUser, call_id: UUID) -> None:
    """A call of whose end no news came: it is over. A colleague's for whoever assigns others' work."""
    others = caller.may(Action.ASSIGN)
    async with caller.hub.database.unit() as session:
        await wrap_ups.hung_up(session, call_id, staff_id=caller.staff_id, others=others, now=caller.now)


@router.post("/calls/{call_id}/wrap-up", status_code=204, response_class=Response)
async def wrap_up_call(caller: TelephoneUser, call_id: UUID, body: WrapUpIn) -> None:
    """Say what came of a call that is over; a colleague's for whoever assigns others' work."""
    wrapping, others = WrapUp(**body.model_dump()), caller.may(Action.ASSIGN)
    async with caller.hub.database.unit() as session:
        await wrap_ups.wrap_up(session, call_id, wrapping, staff_id=caller.staff_id, others=others, now=caller.now)


@router.post("/calls/{call_id}/done", status_code=204, response_class=Response)
async def settle_missed_call(caller: Answerer, call_id: UUID) -> None:
    """A missed call or voicemail for which nothing is to do."""
    async with caller.hub.database.unit() as session:
        await missed_calls.done(session, call_id, staff_id=caller.staff_id, now=caller.now)


@router.post("/customers/{customer_id}/contacts", status_code=201, responses=again(LoggedOut))
async def log_contact(caller: Answerer, customer_id: UUID, body: LogIn, asked: Once) -> LoggedOut:
    """A call or a visit that the hub did not see."""
    contact = Contact(body.what, body.inward, body.at, body.minutes, body.note, body.outcome_id, body.number)
    where = body.conversation_id

    async def log(session: Any) -> LoggedOut:
        await _theirs(session, customer_id, where)
        made = await logged.log(session, customer_id, where, contact, staff_id=caller.staff_id, now=caller.now)
        return LoggedOut(id=made)

    try:
        return await once(caller, asked, LoggedOut, log)
    except NotFound as e:
        raise Problem(404, "Customer", str(e), remedy="Look the id up with GET /api/v1/customers") from e


@router.get("/call-outcomes")
async def list_call_outcomes(caller: InboxReader) -> Page[OutcomeOut]:
    """In their order, those that are offered no more as well."""
    async with caller.hub.database.unit() as session:
        return Page(items=[OutcomeOut.of(one) for one in await call_outcomes.listing(session, inactive=True)])


@router.post("/call-outcomes", status_code=201)
async def create_call_outcome(caller: TeamLead, body: OutcomeIn) -> OutcomeOut:
    """At the end of the list."""
    async with caller.hub.database.unit() as session:
        made = await call_outcomes.add(
            session, body.name, titles=body.titles, calls_back=body.calls_back, by=caller.staff_id, now=caller.now
        )
        return OutcomeOut.of(made)


@router.put("/call-outcomes/{outcome_id}")
async def change_call_outcome(caller: TeamLead, outcome_id: int, body: OutcomeIn) -> OutcomeOut:
    """Calls keep the words they were wrapped up with."""
    try:
        async with caller.hub.database.unit() as session:
            changed = await call_outcomes.change(
                session, outcome_id, **body.model_dump(), by=caller.staff_id, now=caller.now
            )
            return OutcomeOut.of(changed)
    except LookupError as e:
        raise Problem(404, "Outcome", str(e), remedy="Look its id up with GET /api/v1/call-outcomes") from e


async def _theirs(session: Any, customer_id: UUID, conversation_id: UUID | None) -> None:
    """Raises Problem 422 for a conversation that is not with this customer."""
    if conversation_id is None:
        return
    try:
        owner = (await inbox.conversation(session, conversation_id)).customer_id
    except NoSuchConversation:
        owner = None
    if owner != customer_id:
        raise Problem(
            422, "conversation_id", "The customer has no such conversation", remedy="Correct it or leave it out"
        )
