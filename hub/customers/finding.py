"""Many customers at once by what a file or a program calls them: our id, another system's number, their addresses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Customer, CustomerMerge, Identity
from hub.models.vocabulary import AddressKind
from hub.sentences import Gap, Sentence


@dataclass(frozen=True, slots=True)
class Whom:
    """Each that is given has to mean the same customer. Addresses in canonical spelling."""

    id: UUID | None = None
    external_id: str = ""
    email: str = ""
    phone: str = ""

    @property
    def given(self) -> tuple[str, ...]:
        """For people to read."""
        return tuple(str(one) for one in (self.external_id, self.email, self.phone, self.id or "") if one)


class NotOne(LookupError):
    """Nobody is meant, or several customers are; says which."""


async def owners(session: AsyncSession, wanted: Sequence[Whom]) -> list[UUID | NotOne]:
    """Who is meant by each. They are locked to the end, so that nobody merges them before they are written about."""
    found = await _found(session, wanted)
    standing = await _locked(session, {one for ids in found for one in ids})
    return [_one(whom, ids & standing) for whom, ids in zip(wanted, found, strict=True)]


def _one(whom: Whom, ids: set[UUID]) -> UUID | NotOne:
    if len(ids) == 1:
        return next(iter(ids))
    gaps: dict[str, Gap] = {"called": ", ".join(whom.given), "many": len(ids)}
    return NotOne(Sentence(_SEVERAL if ids else _NOBODY, gaps))


_NOBODY = Sentence("no customer has %(called)s. Add the customer, or correct the key or address").words
_SEVERAL = Sentence(
    "%(called)s belong to %(many)s different customers. Leave one of them out, or merge the customers"
).words


async def _found(session: AsyncSession, wanted: Sequence[Whom]) -> list[set[UUID]]:
    by_id = await _by_id(session, {one.id for one in wanted if one.id})
    by_key = await _by_key(session, {one.external_id for one in wanted if one.external_id})
    by_address = await _by_address(session, wanted)
    return [
        {
            id_
            for id_ in (
                by_id.get(one.id) if one.id else None,
                by_key.get(one.external_id),
                by_address.get((AddressKind.EMAIL, one.email)),
                by_address.get((AddressKind.PHONE, one.phone)),
            )
            if id_
        }
        for one in wanted
    ]


async def _by_id(session: AsyncSession, ids: set[UUID]) -> dict[UUID, UUID]:
    """Who was merged stands for whoever they have become part of."""
    merged = select(CustomerMerge.loser_id, CustomerMerge.winner_id).where(
        col(CustomerMerge.loser_id).in_(ids), col(CustomerMerge.undone_at).is_(None)
    )
    return {one: one for one in ids} | (dict((await session.exec(merged)).all()) if ids else {})


async def _by_key(session: AsyncSession, keys: set[str]) -> dict[str | None, UUID]:
    if not keys:
        return {}
    key = col(CustomerMerge.loser)["external_id"].astext
    merged = select(key, CustomerMerge.winner_id).where(key.in_(keys), col(CustomerMerge.undone_at).is_(None))
    own = select(Customer.external_id, Customer.id).where(col(Customer.external_id).in_(keys))
    return dict((await session.exec(merged)).all()) | dict((await session.exec(own)).all())


async def _by_address(session: AsyncSession, wanted: Iterable[Whom]) -> dict[tuple[AddressKind, str], UUID]:
    values: dict[AddressKind, set[str]] = defaultdict(set)
    for one in wanted:
        values[AddressKind.EMAIL] |= {one.email} - {""}
        values[AddressKind.PHONE] |= {one.phone} - {""}
    pairs = [(kind, value) for kind, several in values.items() for value in several]
    if not pairs:
        return {}
    query = select(Identity.kind, Identity.value, Identity.customer_id)
    rows = await session.exec(query.where(tuple_(col(Identity.kind), col(Identity.value)).in_(pairs)))
    return {(AddressKind(kind), value): owner for kind, value, owner in rows}


async def _locked(session: AsyncSession, ids: set[UUID]) -> set[UUID]:
    query = select(Customer.id).where(col(Customer.id).in_(ids)).order_by(col(Customer.id))
    return set(await session.exec(query.with_for_update(read=True, key_share=True))) if ids else set()
