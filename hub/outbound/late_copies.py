"""Copies that the mail server put off while it took the mail for the others, as greylisting does: tried again as long
as the recipient's would be.

A try goes to one copy alone, with the words, the fields and the Message-ID that the others have: nobody else is asked
for again. The message is `sent` meanwhile, and has a ticket for them. Which copy may be on the wire at this moment
stands in its row (`begun_at`), committed before the first byte, as `sending` does for messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.errors import Misconfigured, Refused, TryLater, Unknown
from channels.message import Accepted, Address, NotTaken, Reason
from hub.interactions import copies, progress, receipts
from hub.models import Attempt, Interaction, MailCopy
from hub.models.vocabulary import CopyFate, Kind, State
from hub.outbound import copying, outbox, senders
from hub.outbound.asking import Gate
from hub.outbound.outbox import NewTicket, Ticket
from hub.outbound.patience import EVIDENCE, GIVE_UP, MAY_BE_DOUBLE, SENDS, TROUBLE_REST, back_off


async def put_off(
    session: AsyncSession, ticket: Ticket, channel: str, later: Sequence[NotTaken], *, now: datetime
) -> None:
    """The mail has gone to the others: these wait, under a new ticket."""
    due = now + back_off(1)
    rows = await session.exec(
        _of(ticket.interaction_id).where(col(MailCopy.address).in_([one.address for one in later]))
    )
    said = {one.address: one for one in later}
    for row in rows:
        row.fate, row.reason, row.at = CopyFate.WAITING, said[row.address].reason.value, now
        row.detail = said[row.address].detail[:2000]
        row.attempts, row.put_off_at, row.due_at = 1, now, due
    await session.flush()
    again = NewTicket(ticket.interaction_id, channel, Kind.EMAIL, ticket.priority, due)
    await outbox.put(session, [again], now=now)


def is_late(row: Interaction, known: Sequence[MailCopy]) -> bool:
    """The message itself has left, and somebody is still to get a copy."""
    return row.state not in (State.QUEUED, State.UNKNOWN) and any(one.fate is CopyFate.WAITING for one in known)


async def begin(
    session: AsyncSession, ticket: Ticket, known: Sequence[MailCopy], *, gate: Gate, now: datetime
) -> Address | None:
    """Whom the ticket is for now; from here on the copy may be on the wire. None: nobody waits any more, and the
    ticket is gone."""
    waiting = [one for one in known if one.fate is CopyFate.WAITING]
    await copying.last_look(session, waiting, gate=gate, now=now)
    left = [one for one in waiting if one.fate is CopyFate.WAITING]
    if not left:
        await outbox.drop(session, [ticket])
        return None
    first = min(left, key=_turn)
    first.begun_at, first.attempts = now, first.attempts + 1
    session.add(first)
    await session.flush()
    return Address(Kind.EMAIL, first.address)


def named(known: Sequence[MailCopy]) -> tuple[Address, ...]:
    """Who stood in the mail's Cc when it left."""
    open_ = [one.address for one in known if not one.blind]
    return tuple(Address(Kind.EMAIL, one) for one in open_)


async def still(
    session: AsyncSession,
    trying: Mapping[int, Address],
    known: Mapping[int, Sequence[MailCopy]],
    *,
    gate: Gate,
    now: datetime,
) -> set[int]:
    """Which of these tickets' copies would go now as well."""
    refused = await copying.refused(session, {to.value for to in trying.values()}, gate=gate, now=now) if trying else {}
    return {
        ticket
        for ticket, to in trying.items()
        if to.value not in refused
        and any(one.address == to.value and one.fate is CopyFate.WAITING for one in known.get(ticket, ()))
    }


async def settle(
    session: AsyncSession,
    ticket: Ticket,
    address: str,
    result: Accepted | TryLater | Refused | Unknown | Misconfigured,
    *,
    now: datetime,
) -> None:
    """What became of a try, whose ticket the caller holds."""
    one = await session.get(MailCopy, (ticket.interaction_id, address), with_for_update=True, populate_existing=True)
    if one is not None and one.fate is CopyFate.WAITING:
        one.begun_at = None
        await _settle(session, ticket, one, result, now)
        await session.flush()
    await _next(session, ticket)
    row = await session.get(Interaction, ticket.interaction_id)
    if row is not None:
        await receipts.announce(session, row)


async def lost(session: AsyncSession, ticket: Ticket, *, now: datetime) -> bool:
    """The ticket's worker did not come back: was a copy on the wire? Then nobody knows whether it left."""
    one = await _begun(session, ticket.interaction_id)
    if one is None or one.begun_at is None:
        return False
    session.add(
        Attempt(interaction_id=ticket.interaction_id, started_at=one.begun_at, ended_at=now, outcome="lease_expired")
    )
    gone = Unknown("the worker did not come back", stage="unknown")
    await settle(session, ticket, one.address, gone, now=now)
    return True


async def unbegun(session: AsyncSession, interaction_id: UUID) -> None:
    """Nothing was sent, and the holder of the ticket knows it."""
    one = await _begun(session, interaction_id)
    if one is not None:
        one.begun_at, one.attempts = None, one.attempts - 1
        await session.flush()


async def _settle(session: AsyncSession, ticket: Ticket, one: MailCopy, result: Any, now: datetime) -> None:
    match result:
        case Accepted():
            one.fate, one.reason, one.detail, one.at = CopyFate.ALONG, "", "", now
            await senders.mended(session, ticket.sender_id)
        case Refused():
            await _end(session, one, CopyFate.REFUSED, result.reason, str(result), now, code=result.code)
        case Unknown():
            await _unknown(session, one, str(result), now)
        case TryLater() if not (result.whole_sender or result.stale):
            await _later(session, one, result, now)
        case TryLater():
            one.due_at, one.attempts = now, one.attempts - 1
        case Misconfigured():
            await senders.pause(session, ticket.sender_id, TROUBLE_REST, trouble=str(result))
            one.due_at, one.attempts = now, one.attempts - 1


async def _later(session: AsyncSession, one: MailCopy, error: TryLater, now: datetime) -> None:
    one.due_at = now + max(error.after or timedelta(0), back_off(one.attempts))
    one.detail = str(error)[:2000]
    if one.due_at >= (one.put_off_at or now) + GIVE_UP:
        await _end(session, one, CopyFate.REFUSED, Reason.UNREACHABLE, f"given up after 48 hours: {error}", now)


async def _unknown(session: AsyncSession, one: MailCopy, detail: str, now: datetime) -> None:
    """A copy is service mail: it goes again with the same Message-ID, as the mail itself would."""
    one.doubts, one.detail = one.doubts + 1, detail[:2000]
    one.due_at = now + EVIDENCE
    if one.doubts >= SENDS:
        await _end(session, one, CopyFate.FAILED, Reason.UNKNOWN, detail, now)
    else:
        await progress.flag(session, one.interaction_id, MAY_BE_DOUBLE)


async def _end(
    session: AsyncSession, one: MailCopy, fate: CopyFate, reason: Reason, detail: str, now: datetime, *, code: str = ""
) -> None:
    await session.flush()
    news = copies.News(one.address, fate, reason, reason.hard, detail, code or "refused")
    await copies.learn(session, one.interaction_id, news, now=now)


async def _next(session: AsyncSession, ticket: Ticket) -> None:
    """The ticket waits for whoever's turn is next, or is done with."""
    left = list(await session.exec(_of(ticket.interaction_id).where(col(MailCopy.fate) == CopyFate.WAITING)))
    if left:
        first = min(left, key=_turn)
        await outbox.give_back(session, ticket, due_at=first.due_at or first.at, counted=False)
    else:
        await outbox.drop(session, [ticket])


def _turn(one: MailCopy) -> tuple[datetime, int]:
    return one.due_at or one.at, one.place


async def _begun(session: AsyncSession, interaction_id: UUID) -> MailCopy | None:
    found: MailCopy | None = (
        await session.exec(_of(interaction_id).where(col(MailCopy.begun_at).is_not(None)))
    ).first()
    return found


def _of(interaction_id: UUID) -> Any:
    query = select(MailCopy).where(col(MailCopy.interaction_id) == interaction_id).order_by(col(MailCopy.place))
    return query.with_for_update().execution_options(populate_existing=True)
