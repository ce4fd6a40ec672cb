"""Two customers who had been made one are two again, as they were; what came since goes with the address it came by."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import combining, keyed, merging, moving
from hub.customers.merging import suggestion_key
from hub.customers.moving import Way
from hub.models import CustomerMerge
from hub.sentences import Sentence


class NoSuchMerge(LookupError):
    """There is no such merge."""


class CannotPart(ValueError):
    """It was taken back already, or the winner has become part of somebody else since."""


async def part(session: AsyncSession, merge_id: UUID, *, staff_id: int | None, now: datetime) -> CustomerMerge:
    """Everything that was moved goes back, in the caller's transaction; they are remembered as not the same person.

    Raises NoSuchMerge, CannotPart.
    """
    await session.execute(merging.NOBODY_IS_WRITTEN_TO)  # first, as a merge does: they wait in one order
    row = await _standing(session, merge_id)
    way = Way(of=row.loser_id, into=row.winner_id)
    winner, others = await _winner(session, row)
    fields = combining.parted(winner, row.fields["before"], row.fields["after"], [one.loser for one in others])
    for one in others:
        one.fields = combining.inherited(one.fields, one.loser, row.fields)
        session.add(one)
    await merging.change(session, row.winner_id, fields, now)
    await _stand_up(session, row.loser)
    await _give_back(session, row, way, now)
    await _remember(session, way, staff_id, now)
    row.undone_at = now
    session.add(row)
    await session.flush()
    await merging.tell(session, row.loser_id, row.winner_id)
    return row


async def _standing(session: AsyncSession, merge_id: UUID) -> CustomerMerge:
    """Locked. Raises NoSuchMerge, CannotPart."""
    row = await session.get(CustomerMerge, merge_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NoSuchMerge(f"There is no merge {merge_id}")
    if row.undone_at is not None:
        raise CannotPart(Sentence("Somebody has taken it back already"))
    if row.into_id != row.winner_id:
        raise CannotPart(Sentence("The customer it went to was merged with another one since: take that back first"))
    return row


async def _winner(session: AsyncSession, row: CustomerMerge) -> tuple[dict[str, Any], list[CustomerMerge]]:
    """The winner's row, locked, and who else is part of them and stays."""
    statement = text("select to_jsonb(c) from customer c where id = :id for update")
    winner = (await session.execute(statement, {"id": row.winner_id})).scalar_one()
    leaving = {str(row.id), *row.moved["merges"]}
    return winner, [one for one in await merging.lately(session, row.winner_id) if str(one.id) not in leaving]


async def _stand_up(session: AsyncSession, loser: dict[str, Any]) -> None:
    """The loser's row again; a number in another system that somebody else was given meanwhile stays theirs."""
    taken = text("select 1 from customer where external_id = :number")
    number = loser["external_id"]
    if number is not None and (await session.execute(taken, {"number": number})).first() is not None:
        loser = {**loser, "external_id": None}
    await moving.insert(session, "customer", loser)


async def _give_back(session: AsyncSession, row: CustomerMerge, way: Way, now: datetime) -> None:
    moved = row.moved
    known = moved["rows"]
    await moving.move_these(session, known, way.back)
    await moving.move_these(session, await _came_since(session, row, way), way.back)
    await moving.bring_back(session, moved["left"])
    await keyed.write_apart(session, moved["drafts"])
    await keyed.prefer_again(session, moved["stepped_back"])
    await keyed.rank_back(session, moved["rankings"], way)
    await keyed.give_seats_back(session, moved["seats"], way, now=now)
    await keyed.queue_again(session, moved["tickets"], now=now)
    await _repeat_refusals(session, row, way)
    back = text("update customer_merge set winner_id = :of where id = any(cast(cast(:ids as text[]) as uuid[]))")
    await session.execute(back, {"of": way.of, "ids": moved["merges"]})
    for one in moved["refused"]:
        await moving.insert(session, "merge_suggestion", one)


async def _came_since(session: AsyncSession, row: CustomerMerge, way: Way) -> dict[str, list[str]]:
    """Words by an address of the loser's, conversations that began with one, and what belongs to these."""
    values = {**way.values, "since": row.at, "alike": row.moved["alike"], "ledger": row.moved["ledger"]}
    found: dict[str, list[str]] = {}
    for table, statement in _SINCE.items():
        rows = list((await session.execute(text(statement), values)).scalars())
        found[table] = [str(one) for one in rows]
        if table == "interaction":
            values["words"] = found[table]
        if table == "conversation":
            values["conversations"] = found[table]
    for table in ("task", "survey", "draft"):
        statement = f"select id from {table} t where customer_id = :into and conversation_id = any({_CONVERSATIONS})"  # noqa: S608
        found[table] = [str(one) for one in (await session.execute(text(statement), values)).scalars()]
    notes = await session.execute(text(_NOTES), values)
    found["interaction"] += [str(one) for one in notes.scalars()]
    return found


# The loser has their addresses again when these are asked. What was said by one of them is theirs.
_CONVERSATIONS = "cast(cast(:conversations as text[]) as uuid[])"
_SINCE = {
    "interaction": """
select i.id from interaction i
where i.customer_id = :into and i.id <> all(cast(cast(:alike as text[]) as uuid[])) and exists (
  select from identity a where a.customer_id = :of and a.value in (i.sender, i.recipient))
""",
    "consent": """
select c.id from consent c
where c.customer_id = :into and c.id > :ledger and c.evidence = any(cast(:words as text[]))
""",
    "conversation": """
select c.id from conversation c
where c.customer_id = :into and c.created_at >= :since and (
  select i.id from interaction i where i.conversation_id = c.id order by i.id limit 1
) = any(cast(cast(:words as text[]) as uuid[]))
""",
}
_NOTES = f"""
select i.id from interaction i
where i.customer_id = :into and i.direction = 'note' and i.conversation_id = any({_CONVERSATIONS})
"""  # noqa: S608


async def _repeat_refusals(session: AsyncSession, row: CustomerMerge, way: Way) -> None:
    """Whoever said no while the two were one may have been either: it holds for both."""
    await session.execute(_REPEAT, {**way.values, "ledger": row.moved["ledger"], "merge": merging.SOURCE})


_REPEAT = text("""
insert into consent (customer_id, at, channel, purpose, granted, wording, wording_version, source, evidence, staff_id,
  topic)
select :of, c.at, c.channel, c.purpose, false, c.wording, c.wording_version, c.source, c.evidence, c.staff_id,
  c.topic
from consent c
where c.customer_id = :into and c.id > :ledger and not c.granted and c.source <> :merge
order by c.id
""")


async def _remember(session: AsyncSession, way: Way, staff_id: int | None, now: datetime) -> None:
    """They are two people: nobody is asked again."""
    one, other = suggestion_key(way.of, way.into)
    await session.execute(_TWO, {"one": one, "other": other, "staff": staff_id, "now": now})


_TWO = text("""
insert into merge_suggestion (one_id, other_id, bits, sure, findings, found_at, refused_at, refused_by)
values (:one, :other, 0, false, '{}', :now, :now, cast(:staff as integer))
on conflict (one_id, other_id) do update set refused_at = excluded.refused_at, refused_by = excluded.refused_by
""")
