"""An event: what it is, changing it, calling it off, and how many come."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement
from sqlmodel import and_, col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.models import Consent, Gathering, Guest, Interaction
from hub.models.vocabulary import GuestState, Purpose, Recalled, State
from hub.outbound import withdrawing
from hub.sentences import LONG_PLACE, LONG_TITLE, Sentence, too_long

LONGEST, LONGEST_ABOUT = 200, 2_000  # letters
MOST_SEATS = 100_000
FARTHEST = timedelta(days=36_525)
LONGEST_LEAD = 60 * 24 * 60  # minutes
_REACHED = (State.UNKNOWN, State.SENT, State.DELIVERED, State.READ)
PURPOSES = (Purpose.MARKETING, Purpose.SERVICE)
_LONG_HOST = Sentence("The host's name has %(length)s characters and takes at most %(most)s. Shorten it")
_LONG_ABOUT = Sentence("The words have %(length)s characters and may have at most %(most)s. Shorten them")


class NoSuchGathering(LookupError):
    """There is no such event."""


class BadGathering(ValueError):
    """It cannot be kept like this. Says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a person says of an event. `capacity` None: as many as come; `remind_minutes` 0: nobody is reminded."""

    title: str
    starts_at: datetime
    timezone: str
    place: str = ""
    ends_at: datetime | None = None
    host: str = ""
    about: str = ""
    capacity: int | None = None
    purpose: Purpose = Purpose.MARKETING
    remind_minutes: int = 1440


@dataclass(frozen=True, slots=True)
class Listed:
    """An event with how many of its guests stand where, how many came, and how many were told that it is called off."""

    gathering: Gathering
    counts: Counter[GuestState]
    attended: int
    told_off: int = 0

    @property
    def free(self) -> int | None:
        """Seats that nobody has; None: there is no end of them."""
        seats = self.gathering.capacity
        return None if seats is None else max(0, seats - self.counts[GuestState.COMING])


async def create(session: AsyncSession, plan: Plan, *, staff_id: int | None, now: datetime) -> Gathering:
    """Nobody is invited yet. Raises BadGathering."""
    _check(plan, now)
    gathering = Gathering(created_by=staff_id, created_at=now, **_columns(plan))
    session.add(gathering)
    await tell(session, gathering)
    return gathering


async def change(session: AsyncSession, gathering_id: int, plan: Plan, *, now: datetime) -> Gathering:
    """Nobody is told by itself; at another time whoever comes is reminded anew. Raises NoSuchGathering, BadGathering.

    Fewer seats than people who come take nobody's away.
    """
    gathering = await locked(session, gathering_id)
    _check(plan, now)
    if plan.starts_at != gathering.starts_at:
        reminded = await session.exec(select(Guest).where(col(Guest.gathering_id) == gathering_id))
        for guest in reminded:
            guest.reminded_at = None
    for name, value in _columns(plan).items():
        setattr(gathering, name, value)
    await tell(session, gathering)
    return gathering


async def cancel(session: AsyncSession, gathering_id: int, *, now: datetime) -> Gathering:
    """Nobody is invited or reminded any more: invitations that have not left do not leave. `inviting.tell_off` tells
    who counts on it. Raises NoSuchGathering.
    """
    gathering = await locked(session, gathering_id)
    gathering.cancelled_at = gathering.cancelled_at or now
    await _take_back(session, gathering_id, now)
    await tell(session, gathering)
    return gathering


async def restore(session: AsyncSession, gathering_id: int) -> Gathering:
    """It takes place after all: who was told that it does not is not told by itself. Raises NoSuchGathering."""
    gathering = await locked(session, gathering_id)
    gathering.cancelled_at = None
    await tell(session, gathering)
    return gathering


async def get(session: AsyncSession, gathering_id: int) -> Gathering:
    """Raises NoSuchGathering."""
    found = await session.get(Gathering, gathering_id) if 0 < gathering_id < 2**31 else None
    if found is None:
        raise NoSuchGathering(f"There is no event {gathering_id}")
    return found


async def locked(session: AsyncSession, gathering_id: int) -> Gathering:
    """Until the transaction ends: seats are given out by one at a time. Raises NoSuchGathering."""
    await get(session, gathering_id)
    return await session.get_one(Gathering, gathering_id, with_for_update=True, populate_existing=True)


async def listing(session: AsyncSession, *, now: datetime, past: bool = False, limit: int = 100) -> list[Listed]:
    """What is ahead, the soonest first; or what is over, the latest first."""
    over, at = col(Gathering.starts_at) <= now, col(Gathering.starts_at)
    rows = select(Gathering).where(over if past else ~over)
    found = list(await session.exec(rows.order_by(at.desc() if past else at, col(Gathering.id)).limit(limit)))
    return [await listed(session, one) for one in found]


async def listed(session: AsyncSession, gathering: Gathering) -> Listed:
    """With its sums."""
    columns = (
        col(Guest.state),
        func.count(),
        func.count(col(Guest.attended_at)),
        func.count(col(Guest.told_off_at)),
    )
    rows = select(*columns).where(col(Guest.gathering_id) == gathering.id).group_by(col(Guest.state))
    found = (await session.exec(rows)).all()
    counts = Counter({state: number for state, number, _, _ in found})
    return Listed(gathering, counts, sum(row[2] for row in found), sum(row[3] for row in found))


def counts_on_it() -> ColumnElement[bool]:
    """Of guests: who comes, who waits, and whom the invitation has reached and who has not answered yet; but not who
    has said no to such messages since.
    """
    theirs, since = col(Consent.customer_id) == Interaction.customer_id, col(Consent.at) >= Interaction.at
    about = or_(col(Consent.purpose).is_(None), col(Consent.purpose) == Interaction.purpose)
    said_no = select(Consent.id).where(theirs, since, ~col(Consent.granted), about)
    asked = select(Interaction.id).where(
        col(Interaction.id) == col(Guest.asked_id), col(Interaction.state).in_(_REACHED), ~said_no.exists()
    )
    expecting = col(Guest.state).in_((GuestState.COMING, GuestState.WAITING))
    return or_(expecting, and_(col(Guest.state) == GuestState.INVITED, asked.exists()))


async def expecting(session: AsyncSession, gathering_id: int) -> int:
    """How many count on it."""
    mine = select(func.count()).select_from(Guest).where(col(Guest.gathering_id) == gathering_id)
    return (await session.exec(mine.where(counts_on_it()))).one()


async def tell(session: AsyncSession, gathering: Gathering) -> None:
    """Open pages that show it."""
    await session.flush()
    await live.publish(session, "gathering", id=gathering.id or 0)


async def _take_back(session: AsyncSession, gathering_id: int, now: datetime) -> None:
    """They are chosen again, and asked if it takes place after all."""
    waiting = (
        select(Guest)
        .join(Interaction, col(Interaction.id) == col(Guest.asked_id))
        .where(col(Guest.gathering_id) == gathering_id, col(Guest.state) == GuestState.INVITED)
        .where(col(Interaction.state) == State.QUEUED)
    )
    asked = {guest.asked_id: guest for guest in await session.exec(waiting) if guest.asked_id}
    for interaction in await withdrawing.withdraw(session, asked, Recalled.NO_LONGER_SO, now=now):
        asked[interaction].state = GuestState.CHOSEN


def _columns(plan: Plan) -> dict[str, Any]:
    texts = {name: " ".join(getattr(plan, name).split()) for name in ("title", "place", "host")}
    names = ("starts_at", "ends_at", "timezone", "capacity", "purpose", "remind_minutes")
    return {name: getattr(plan, name) for name in names} | texts | {"about": plan.about.strip()}


def _check(plan: Plan, now: datetime) -> None:
    """Raises BadGathering."""
    _check_words(plan)
    _check_hours(plan, now)
    if plan.capacity is not None and not 1 <= plan.capacity <= MOST_SEATS:
        raise BadGathering(
            Sentence("Write how many seats there are, from 1 to %(most)s, or nothing", {"most": MOST_SEATS})
        )
    if plan.purpose not in PURPOSES or not 0 <= plan.remind_minutes <= LONGEST_LEAD:
        raise BadGathering(Sentence("Choose one of the purposes and reminders that are offered"))
    _check_zone(plan.timezone)


def _check_words(plan: Plan) -> None:
    if not plan.title.strip():
        raise BadGathering(Sentence("Give the event a title"))
    for refusal, text, most in (
        (LONG_TITLE, plan.title, LONGEST),
        (LONG_PLACE, plan.place, LONGEST),
        (_LONG_HOST, plan.host, LONGEST),
        (_LONG_ABOUT, plan.about, LONGEST_ABOUT),
    ):
        if long := too_long(refusal, text.strip(), most):
            raise BadGathering(long)


def _check_hours(plan: Plan, now: datetime) -> None:
    if not now < plan.starts_at < now + FARTHEST:
        raise BadGathering(Sentence("That moment has passed, or lies too far away. Choose another one"))
    if plan.ends_at is not None and plan.ends_at <= plan.starts_at:
        raise BadGathering(Sentence("It ends before it begins. Choose a later end"))


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as e:
        gaps = {"value": name}
        raise BadGathering(Sentence("“%(value)s” is not an IANA time zone, such as Europe/Warsaw", gaps)) from e
