"""Who may be one person: found by the keys that customers share, kept with the reasons, and remembered when refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.customers import blocking, directory
from hub.customers.matching import Field, Grade, Likeness, Match, compare
from hub.customers.persons import persons
from hub.models import CustomerKeys, MergeSuggestion

SLICE = 500  # customers looked at in one transaction
NOBODY = UUID(int=0)  # where `advance` begins
COMMON = 50  # a key that more customers share tells nothing


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two customers, and how each field that both cards know agrees."""

    one_id: UUID
    other_id: UUID
    one_name: str
    other_name: str
    bits: float
    sure: bool
    findings: tuple[tuple[Field, Grade], ...]

    @property
    def cursor(self) -> str:
        """What to pass as `after` for the page that begins behind this one."""
        return f"{self.bits}:{self.one_id}:{self.other_id}"

    def other(self, customer_id: UUID) -> tuple[UUID, str]:
        """Whom a customer of the two is suggested to be."""
        return (self.other_id, self.other_name) if customer_id == self.one_id else (self.one_id, self.one_name)


async def look(session: AsyncSession, customer_id: UUID, *, now: datetime) -> None:
    """Whether somebody may be the same person as this customer, if anything changed since it was asked."""
    stale = (await session.execute(text(_STALE_ONE), {"id": customer_id, "after": NOBODY})).first()
    if stale is not None:
        await _look_at(session, [customer_id], now)


async def advance(session: AsyncSession, after: UUID, *, now: datetime, limit: int = SLICE) -> UUID | None:
    """The same for the next customers of whom something changed; the last of them, None when there are no more."""
    some = list((await session.execute(text(_STALE), {"after": after, "limit": limit})).scalars())
    if not some:
        return None
    await _look_at(session, some, now)
    return UUID(str(some[-1]))


async def refuse(session: AsyncSession, one: UUID, other: UUID, *, staff_id: int | None, now: datetime) -> None:
    """They are two people; nobody is asked again. Raises NotFound."""
    if one == other:
        return
    for each in (one, other):
        await directory.get(session, each)
    low, high = min(one, other), max(one, other)
    plain: dict[str, Any] = {"one_id": low, "other_id": high, "bits": 0.0, "sure": False, "findings": {}}
    row = insert(MergeSuggestion).values(**plain, found_at=now, refused_at=now, refused_by=staff_id)
    said = {"refused_at": now, "refused_by": staff_id}
    await session.exec(row.on_conflict_do_update(index_elements=["one_id", "other_id"], set_=said))
    for each in (one, other):
        await live.publish(session, "customer", id=each)


async def of(session: AsyncSession, customer_id: UUID, *, limit: int = 5) -> list[Suggestion]:
    """Who may be the same person as this customer, the likeliest first."""
    return await _listed(session, f"{_LISTED} and :id in (s.one_id, s.other_id) {_ORDER}", id=customer_id, limit=limit)


async def listing(session: AsyncSession, *, after: str = "", limit: int = 50) -> list[Suggestion]:
    """All of them, the likeliest first. `after` is the `cursor` of the last one of the page before."""
    bits, one, other = _position(after)
    page = "and (-s.bits, s.one_id, s.other_id) > (:bits, cast(:one as uuid), cast(:other as uuid))"
    return await _listed(session, f"{_LISTED} {page} {_ORDER}", bits=bits, one=one, other=other, limit=limit)


async def sure(session: AsyncSession, *, limit: int) -> list[Suggestion]:
    """Those that may be merged without a person, where that is allowed."""
    return await _listed(session, f"{_LISTED} and s.sure {_ORDER}", limit=limit)


async def still_sure(session: AsyncSession, one: UUID, other: UUID, *, now: datetime) -> bool:
    """Whether the two are sure by what their cards say now. If not, what was suggested of both is found anew."""
    if (await explained(session, one, other)).likeness is Likeness.SURE:
        return True
    await _look_at(session, sorted((one, other)), now)
    return False


async def explained(session: AsyncSession, one: UUID, other: UUID) -> Match:
    """How two customers agree, whether or not anybody suggested it."""
    both = await persons(session, [one, other])
    for each in (one, other):
        if each not in both:
            await directory.get(session, each)
    return compare(both[one], both[other])


async def _listed(session: AsyncSession, statement: str, **values: Any) -> list[Suggestion]:
    rows = (await session.execute(text(statement), values)).mappings()
    return [Suggestion(**{**row, "findings": _findings(row["findings"])}) for row in rows]


def _findings(told: Any) -> tuple[tuple[Field, Grade], ...]:
    return tuple((Field(field), Grade(told[field])) for field in Field if field in told)


def _position(after: str) -> tuple[float, str, str]:
    try:
        bits, one, other = after.split(":")
        return -float(bits), str(UUID(one)), str(UUID(other))
    except ValueError:
        return float("-inf"), str(UUID(int=0)), str(UUID(int=0))


# ---- finding --------------------------------------------------------------------------------


async def _look_at(session: AsyncSession, customers: Sequence[UUID], now: datetime) -> None:
    """Their keys as they are now, and who else has one of them."""
    known = await persons(session, customers)
    await _keep_keys(session, [(one, sorted(blocking.keys(who))) for one, who in known.items()], now)
    pairs = {_pair(one, other) for one, other in await _sharing(session, known)}
    everybody = known | await persons(session, {each for pair in pairs for each in pair} - set(known))
    found = {pair: compare(everybody[pair[0]], everybody[pair[1]]) for pair in pairs if everybody.keys() >= set(pair)}
    likely = {pair: match for pair, match in found.items() if match.likeness is not Likeness.APART}
    await _forget_others(session, list(known), likely)
    await _keep(session, likely, now)


def _pair(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    return (one, other) if one < other else (other, one)


async def _sharing(session: AsyncSession, customers: Collection[UUID]) -> Sequence[tuple[UUID, UUID]]:
    """Each of these customers with each other who has one of their keys."""
    values = {"ids": list(customers), "most": COMMON + 1, "common": COMMON}
    await session.execute(_BY_INDEX)
    rows = [(one, other) for one, other in await session.execute(text(_CANDIDATES), values)]
    await session.execute(_AS_USUAL)
    return rows


# The database does not know how few share a key: it would rather read everybody's until it has found fifty-one who do.
_BY_INDEX, _AS_USUAL = text("set local enable_seqscan = off"), text("reset enable_seqscan")


async def _keep_keys(session: AsyncSession, rows: Iterable[tuple[UUID, list[int]]], now: datetime) -> None:
    values = [{"customer_id": one, "keys": keys, "at": now} for one, keys in rows]
    if values:
        given = insert(CustomerKeys).values(values)
        changed = {"keys": given.excluded["keys"], "at": given.excluded["at"]}
        await session.exec(given.on_conflict_do_update(index_elements=["customer_id"], set_=changed))


async def _forget_others(session: AsyncSession, customers: list[UUID], likely: Collection[tuple[UUID, UUID]]) -> None:
    """What was suggested of them before, and is not any more."""
    values = {"ids": customers, "ones": [one for one, _ in likely], "others": [other for _, other in likely]}
    await session.execute(text(_FORGET), values)


async def _keep(session: AsyncSession, likely: dict[tuple[UUID, UUID], Match], now: datetime) -> None:
    rows = [
        {
            "one_id": one,
            "other_id": other,
            "bits": match.bits,
            "sure": match.likeness is Likeness.SURE,
            "findings": {each.field.value: each.grade.value for each in match.findings},
            "found_at": now,
        }
        for (one, other), match in sorted(likely.items(), key=lambda found: found[0])  # all lock in one order
    ]
    if rows:
        given = insert(MergeSuggestion).values(rows)
        changed = {name: given.excluded[name] for name in ("bits", "sure", "findings")}
        index = [col(MergeSuggestion.one_id), col(MergeSuggestion.other_id)]
        await session.exec(given.on_conflict_do_update(index_elements=index, set_=changed))


_CHANGED = """
from customer c left join customer_keys k on k.customer_id = c.id
where c.id > :after and (k.at is null or k.at < c.updated_at
  or exists (select from identity i where i.customer_id = c.id and i.created_at > k.at))
"""
_STALE_ONE = f"select 1 {_CHANGED} and c.id = :id"
_STALE = f"select c.id {_CHANGED} order by c.id limit :limit"
# Each key is looked up once, however many have it: the index reads all who share it before it stops at the limit.
_CANDIDATES = """
with mine as materialized (
  select k.customer_id, unnest(k.keys) as key from customer_keys k where k.customer_id = any(:ids)),
sharing as materialized (
  select once.key, (select array_agg(t.customer_id) from (
    select k.customer_id from customer_keys k where k.keys @> array[once.key] limit :most) t) as ids
  from (select distinct key from mine) as once)
select distinct mine.customer_id, other.customer_id
from mine join sharing using (key) cross join unnest(sharing.ids) as other(customer_id)
where cardinality(sharing.ids) <= :common and other.customer_id <> mine.customer_id
"""
_FORGET = """
delete from merge_suggestion s where s.refused_at is null and (s.one_id = any(:ids) or s.other_id = any(:ids))
  and not exists (select from unnest(cast(:ones as uuid[]), cast(:others as uuid[])) as t(one, other)
                  where t.one = s.one_id and t.other = s.other_id)
"""
_LISTED = """
select s.one_id, s.other_id, a.name as one_name, b.name as other_name, s.bits, s.sure, s.findings
from merge_suggestion s join customer a on a.id = s.one_id join customer b on b.id = s.other_id
where s.refused_at is null
"""
_ORDER = "order by -s.bits, s.one_id, s.other_id limit :limit"
