"""What the hub knows about customers that bears on the gate's answer, read for many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Row
from sqlalchemy import select as sa_select
from sqlmodel import and_, col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import first_uuid7
from hub.models import ChannelPreference, Consent, Conversation, Customer, Identity, Interaction, Suppression
from hub.models.vocabulary import AddressKind, ConversationState, Direction, Kind, Origin, Purpose, State
from hub.outbound.brakes import AutomaticAnswer
from hub.outbound.question import Facts

WEEK = timedelta(days=7)
COMPLAINT = "complaint"  # the flag of a conversation, or the label of a customer, that keeps marketing away
NEVER_LEFT = (State.WITHHELD, State.FAILED, State.EXPIRED, State.CANCELLED)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T")


async def facts(
    session: AsyncSession,
    customer_ids: Collection[UUID],
    *,
    now: datetime,
    elsewhere: Collection[tuple[UUID, str]] = (),
) -> Mapping[UUID, Facts]:
    """The facts of these customers; one that does not exist is not in the answer. Seven statements, however many.

    `elsewhere`: (customer, address) where somebody asked to be answered without it being one of their own.
    """
    ids = list(set(customer_ids))
    customers = await _rows(session, Customer, col(Customer.id).in_(ids))
    identities = await _rows(session, Identity, col(Identity.customer_id).in_(ids))
    consents = await _rows(session, Consent, col(Consent.customer_id).in_(ids))
    consents.sort(key=lambda row: row.id or 0)
    by_identity = _grouped((i.customer_id, i) for i in identities)
    by_consent = _grouped((c.customer_id, c) for c in consents)
    rankings = await _rankings(session, ids)
    wanted = await _elsewhere(session, elsewhere, now)
    suppressions = await _suppressions(session, {i.value for i in (*identities, *wanted)})
    by_wish = _grouped((i.customer_id, i) for i in wanted)
    complaining, promised, waiting = await _troubled(session, ids)
    lately, leaving, automatic = await _lately(session, ids, now)
    return {
        customer.id: Facts(
            customer=customer,
            identities=by_identity.get(customer.id, ()),
            consents=by_consent.get(customer.id, ()),
            rankings=rankings.get(customer.id),
            suppressions=tuple(
                row
                for i in (*by_identity.get(customer.id, ()), *by_wish.get(customer.id, ()))
                for row in suppressions.get(i.value, ())
            ),
            lately=_grouped(lately.get(customer.id, ())),
            leaving=frozenset(leaving.get(customer.id, ())),
            automatic=dict(automatic.get(customer.id, ())),
            complaining=customer.id in complaining or COMPLAINT in customer.labels,
            promised=promised.get(customer.id),
            waiting=waiting.get(customer.id),
            elsewhere=by_wish.get(customer.id, ()),
        )
        for customer in customers
    }


async def _rows(session: AsyncSession, table: type[T], wanted: ColumnElement[bool]) -> list[T]:
    """To be read only: rows with the columns of the table cost a fifth of what its objects do."""
    columns = table.__table__.columns  # type: ignore[attr-defined]
    return cast("list[T]", list((await session.execute(sa_select(*columns).where(wanted))).all()))


async def _elsewhere(session: AsyncSession, wished: Collection[tuple[UUID, str]], now: datetime) -> list[Identity]:
    """Addresses that are nobody's, as if they were the customer's; one that has an owner is not lent to another."""
    if not wished:
        return []
    values = {value for _, value in wished}
    owned = select(Identity.value).where(col(Identity.kind) == AddressKind.EMAIL, col(Identity.value).in_(values))
    taken = (await session.exec(owned)).all()
    return [
        Identity(customer_id=customer, kind=AddressKind.EMAIL, value=value, created_at=now)
        for customer, value in wished
        if value not in taken
    ]


async def _rankings(session: AsyncSession, ids: list[UUID]) -> dict[UUID, dict[Purpose, tuple[Kind, ...]]]:
    rows = await _rows(session, ChannelPreference, col(ChannelPreference.customer_id).in_(ids))
    found: dict[UUID, dict[Purpose, tuple[Kind, ...]]] = defaultdict(dict)
    for row in rows:
        found[row.customer_id][row.purpose] = tuple(Kind(word) for word in row.channels)
    return found


async def _suppressions(session: AsyncSession, values: Collection[str]) -> dict[str, tuple[Suppression, ...]]:
    rows = await _rows(session, Suppression, col(Suppression.value).in_(values))
    return _grouped((row.value, row) for row in rows)


async def _troubled(
    session: AsyncSession, ids: list[UUID]
) -> tuple[frozenset[UUID], dict[UUID, datetime], dict[UUID, datetime]]:
    """Who complains, when somebody's earliest promised answer is due, and since when their oldest open question waits
    to which none is promised: a person answers it and it waits no more.
    """
    unsettled = sa_select(
        *(col(Conversation.customer_id), col(Conversation.flag), col(Conversation.state)),
        *(col(Conversation.last_inbound_at), col(Conversation.due_at)),
    ).where(col(Conversation.customer_id).in_(ids), col(Conversation.state) != ConversationState.RESOLVED)
    rows = (await session.execute(unsettled)).all()
    promised = _earliest((row.customer_id, row.due_at) for row in rows)
    unpromised = (row for row in rows if row.state is ConversationState.OPEN and row.due_at is None)
    waiting = _earliest((row.customer_id, row.last_inbound_at) for row in unpromised)
    return frozenset(row.customer_id for row in rows if row.flag == COMPLAINT), promised, waiting


def _earliest(moments: Iterable[tuple[UUID, datetime | None]]) -> dict[UUID, datetime]:
    found: dict[UUID, datetime] = {}
    for customer, at in moments:
        if at is not None:
            found[customer] = min(found.get(customer, at), at)
    return found


async def _lately(
    session: AsyncSession, ids: list[UUID], now: datetime
) -> tuple[
    dict[UUID, tuple[tuple[tuple[Kind | None, Purpose], UUID], ...]],
    dict[UUID, tuple[UUID, ...]],
    dict[UUID, tuple[tuple[UUID, AutomaticAnswer], ...]],
]:
    """The last week's messages for purposes other than service, which of them leave or left, and automatic answers.

    Oldest first, without what was refused or never arrived.
    """
    columns = (
        *(col(Interaction.customer_id), col(Interaction.id), col(Interaction.purpose), col(Interaction.at)),
        *(col(Interaction.kind), col(Interaction.recipient), col(Interaction.conversation_id)),
        *(col(Interaction.occasion), col(Interaction.state_rank)),
    )
    nobody_wrote = and_(col(Interaction.origin) == Origin.AUTOMATION, col(Interaction.in_reply_to) != "")
    wanted = (
        col(Interaction.customer_id).in_(ids),
        col(Interaction.id) >= first_uuid7(now - WEEK),
        or_(col(Interaction.purpose) != Purpose.SERVICE, nobody_wrote),
        col(Interaction.direction) == Direction.OUT,
        col(Interaction.state).not_in(NEVER_LEFT),
    )
    rows = (await session.execute(sa_select(*columns).where(*wanted).order_by(col(Interaction.id)))).all()
    counted = [row for row in rows if row.purpose is not Purpose.SERVICE]
    return (
        _grouped((row.customer_id, ((row.kind, row.purpose), row.id)) for row in counted),
        _grouped((row.customer_id, row.id) for row in counted if row.state_rank >= State.SENDING.rank),
        _grouped((row.customer_id, (row.id, _automatic(row))) for row in rows if row.purpose is Purpose.SERVICE),
    )


def _automatic(row: Row[Any]) -> AutomaticAnswer:
    return AutomaticAnswer(row.at, row.kind, row.recipient, row.conversation_id, row.occasion)


def _grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, tuple[V, ...]]:
    groups: dict[K, list[V]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return {key: tuple(values) for key, values in groups.items()}
