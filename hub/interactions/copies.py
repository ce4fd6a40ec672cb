"""Copies of mails as the log knows them: whose they are, and what is learnt when one of them does not arrive.

That the mail reached its recipient is another matter: a copy never moves the message.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind, Progress, Reason, Receipt
from hub.customers import consent, directory
from hub.interactions import lessons, progress
from hub.interactions.reckoning import Standing
from hub.models import MailCopy
from hub.models.vocabulary import AddressKind, CopyFate, Purpose, State

COPY_FAILED = "a copy did not arrive"  # the flag of such a message


@dataclass(frozen=True, slots=True)
class Copy:
    """One address beside the recipient's. `blind`: nobody reads of it in the mail; `reason` says why it got none."""

    address: str
    blind: bool
    fate: CopyFate
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class News:
    """That a copy did not arrive, or was not wanted; `source` is where we know it from."""

    address: str
    fate: CopyFate
    reason: Reason
    hard: bool
    detail: str
    source: str


async def of(session: AsyncSession, interaction_ids: Collection[UUID]) -> dict[UUID, tuple[Copy, ...]]:
    """The copies of these messages, in the order in which they were given."""
    if not interaction_ids:
        return {}
    rows = select(MailCopy).where(col(MailCopy.interaction_id).in_(interaction_ids)).order_by(col(MailCopy.place))
    found: dict[UUID, tuple[Copy, ...]] = {}
    for row in await session.exec(rows):
        one = Copy(row.address, row.blind, row.fate, row.reason, row.detail)
        found[row.interaction_id] = (*found.get(row.interaction_id, ()), one)
    return found


async def had_by(session: AsyncSession, customer_id: UUID, *, before: UUID | None, limit: int) -> list[UUID]:
    """Others' mails of which this customer got a copy, newest first, older than `before`."""
    values = {"customer": customer_id, "before": before, "limit": limit}
    return list((await session.execute(_HAD, values)).scalars())


async def heard(session: AsyncSession, interaction_id: UUID, receipt: Receipt, *, now: datetime) -> None:
    """A report about a copy. What arrives is no news: nobody waits for it."""
    if receipt.reason is Reason.COMPLAINED or (receipt.progress is Progress.FAILED and receipt.reason is not None):
        reason, address = receipt.reason or Reason.UNKNOWN, receipt.recipient.lower()
        news = News(address, CopyFate.FAILED, reason, receipt.hard, receipt.detail, "receipt")
        await learn(session, interaction_id, news, now=now)


async def learn(session: AsyncSession, interaction_id: UUID, news: News, *, now: datetime) -> None:
    """Write down what became of the copy, tell whoever looks at the message, and remember it of the address."""
    row = await session.get(MailCopy, (interaction_id, news.address), with_for_update=True, populate_existing=True)
    if row is None:
        return
    row.fate, row.reason, row.detail, row.at = news.fate, news.reason.value, news.detail[:2000], now
    await session.flush()
    await progress.flag(session, interaction_id, COPY_FAILED)
    owner = await directory.find(session, AddressKind.EMAIL, news.address)
    if owner is None:
        await _of_nobody(session, news, now)
        return
    theirs = Standing(interaction_id, owner.id, None, None, Kind.EMAIL, news.address, State.SENT)
    await lessons.undeliverable(
        session, theirs, news.reason, hard=news.hard, detail=news.detail, source=news.source, now=now
    )


async def _of_nobody(session: AsyncSession, news: News, now: datetime) -> None:
    """An address that no customer has: there is no card, but a complaint is obeyed. The rest the copy's row keeps."""
    if news.reason is Reason.COMPLAINED:
        purpose, reason = Purpose.MARKETING, news.reason.value
        await consent.suppress(
            session, Kind.EMAIL, news.address, purpose=purpose, reason=reason, source=news.source, now=now
        )


# Only what went out: neither what was withheld or taken back, nor a copy that nobody took.
_HAD = text("""
select m.interaction_id from mail_copy m
join identity n on n.kind = 'email' and n.value = m.address
join interaction i on i.id = m.interaction_id
where n.customer_id = :customer and i.customer_id <> :customer and m.fate in ('along', 'failed')
  and i.state not in ('withheld', 'cancelled', 'expired')
  and (cast(:before as uuid) is null or m.interaction_id < cast(:before as uuid))
order by m.interaction_id desc limit :limit
""")
