"""Money given back for a purchase: each refund counts once, and the purchase is worth what is left of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers.purchases import Written
from hub.models import Purchase, Refund
from hub.sentences import Gap, Sentence


@dataclass(frozen=True, slots=True)
class Told:
    """A refund as another system tells it. `of`: the number of the purchase in the same system; `amount` above zero.

    `currency` empty: the purchase's.
    """

    source: str
    number: str
    of: str
    at: datetime
    amount: Decimal
    currency: str = ""


class NotRefundable(ValueError):
    """There is nothing that it could be a refund of; says why."""


async def record(session: AsyncSession, told: Sequence[Told], *, update: bool = False) -> list[Written | NotRefundable]:
    """Write them down, each number of a source once: what became of each. `update`: what was told otherwise changes."""
    return [await _record(session, one, update=update) for one in told]


async def _record(session: AsyncSession, told: Told, *, update: bool) -> Written | NotRefundable:
    purchase = await _purchase(session, told)
    known = await _known(session, told)
    if isinstance(purchase, NotRefundable):
        return purchase
    if known is not None and _same(known, told, purchase):
        return Written.KNOWN
    if known is not None and (not update or known.purchase_id != purchase.id):
        return Written.DIFFERS
    before = known.amount if known is not None else Decimal(0)
    if problem := _too_much(purchase, told, before):
        return problem
    purchase.refunded += told.amount - before
    row = known or Refund(
        purchase_id=purchase.id or 0, source=told.source, number=told.number, at=told.at, amount=before
    )
    row.at, row.amount = told.at, told.amount
    session.add_all([purchase, row])
    await session.flush()
    return Written.ADDED if known is None else Written.CHANGED


async def _purchase(session: AsyncSession, told: Told) -> Purchase | NotRefundable:
    """Locked, so that refunds of one purchase come one after the other."""
    query = select(Purchase).where(Purchase.source == told.source, Purchase.number == told.of).with_for_update()
    found = (await session.exec(query.execution_options(populate_existing=True))).first()
    gaps: dict[str, Gap] = {"number": told.of, "source": told.source}
    if found is None:
        words = "There is no purchase “%(number)s” of “%(source)s” to be refunded. Tell of the purchase first"
        return NotRefundable(Sentence(words, gaps))
    if told.currency and told.currency != found.currency:
        gaps |= {"currency": found.currency, "other": told.currency}
        words = "The purchase “%(number)s” was paid in %(currency)s and cannot be refunded in %(other)s"
        return NotRefundable(Sentence(words, gaps))
    return found


async def _known(session: AsyncSession, told: Told) -> Refund | None:
    query = select(Refund).where(col(Refund.source) == told.source, col(Refund.number) == told.number)
    return (await session.exec(query.execution_options(populate_existing=True))).first()


def _same(known: Refund, told: Told, purchase: Purchase) -> bool:
    return (known.purchase_id, known.at, known.amount) == (purchase.id, told.at, told.amount)


def _too_much(purchase: Purchase, told: Told, before: Decimal) -> NotRefundable | None:
    left = purchase.amount - purchase.refunded + before
    if told.amount <= left:
        return None
    gaps: dict[str, Gap] = {"number": told.of, "amount": str(told.amount), "left": str(left)}
    words = "%(amount)s are more than the %(left)s that are left of the purchase “%(number)s”. Correct one of the two"
    return NotRefundable(Sentence(words, gaps))
