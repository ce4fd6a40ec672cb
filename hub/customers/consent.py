"""The consent ledger and the suppression list: what customers allowed, and which addresses nobody may write to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub import live
from hub.models import Consent, Suppression
from hub.models.vocabulary import Purpose


@dataclass(frozen=True, slots=True)
class Statement:
    """What a customer said about being written to. `purpose` or `channel` None: about all of them."""

    customer_id: UUID
    purpose: Purpose | None
    channel: Kind | None
    granted: bool
    source: str  # "STOP by SMS", "one-click", "told an agent", "import"
    wording: str = ""
    wording_version: str = ""
    evidence: str = ""  # an interaction id, an IP address, a form
    staff_id: int | None = None
    topic: str = ""  # about this alone; empty: about the purpose as a whole


async def record(session: AsyncSession, statement: Statement, *, now: datetime) -> Consent:
    """Add a row to the ledger. Rows are never changed: the latest one that speaks of a case counts (requirement G3)."""
    row = Consent(
        customer_id=statement.customer_id,
        at=now,
        channel=statement.channel,
        purpose=statement.purpose,
        granted=statement.granted,
        wording=statement.wording[:2000],
        wording_version=statement.wording_version,
        source=statement.source,
        evidence=statement.evidence,
        staff_id=statement.staff_id,
        topic=statement.topic,
    )
    session.add(row)
    await session.flush()
    await live.publish(session, "customer", id=statement.customer_id)
    return row


async def ledger(session: AsyncSession, customer_id: UUID) -> list[Consent]:
    """Everything a customer ever said, newest first."""
    rows = select(Consent).where(col(Consent.customer_id) == customer_id).order_by(col(Consent.id).desc())
    return list(await session.exec(rows))


def standing(rows: Sequence[Consent], purpose: Purpose | None, channel: Kind | None, topic: str = "") -> Consent | None:
    """The latest row that speaks of this purpose and channel, in whatever order the rows come. Pure.

    Asked with None, only rows that speak of all purposes or all channels count. Of a topic the narrower row counts,
    but for a no to the whole that came after a yes to the topic, or that stands beside a no to it.
    """
    speaking = [r for r in rows if r.purpose in (None, purpose) and r.channel in (None, channel)]
    whole = _latest([row for row in speaking if not row.topic])
    narrow = _latest([row for row in speaking if row.topic and row.topic == topic])
    if whole is None or narrow is None:
        return narrow or whole
    return narrow if whole.granted or (narrow.granted and (narrow.id or 0) > (whole.id or 0)) else whole


def unsaid(rows: Sequence[Consent], purpose: Purpose, channel: Kind | None) -> list[Kind | None]:
    """For which channels (None: all) a yes told by others may be written, so that it turns no word of the customer's.

    Pure. A yes to all channels counts for those alone that no word was said of, where the customer has refused one.
    """
    if standing(rows, purpose, channel) is not None:
        return []
    said = {kind: standing(rows, purpose, kind) for kind in Kind}
    if channel is not None or all(word is None or word.granted for word in said.values()):
        return [channel]
    return [kind for kind, word in said.items() if word is None]


def _latest(rows: Sequence[Consent]) -> Consent | None:
    return max(rows, key=lambda row: row.id or 0, default=None)


async def suppress(
    session: AsyncSession,
    kind: Kind,
    value: str,
    *,
    purpose: Purpose | None,
    reason: str,
    source: str,
    now: datetime,
) -> bool:
    """Nobody writes to this address any more, for this purpose or (None) at all. False when that was so already."""
    row = {"kind": kind, "value": value, "purpose": purpose, "reason": reason, "source": source, "at": now}
    added = await session.exec(
        insert(Suppression).values(**row).on_conflict_do_nothing().returning(col(Suppression.id))
    )
    return added.first() is not None


async def lift(session: AsyncSession, kind: Kind, value: str, *, purpose: Purpose | None) -> bool:
    """Take exactly this suppression off the list; the ledger keeps who asked for that. False when there was none."""
    gone = await session.exec(
        delete(Suppression).where(
            col(Suppression.kind) == kind,
            col(Suppression.value) == value,
            col(Suppression.purpose).is_not_distinct_from(purpose),
        )
    )
    return bool(gone.rowcount)


async def suppressions(session: AsyncSession, addresses: Collection[tuple[Kind, str]]) -> list[Suppression]:
    """Every suppression of these (channel kind, address) pairs."""
    if not addresses:
        return []
    pairs = tuple_(col(Suppression.kind), col(Suppression.value)).in_(addresses)
    return list(await session.exec(select(Suppression).where(pairs).order_by(col(Suppression.id))))
