"""/api/v1/events: what the company holds, whom it invites, who comes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field

from hub.api.access import Caller, Campaigner, CustomerReader
from hub.api.problems import telling
from hub.api.repeating import Once, again, once
from hub.api.shapes import EXAMPLE_ID, Body, Limit, Line, Out, Page, Zone
from hub.gatherings import inviting, plans, seats
from hub.gatherings.inviting import Seen
from hub.gatherings.plans import BadGathering, Listed, NoSuchGathering, Plan
from hub.gatherings.seats import NoSuchGuest
from hub.models.vocabulary import GuestState, Purpose
from hub.segments import saved
from hub.segments.saved import NoSuchSegment

_REMEDY = "Correct it and send the request again"
_TOLD = telling(
    (NoSuchGathering, 404, "Event", "Look its id up with GET /api/v1/events"),
    (NoSuchGuest, 404, "Guest", "Look their id up with GET /api/v1/events/{event_id}/guests"),
    (BadGathering, 422, "Event", _REMEDY),
    (NoSuchSegment, 422, "Event", _REMEDY),
)
router = APIRouter(prefix="/events", tags=["Events"], route_class=_TOLD)
_Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


class EventIn(Body):
    title: Line = Field(min_length=1, examples=["Open garden"])
    starts_at: AwareDatetime = Field(examples=["2026-06-20T18:00:00+02:00"])
    timezone: Zone = Field(examples=["Europe/Warsaw"])
    ends_at: AwareDatetime | None = None
    place: Line = Field(default="", examples=["Main street 1"])
    host: Line = ""
    about: Annotated[str, Field(max_length=plans.LONGEST_ABOUT)] = Field(default="", description="in the invitation")
    capacity: Annotated[int, Field(ge=1, le=plans.MOST_SEATS)] | None = Field(default=None, description="null: no end")
    purpose: Purpose = Field(default=Purpose.MARKETING, description="of the invitation: marketing or service")
    remind_minutes: Annotated[int, Field(ge=0, le=plans.LONGEST_LEAD)] = Field(default=1440, description="0: nobody is")


class EventOut(Out):
    id: int
    title: str
    starts_at: datetime
    ends_at: datetime | None
    timezone: str
    place: str
    host: str
    about: str
    capacity: int | None
    purpose: Purpose
    remind_minutes: int
    cancelled_at: datetime | None
    guests: dict[GuestState, int] = Field(description="how many stand where")
    free: int | None
    attended: int

    @classmethod
    def shown(cls, event: Listed) -> EventOut:
        sums = {"guests": dict(event.counts), "free": event.free, "attended": event.attended}
        return cls.model_validate(event.gathering.model_dump() | sums)


class InviteIn(Body):
    """Chosen customers, a saved segment, or both."""

    customer_ids: list[UUID] = Field(default=[], max_length=1000, examples=[[EXAMPLE_ID]])
    segment_id: _Number | None = None


class InvitedOut(Out):
    invited: int = Field(description="who was no guest yet; the invitations leave by themselves")


class AnswerIn(Body):
    coming: bool


class AttendedIn(Body):
    attended: bool


class GuestOut(Out):
    id: int
    customer_id: UUID
    state: GuestState
    answered_at: datetime | None
    attended_at: datetime | None


class NamedGuestOut(GuestOut):
    name: str
    reason: str = Field(description="why the invitation did not leave or arrive; empty where it did")

    @classmethod
    def shown(cls, one: Seen) -> NamedGuestOut:
        return cls.model_validate(one.guest.model_dump() | {"name": one.name, "reason": one.reason})


@router.get("")
async def list_events(caller: CustomerReader, past: bool = False, limit: Limit = 50) -> Page[EventOut]:
    """What is ahead, the soonest first; or what is over, the latest first."""
    async with caller.hub.database.unit() as session:
        found = await plans.listing(session, now=caller.now, past=past, limit=limit)
    return Page(items=[EventOut.shown(one) for one in found])


@router.post("", status_code=201, responses=again(EventOut))
async def create_event(caller: Campaigner, body: EventIn, asked: Once) -> EventOut:
    """Nobody is invited yet."""

    async def create(session: Any) -> EventOut:
        made = await plans.create(session, Plan(**body.model_dump()), staff_id=caller.staff_id, now=caller.now)
        return await _shown(session, caller, made.id or 0, "create")

    return await once(caller, asked, EventOut, create)


@router.get("/{event_id}")
async def read_event(caller: CustomerReader, event_id: int) -> EventOut:
    """One, with how many come."""
    async with caller.hub.database.unit() as session:
        return EventOut.shown(await plans.listed(session, await plans.get(session, event_id)))


@router.put("/{event_id}")
async def change_event(caller: Campaigner, event_id: int, body: EventIn) -> EventOut:
    """Nobody is told by itself; more seats let the waiting list move up."""
    async with caller.hub.database.unit() as session:
        changed = await plans.change(session, event_id, Plan(**body.model_dump()), now=caller.now)
        await seats.fill(session, changed, gate=caller.hub.gate, now=caller.now)
        return await _shown(session, caller, event_id, "change")


@router.post("/{event_id}/cancel")
async def cancel_event(caller: Campaigner, event_id: int) -> EventOut:
    """Nobody is invited or reminded any more; whoever comes or waits is told, once, by a service message."""
    async with caller.hub.database.unit() as session:
        await plans.cancel(session, event_id, now=caller.now)
        return await _shown(session, caller, event_id, "cancel")


@router.post("/{event_id}/guests", status_code=202)
async def invite_guests(caller: Campaigner, event_id: int, body: InviteIn) -> InvitedOut:
    """They are asked through the gate, each once, by the channel they prefer."""
    async with caller.hub.database.unit() as session:
        invited = await inviting.choose(session, event_id, body.customer_ids, now=caller.now)
        if body.segment_id is not None:
            segment = await saved.get(session, body.segment_id)
            invited += await inviting.choose_segment(session, event_id, segment.tree, now=caller.now)
        await _shown(session, caller, event_id, "invite")
    return InvitedOut(invited=invited)


@router.get("/{event_id}/guests")
async def list_guests(
    caller: CustomerReader, event_id: int, q: Annotated[str, Query(max_length=200)] = ""
) -> Page[NamedGuestOut]:
    """Who comes first, then who waits, in their order; at most a thousand. `q`: in their name, an address, a number."""
    async with caller.hub.database.unit() as session:
        await plans.get(session, event_id)
        return Page(items=[NamedGuestOut.shown(one) for one in await inviting.guests(session, event_id, words=q)])


@router.put("/{event_id}/guests/{guest_id}/answer")
async def answer_for_guest(caller: CustomerReader, event_id: int, guest_id: int, body: AnswerIn) -> GuestOut:
    """What a guest said elsewhere; a yes when all seats are taken waits."""
    async with caller.hub.database.unit() as session:
        await seats.of(session, event_id, guest_id)
        kept = await seats.answer(session, guest_id, coming=body.coming, gate=caller.hub.gate, now=caller.now)
        await _note(session, caller, event_id, "answer", f"guest:{guest_id} {kept.state.value}")
        return GuestOut.of(kept)


@router.put("/{event_id}/guests/{guest_id}/attended")
async def tick_attendance(caller: CustomerReader, event_id: int, guest_id: int, body: AttendedIn) -> GuestOut:
    """They are here; or it was ticked by mistake."""
    async with caller.hub.database.unit() as session:
        await seats.of(session, event_id, guest_id)
        ticked = await seats.attend(session, guest_id, body.attended, now=caller.now)
        await _note(session, caller, event_id, "attended", f"guest:{guest_id} {'yes' if body.attended else 'no'}")
        return GuestOut.of(ticked)


async def _shown(session: Any, caller: Caller, event_id: int, what: str) -> EventOut:
    await _note(session, caller, event_id, what)
    return EventOut.shown(await plans.listed(session, await plans.get(session, event_id)))


async def _note(session: Any, caller: Caller, event_id: int, what: str, detail: str = "") -> None:
    await caller.note(session, f"event.{what}", subject=f"event:{event_id}", detail=detail)
