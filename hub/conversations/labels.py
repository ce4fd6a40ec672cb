"""Labels of customers and conversations: one list for both, with a colour and what each means.

A row keeps its labels as words; the list says how they look. A word that no list has is a label all the same, until
somebody takes it into the list, merges or deletes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.conversations import label_uses, threads
from hub.customers.fields import plain
from hub.models import Conversation, LabelRow
from hub.outbound.question import COMPLAINT
from hub.sentences import LONG_DESCRIPTION, Sentence, too_long
from hub.staff import audit

COLOURS = ("grey", "blue", "teal", "green", "yellow", "orange", "red", "pink", "purple")
LONGEST, LONGEST_DESCRIPTION, MOST = 60, 200, 20


class LabelProblem(ValueError):
    """The label cannot be kept like this; the message says why, for the person at the screen."""


class NoSuchLabel(LookupError):
    """There is no such label in the list, nor on anybody."""


@dataclass(frozen=True, slots=True)
class Label:
    """`id` None: a word that customers or conversations have and the list has not."""

    id: int | None
    name: str
    colour: str
    description: str
    customers: int = 0
    conversations: int = 0


async def listing(session: AsyncSession) -> list[Label]:
    """Every label by name, those that no list has among them, each with how many have it."""
    rows = (await session.execute(_COUNTED)).all()
    return [Label(*row) for row in rows]


async def known(session: AsyncSession) -> list[Label]:
    """The list alone, by name; without counts."""
    rows = await session.exec(select(LabelRow).order_by(func.lower(LabelRow.name)))
    return [_label(row) for row in rows]


async def create(
    session: AsyncSession, name: str, colour: str = "grey", description: str = "", *, by: int, now: datetime
) -> Label:
    """A new one, or a word taken into the list. Raises LabelProblem."""
    plain_name = _named(name)
    if await _row(session, plain_name) is not None:
        raise _taken(plain_name)
    row = LabelRow(name=plain_name, colour=_colour(colour), description=_described(description))
    session.add(row)
    await session.flush()
    await _wrote(session, "label.create", plain_name, by=by, now=now)
    return _label(row)


async def change(
    session: AsyncSession, old: str, name: str, colour: str, description: str, *, by: int, now: datetime
) -> None:
    """Another name, colour or meaning; whoever has it has it by its new name. Raises NoSuchLabel or LabelProblem."""
    row, new = await _row(session, old), _named(name)
    spellings = _spellings(row, old)
    old = spellings[0]
    if new != old:
        _not_the_gates(*spellings)
        if new.lower() != old.lower() and await _row(session, new) is not None:
            raise _taken(new)
    if row is None:
        await _demand_somebodys(session, old)
        row = LabelRow(name=new, colour="grey", description="")
    row.name, row.colour, row.description = new, _colour(colour), _described(description)
    session.add(row)
    await session.flush()
    await label_uses.replace(session, spellings, new)
    await _wrote(session, "label.change", f"{old} → {new}" if new != old else new, by=by, now=now)


async def merge(session: AsyncSession, old: str, into: str, *, by: int, now: datetime) -> None:
    """Whoever has the one has the other instead. Raises NoSuchLabel or LabelProblem."""
    row, goal = await _row(session, old), await _row(session, into)
    if old == (goal.name if goal is not None else into):
        raise LabelProblem(Sentence("That is the same label. Choose two"))
    other = row is None or goal is None or row.id != goal.id  # else it is a word that differs by its capitals alone
    spellings = _spellings(row, old) if other else (old,)
    _not_the_gates(*spellings)
    if goal is None:
        raise NoSuchLabel(f"There is no label {into!r} in the list")
    if row is None or not other:
        await _demand_somebodys(session, old)
    else:
        await session.delete(row)
        await session.flush()
    await label_uses.replace(session, spellings, goal.name)
    await _wrote(session, "label.merge", f"{spellings[0]} → {goal.name}", by=by, now=now)


async def remove(session: AsyncSession, name: str, *, by: int, now: datetime) -> None:
    """From the list and from everybody who has it. Raises NoSuchLabel, or LabelProblem while rules go by it."""
    row = await _row(session, name)
    spellings = _spellings(row, name)
    _not_the_gates(*spellings)
    await _demand_unused(session, spellings)
    if row is None:
        await _demand_somebodys(session, name)
    else:
        await session.delete(row)
        await session.flush()
    await label_uses.take_off(session, spellings)
    await _wrote(session, "label.delete", spellings[0], by=by, now=now)


# ---- of one conversation ---------------------------------------------------------------------


async def put(session: AsyncSession, conversation_id: UUID, names: Iterable[str], *, by: int, now: datetime) -> None:
    """These too. A new word comes into the list. Raises threads' NoSuchConversation or LabelProblem."""
    conversation = await threads.locked(session, conversation_id)
    wanted = await _spelt(session, names)
    await _set(session, conversation, [*conversation.labels, *wanted], by=by, now=now)


async def take(session: AsyncSession, conversation_id: UUID, names: Iterable[str], *, by: int, now: datetime) -> None:
    """These no more. Raises threads' NoSuchConversation."""
    conversation, gone = await threads.locked(session, conversation_id), {plain(one).lower() for one in names}
    left = [one for one in conversation.labels if one.lower() not in gone]
    await _set(session, conversation, left, by=by, now=now)


async def keep(session: AsyncSession, conversation_id: UUID, names: Iterable[str], *, by: int, now: datetime) -> None:
    """These and no others. Raises threads' NoSuchConversation or LabelProblem."""
    conversation = await threads.locked(session, conversation_id)
    await _set(session, conversation, await _spelt(session, names), by=by, now=now)


async def enlist(session: AsyncSession, names: Iterable[str]) -> None:
    """New words come into the list, so that they are offered from now on."""
    fresh = [{"name": one, "colour": "grey", "description": ""} for one in sorted(set(names)) if len(one) <= LONGEST]
    if fresh:
        await session.execute(insert(LabelRow).values(fresh).on_conflict_do_nothing())


async def _set(
    session: AsyncSession, conversation: Conversation, names: Sequence[str], *, by: int, now: datetime
) -> None:
    before, after = list(conversation.labels), list(dict.fromkeys(names))
    if len(after) > MOST:
        raise LabelProblem(Sentence("A conversation has at most %(most)s labels. Take some off", {"most": MOST}))
    if before == after:
        return
    conversation.labels = after
    await session.flush()
    changes = [f"+{one}" for one in after if one not in before] + [f"-{one}" for one in before if one not in after]
    subject = f"conversation:{conversation.id}"
    await audit.write(
        session, "conversation.label", staff_id=by, subject=subject, detail=", ".join(changes)[:200], now=now
    )
    await live.publish(session, "conversation", id=conversation.id, customer=conversation.customer_id)


async def _spelt(session: AsyncSession, names: Iterable[str]) -> list[str]:
    """As the list spells them; new words are taken into it. Raises LabelProblem."""
    wanted = [_named(one) for one in names]
    rows = await session.exec(select(LabelRow.name).where(func.lower(LabelRow.name).in_([n.lower() for n in wanted])))
    spelt = {name.lower(): name for name in rows}
    await enlist(session, [one for one in wanted if one.lower() not in spelt])
    return [spelt.get(one.lower(), one) for one in wanted]


_COUNTED = text("""
with of_customers as (select l, count(*) as n from customer, unnest(labels) l group by l),
  of_conversations as (select l, count(*) as n from conversation, unnest(labels) l where labels <> '{}' group by l)
select k.id, coalesce(k.name, u.l, v.l), coalesce(k.colour, 'grey'), coalesce(k.description, ''),
  coalesce(u.n, 0), coalesce(v.n, 0)
from label k
full join of_customers u on u.l = k.name
full join of_conversations v on v.l = coalesce(k.name, u.l)
order by lower(coalesce(k.name, u.l, v.l)), 2
""")


def _spellings(row: LabelRow | None, asked: str) -> tuple[str, ...]:
    """The list's own first: a label is asked for in any capitals, and rows and rules have it in exact ones."""
    return tuple(dict.fromkeys((row.name if row is not None else asked, asked)))


async def _demand_unused(session: AsyncSession, spellings: Sequence[str]) -> None:
    """Raises LabelProblem while rules go by it."""
    for old in spellings:
        if users := await label_uses.rules(session, old):
            gaps = {"label": old, "users": ", ".join(users)}
            raise LabelProblem(Sentence("These go by the label “%(label)s”: %(users)s. Change them first", gaps))


async def _demand_somebodys(session: AsyncSession, name: str) -> None:
    """Raises NoSuchLabel unless somebody has it."""
    if not await label_uses.is_somebodys(session, name):
        raise NoSuchLabel(f"There is no label {name!r}")


def _not_the_gates(*names: str) -> None:
    """Raises LabelProblem for the word that keeps marketing from whoever complained."""
    if COMPLAINT in names:
        gaps = {"label": COMPLAINT}
        raise LabelProblem(Sentence("“%(label)s” keeps offers away from a customer: it stays as it is", gaps))


async def _row(session: AsyncSession, name: str) -> LabelRow | None:
    rows = select(LabelRow).where(func.lower(LabelRow.name) == name.lower())
    return (await session.exec(rows.with_for_update())).first()


def _named(name: str) -> str:
    word = plain(name).replace(",", " ").strip()
    if not word:
        raise LabelProblem(Sentence("The label needs a name"))
    if len(word) > LONGEST:
        raise LabelProblem(Sentence("The label is longer than %(most)s characters. Shorten it", {"most": LONGEST}))
    return word


def _described(description: str) -> str:
    line = plain(description)
    if long := too_long(LONG_DESCRIPTION, line, LONGEST_DESCRIPTION):
        raise LabelProblem(long)
    return line


def _colour(colour: str) -> str:
    if colour not in COLOURS:
        gaps = {"colour": colour[:60], "known": ", ".join(COLOURS)}
        raise LabelProblem(Sentence("“%(colour)s” is not one of the colours: %(known)s", gaps))
    return colour


def _taken(name: str) -> LabelProblem:
    return LabelProblem(Sentence("There is a label “%(label)s” already. Merge the two instead", {"label": name}))


def _label(row: LabelRow) -> Label:
    return Label(row.id, row.name, row.colour, row.description)


async def _wrote(session: AsyncSession, action: str, detail: str, *, by: int, now: datetime) -> None:
    await audit.write(session, action, staff_id=by, subject="labels", detail=detail[:200], now=now)
