"""What the hub knows about customers that bears on the gate's answer, read for many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import first_uuid7
from hub.database.engine import fetch
from hub.models import ChannelPreference, Consent, Customer, Identity, Suppression
from hub.models.records import records
from hub.models.vocabulary import AddressKind, ConversationState, Kind, Purpose, State
from hub.outbound import clauses
from hub.outbound.brakes import AutomaticAnswer
from hub.outbound.question import COMPLAINT, NEVER_LEFT, WEEK, Facts

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T", bound=SQLModel)
_NOTHING: Final[Mapping[Any, Any]] = {}


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
    customers = await _rows(session, Customer, "id = any($1::uuid[])", ids)
    known = await _read(session, ids, elsewhere, now)
    return {customer.id: _of(customer, known) for customer in customers}


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of all of them, by customer; suppressions by address."""

    identities: Mapping[UUID, tuple[Identity, ...]]
    elsewhere: Mapping[UUID, tuple[Identity, ...]]
    consents: Mapping[UUID, tuple[Consent, ...]]
    rankings: Mapping[UUID, Mapping[Purpose, tuple[Kind, ...]]]
    suppressions: Mapping[str, tuple[Suppression, ...]]
    troubles: _Troubles
    lately: _Lately


async def _read(
    session: AsyncSession, ids: list[UUID], elsewhere: Collection[tuple[UUID, str]], now: datetime
) -> _Known:
    identities = await _rows(session, Identity, "customer_id = any($1::uuid[])", ids)
    consents = await _rows(session, Consent, "customer_id = any($1::uuid[]) order by id", ids)
    wished = await _elsewhere(session, elsewhere, now)
    return _Known(
        identities=_grouped((i.customer_id, i) for i in identities),
        elsewhere=_grouped((i.customer_id, i) for i in wished),
        consents=_grouped((c.customer_id, c) for c in consents),
        rankings=await _rankings(session, ids),
        suppressions=await _suppressions(session, {i.value for i in (*identities, *wished)}),
        troubles=await _troubled(session, ids),
        lately=await _lately(session, ids, now),
    )


def _of(customer: Customer, known: _Known) -> Facts:
    id_, troubles, lately = customer.id, known.troubles, known.lately
    own, elsewhere = known.identities.get(id_, ()), known.elsewhere.get(id_, ())
    return Facts(
        customer=customer,
        identities=own,
        consents=known.consents.get(id_, ()),
        rankings=known.rankings.get(id_),
        suppressions=tuple(row for i in (*own, *elsewhere) for row in known.suppressions.get(i.value, ())),
        lately={key: tuple(some) for key, some in lately.counted.get(id_, _NOTHING).items()},
        leaving=frozenset(lately.leaving.get(id_, ())),
        automatic=lately.automatic.get(id_, _NOTHING),
        complaining=id_ in troubles.complaining or COMPLAINT in customer.labels,
        promised=troubles.promised.get(id_),
        waiting=troubles.waiting.get(id_),
        elsewhere=elsewhere,
    )


async def _rows(session: AsyncSession, table: type[T], wanted: str, *values: object) -> list[T]:
    reading = records(table)
    return reading.read(await fetch(session, f"{reading.select} where {wanted}", *values))


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
    rows = await _rows(session, ChannelPreference, "customer_id = any($1::uuid[])", ids)
    found: dict[UUID, dict[Purpose, tuple[Kind, ...]]] = defaultdict(dict)
    for row in rows:
        found[row.customer_id][row.purpose] = tuple(Kind(word) for word in row.channels)
    return found


async def _suppressions(session: AsyncSession, values: Collection[str]) -> dict[str, tuple[Suppression, ...]]:
    rows = await _rows(session, Suppression, "value = any($1::text[])", list(values))
    return _grouped((row.value, row) for row in rows)


_UNSETTLED = f"""
select customer_id, flag, state, last_inbound_at, due_at from conversation v
where customer_id = any($1::uuid[]) and {clauses.unsettled("v")}
"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class _Troubles:
    """Who complains, when somebody's earliest promised answer is due, and since when their oldest open question waits
    to which none is promised: a person answers it and it waits no more.
    """

    complaining: frozenset[UUID]
    promised: Mapping[UUID, datetime]
    waiting: Mapping[UUID, datetime]


async def _troubled(session: AsyncSession, ids: list[UUID]) -> _Troubles:
    rows = await fetch(session, _UNSETTLED, ids)
    return _Troubles(
        frozenset(customer for customer, flag, *_ in rows if flag == COMPLAINT),
        promised=_earliest((customer, due) for customer, _, _, _, due in rows),
        waiting=_earliest(
            (customer, heard)
            for customer, _, state, heard, due in rows
            if state == ConversationState.OPEN and due is None
        ),
    )


def _earliest(moments: Iterable[tuple[UUID, datetime | None]]) -> dict[UUID, datetime]:
    found: dict[UUID, datetime] = {}
    for customer, at in moments:
        if at is not None:
            found[customer] = min(found.get(customer, at), at)
    return found


# The last week's messages for purposes other than service, and automatic answers, without what was refused or never
# arrived.
_LATELY = f"""
select customer_id, id, purpose, at, kind, recipient, conversation_id, occasion, state_rank from interaction i
where customer_id = any($1::uuid[]) and {clauses.counted("i", week="$2", never_left="$3::text[]")}
  and (purpose <> 'service' or (origin = 'automation' and in_reply_to <> '')) order by id
"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class _Lately:
    """Oldest first: what counts, which of it is leaving or has left, and the answers that nobody wrote."""

    counted: dict[UUID, dict[tuple[Kind | None, Purpose], list[UUID]]] = field(default_factory=dict)
    leaving: dict[UUID, list[UUID]] = field(default_factory=dict)
    automatic: dict[UUID, dict[UUID, AutomaticAnswer]] = field(default_factory=dict)


async def _lately(session: AsyncSession, ids: list[UUID], now: datetime) -> _Lately:
    found, begun = _Lately(), State.SENDING.rank
    rows = await fetch(session, _LATELY, ids, first_uuid7(now - WEEK), list(NEVER_LEFT))
    for customer, id_, purpose, at, word, recipient, conversation, occasion, rank in rows:
        kind = Kind(word)
        if purpose == Purpose.SERVICE:
            answer = AutomaticAnswer(at, kind, recipient, conversation, occasion)
            found.automatic.setdefault(customer, {})[id_] = answer
            continue
        found.counted.setdefault(customer, {}).setdefault((kind, Purpose(purpose)), []).append(id_)
        if rank >= begun:
            found.leaving.setdefault(customer, []).append(id_)
    return found


def _grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, tuple[V, ...]]:
    groups: dict[K, list[V]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return {key: tuple(values) for key, values in groups.items()}
