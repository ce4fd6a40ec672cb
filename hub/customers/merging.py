"""Two customers become one: everything of the loser is the winner's, and what was moved is written down.

The loser's row goes, so that no list, segment or greeting can mean them; whoever asks for them is told of the winner.
Taking it back is `parting`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.clock import uuid7
from hub.customers import combining, consent, directory, identities, keyed, moving, stricter
from hub.customers.moving import Way
from hub.models import CustomerMerge, Erasure
from hub.models.vocabulary import ErasureState
from hub.sentences import Sentence

SOURCE = "merge"
# Whoever writes a campaign's rows holds it shared, whoever deletes a customer alone: see 0003_dispatch.
NOBODY_IS_WRITTEN_TO = text(f"select pg_advisory_xact_lock({0x437573746F6D6572})")


class CannotMerge(ValueError):
    """It would be a customer with themselves, or with everybody who hides their number; or there is no such field."""


async def merge(
    session: AsyncSession,
    winner_id: UUID,
    loser_id: UUID,
    *,
    kept: Collection[str] = (),
    staff_id: int | None,
    now: datetime,
) -> CustomerMerge:
    """Everything of the loser into the winner, in the caller's transaction.

    `kept`: what the card says as the loser's did (`combining.CHOICES`). Of two merges at once the second finds what the
    first left. Raises NotFound, Merged, CannotMerge.
    """
    if winner_id == loser_id:
        raise CannotMerge(Sentence("That is the same customer"))
    if set(kept) - set(combining.CHOICES):
        raise CannotMerge(Sentence("That cannot be chosen"))
    way = Way(of=loser_id, into=winner_id)
    winner, loser = await locked(session, way)
    await _demand_mergeable(session, way)
    moved = await _moved(session, way, staff_id, now)
    changes = combining.combined(winner, loser, kept=kept)
    await change(session, winner_id, changes, now)
    row = CustomerMerge(
        id=uuid7(now),
        at=now,
        staff_id=staff_id,
        loser_id=loser_id,
        into_id=winner_id,
        winner_id=winner_id,
        loser=loser,
        fields={"before": {name: winner[name] for name in changes}, "after": changes},
        moved=moved,
    )
    session.add(row)
    await session.flush()
    await tell(session, loser_id, winner_id)
    return row


_EVERYBODY = Sentence(
    "One of the two is everybody who hides their number: merged, all of them would be one customer. "
    "Log the call on the customer's page instead."
)


async def _demand_mergeable(session: AsyncSession, way: Way) -> None:
    """Raises CannotMerge."""
    if await identities.hides(session, way.into, way.of):
        raise CannotMerge(_EVERYBODY)
    if await _is_being_erased(session, way.into, way.of):
        raise CannotMerge(Sentence("One of the two is being erased. What is left in a moment can be merged."))


async def _moved(session: AsyncSession, way: Way, staff_id: int | None, now: datetime) -> dict[str, Any]:
    """Every row of the loser's is the winner's, and the loser is gone; what there was of it, for parting them again."""
    ledgers = await consent.ledger(session, way.into), await consent.ledger(session, way.of)
    moved = await _everything(session, way, now)
    moved["rows"].setdefault("consent", [])
    await _refuse(session, ledgers, moved, way, staff_id, now)
    moved["ledger"] = (await session.execute(text("select coalesce(max(id), 0) from consent"))).scalar_one()
    await session.execute(text("delete from customer where id = :of"), {"of": way.of})
    return moved


async def _is_being_erased(session: AsyncSession, *customers: UUID) -> bool:
    rows = select(Erasure.id).where(col(Erasure.subject_id).in_(customers), col(Erasure.state) != ErasureState.DONE)
    return (await session.exec(rows.limit(1))).first() is not None


async def locked(session: AsyncSession, way: Way) -> tuple[dict[str, Any], dict[str, Any]]:
    """The rows of winner and loser, which nobody writes anything for until the end. Raises NotFound, Merged."""
    await _forget_what_was_read(session)
    await session.execute(NOBODY_IS_WRITTEN_TO)
    statement = "select to_jsonb(c) from customer c where id in (:of, :into) order by id for update"
    rows = {row["id"]: row for row in (await session.execute(text(statement), way.values)).scalars()}
    for one in (way.into, way.of):
        if str(one) not in rows:
            await directory.get(session, one)  # says what became of them
            raise directory.NotFound(one)
    return rows[str(way.into)], rows[str(way.of)]


async def change(session: AsyncSession, customer_id: UUID, changes: Mapping[str, Any], now: datetime) -> None:
    """Columns as JSON holds them."""
    names = ", ".join(f"{name} = n.{name}" for name in changes)
    if names:
        row = text(
            f"update customer c set {names} from jsonb_populate_record(null::customer, :row) n where c.id = :id"  # noqa: S608
        ).bindparams(moving.as_json("row"))
        await session.execute(row, {"row": dict(changes), "id": customer_id})
    await session.execute(_TOUCH, {"id": customer_id, "now": now})


_TOUCH = text("""
with old as (delete from customer_keys where customer_id = :id)
update customer set updated_at = :now where id = :id
""")


async def tell(session: AsyncSession, *customers: UUID) -> None:
    """Open pages of both look again."""
    await _forget_what_was_read(session)
    for one in customers:
        await live.publish(session, "customer", id=one)


async def _forget_what_was_read(session: AsyncSession) -> None:
    """Statements change what the session has objects of."""
    await session.flush()
    session.expunge_all()


async def _everything(session: AsyncSession, way: Way, now: datetime) -> dict[str, Any]:
    """What was done, part by part: see `parting`, which takes back each of them."""
    tickets = await keyed.cancel_doubles(session, way, now=now)
    left = await moving.left_behind(session, way)
    done: dict[str, Any] = {
        "tickets": tickets,
        "seats": await keyed.take_seats(session, way, now=now),
        "rankings": await keyed.rank(session, way),
        "stepped_back": await keyed.step_back(session, way),
        "left": left,
        "drafts": await keyed.write_together(session, way, left),
        "merges": await _merges(session, way),
        "refused": await _refused(session, way),
        "alike": await _alike(session, way),
    }
    return done | {"rows": await moving.move(session, way)}


async def _refuse(
    session: AsyncSession,
    ledgers: tuple[list[Any], list[Any]],
    moved: dict[str, Any],
    way: Way,
    staff_id: int | None,
    now: datetime,
) -> None:
    """Say again what would be covered up; whose word it was takes it along when they are taken apart."""
    mine, theirs = ledgers
    for row in stricter.refusals(mine, theirs):
        whose = row.customer_id
        row.customer_id, row.at, row.source, row.staff_id = way.into, now, SOURCE, staff_id
        session.add(row)
        await session.flush()
        if whose == way.of:
            moved["rows"]["consent"].append(str(row.id))


async def _alike(session: AsyncSession, way: Way) -> list[str]:
    """Words of the winner's that came by an address of the loser's already: they stay where they are."""
    return [str(one) for one in (await session.execute(_ALIKE, way.values)).scalars()]


_ALIKE = text("""
select i.id from interaction i
where i.customer_id = :into and exists (
  select from identity a where a.customer_id = :of and a.value in (i.sender, i.recipient))
""")


async def _merges(session: AsyncSession, way: Way) -> list[str]:
    """Who had become part of the loser is part of the winner now."""
    rows = select(CustomerMerge).where(col(CustomerMerge.winner_id) == way.of, col(CustomerMerge.undone_at).is_(None))
    found = list(await session.exec(rows))
    for one in found:
        one.winner_id = way.into
        session.add(one)
    await session.flush()
    return [str(one.id) for one in found]


async def _refused(session: AsyncSession, way: Way) -> list[dict[str, Any]]:
    """With whom somebody said that the loser is not one person: it holds for the winner as well."""
    rows = await moving.rows_of(session, "merge_suggestion", ":of in (one_id, other_id)", of=way.of)
    for row in rows:
        third = UUID(row["other_id"] if row["one_id"] == str(way.of) else row["one_id"])
        if row["refused_at"] is not None and third != way.into:
            one, other = sorted((third, way.into))
            await moving.insert(session, "merge_suggestion", {**row, "one_id": str(one), "other_id": str(other)})
    return rows


async def lately(session: AsyncSession, customer_id: UUID) -> list[CustomerMerge]:
    """Who became part of this customer and still is, the latest first."""
    rows = select(CustomerMerge).where(
        col(CustomerMerge.winner_id) == customer_id, col(CustomerMerge.undone_at).is_(None)
    )
    return list(await session.exec(rows.order_by(col(CustomerMerge.id).desc())))


def suggestion_key(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    """The pair as `MergeSuggestion` keeps it."""
    return (one, other) if one < other else (other, one)
