"""Calls that nobody took and voicemails: work until somebody talked to the customer, or says that it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import TextClause, delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.conversations import threads
from hub.models import Interaction, MissedCall
from hub.models.vocabulary import Settled

MISSED, VOICEMAIL = "missed call", "voicemail"


class NoSuchCall(LookupError):
    """There is no such call."""

    def __init__(self, call_id: UUID) -> None:
        super().__init__(f"There is no call {call_id}")


@dataclass(frozen=True, slots=True)
class Line:
    """One missed call or voicemail as the list shows it."""

    id: UUID  # of the call in the log
    at: datetime
    number: str
    customer_id: UUID
    customer_name: str
    provisional: bool
    conversation_id: UUID | None
    assignee_id: int | None
    assignee_name: str
    words: str  # what the provider understood of a voicemail
    file_id: UUID | None  # its recording
    seconds: int
    done_at: datetime | None
    done_by: str
    settled: Settled | None


async def keep(session: AsyncSession, call_id: UUID, customer_id: UUID, *, voicemail: bool) -> None:
    """Somebody has to call back. A missed call turns out to be a voicemail, never the other way round."""
    row = insert(MissedCall).values(interaction_id=call_id, customer_id=customer_id, voicemail=voicemail)
    known = {"voicemail": row.excluded.voicemail | MissedCall.__table__.c.voicemail}  # type: ignore[attr-defined]
    await session.exec(row.on_conflict_do_update(index_elements=["interaction_id"], set_=known))
    await live.publish(session, "call", id=call_id)


async def forget(session: AsyncSession, call_id: UUID) -> None:
    """It was not missed after all."""
    await session.exec(delete(MissedCall).where(col(MissedCall.interaction_id) == call_id))
    await live.publish(session, "call", id=call_id)


async def settle(
    session: AsyncSession, customer_id: UUID, how: Settled, *, before: UUID, staff_id: int | None, now: datetime
) -> None:
    """Somebody talked to the customer: what was missed before that call is done."""
    due = (col(MissedCall.customer_id) == customer_id, col(MissedCall.interaction_id) < before)
    await _done(session, *due, how=how, staff_id=staff_id, now=now)


async def done(session: AsyncSession, call_id: UUID, *, staff_id: int, now: datetime) -> None:
    """Somebody says that nothing is to do. Raises NoSuchCall."""
    if await session.get(MissedCall, call_id) is None:
        raise NoSuchCall(call_id)
    this = col(MissedCall.interaction_id) == call_id
    await _done(session, this, how=Settled.BY_HAND, staff_id=staff_id, now=now)


async def undone(session: AsyncSession, call_id: UUID) -> None:
    """It is to do after all; twice is the same as once. Raises NoSuchCall."""
    this = col(MissedCall.interaction_id) == call_id
    if (await session.exec(select(MissedCall.interaction_id).where(this))).first() is None:
        raise NoSuchCall(call_id)
    await _again(session, this)


async def unsettle(session: AsyncSession, customer_id: UUID, *, before: UUID, staff_id: int, at: datetime) -> None:
    """What `settle` did at that moment for a call that was none."""
    settled = (col(MissedCall.customer_id) == customer_id, col(MissedCall.interaction_id) < before)
    await _again(session, *settled, col(MissedCall.done_by) == staff_id, col(MissedCall.done_at) == at)


async def _again(session: AsyncSession, *which: object) -> None:
    rows = select(MissedCall).where(*which, col(MissedCall.done_at).is_not(None))  # type: ignore[arg-type]
    found = (await session.exec(rows.order_by(col(MissedCall.interaction_id)).with_for_update())).all()
    for row in found:
        row.done_at = row.done_by = row.settled = None
        await live.publish(session, "call", id=row.interaction_id)
    await session.flush()
    await _changed(session, _FLAG, [row.interaction_id for row in found])


async def _done(session: AsyncSession, *which: object, how: Settled, staff_id: int | None, now: datetime) -> None:
    rows = select(MissedCall).where(*which, col(MissedCall.done_at).is_(None))  # type: ignore[arg-type]
    found = (await session.exec(rows.order_by(col(MissedCall.interaction_id)).with_for_update())).all()
    for row in found:
        row.done_at, row.done_by, row.settled = now, staff_id, how
        await live.publish(session, "call", id=row.interaction_id)
    await session.flush()
    await _changed(session, _UNFLAG, [row.interaction_id for row in found])


async def _changed(session: AsyncSession, statement: TextClause, calls: list[UUID]) -> None:
    """Their conversations say whether a call is missed, and who waits for an answer is reckoned anew."""
    if not calls:
        return
    where = select(col(Interaction.conversation_id)).where(col(Interaction.id).in_(calls))
    await threads.stir(session, [one for one in await session.exec(where) if one is not None])
    changed = await session.execute(statement, {"calls": calls, "flags": [MISSED, VOICEMAIL]})
    for conversation_id, customer_id in changed.all():
        await threads.tell(session, conversation_id, customer_id)


# No more, unless another call still is.
_UNFLAG = text("""
update conversation c set flag = '' where c.flag = any(:flags)
  and c.id in (select conversation_id from interaction where id = any(:calls))
  and not exists (select from missed_call m join interaction i on i.id = m.interaction_id
    where i.conversation_id = c.id and m.done_at is null)
returning c.id, c.customer_id
""")
_FLAG = text("""
update conversation c set flag = i.flag
from interaction i where i.id = any(:calls) and i.conversation_id = c.id and i.flag = any(:flags) and c.flag = ''
returning c.id, c.customer_id
""")


async def listing(
    session: AsyncSession,
    *,
    voicemail: bool,
    staff_id: int | None = None,
    done: bool = False,
    query: str = "",
    before: UUID | None = None,
    limit: int = 50,
) -> list[Line]:
    """Newest first, behind the call `before`. `staff_id`: of this person's conversations only; `done`: those as well.

    `query`: part of the caller's name or number.
    """
    words = query.replace("\0", "").strip()[:200]
    digits = "".join(c for c in words if c.isdigit())
    used: Mapping[str, object] = {
        "voicemail": voicemail,
        "staff": staff_id,
        "done": done,
        "words": words,
        "name": f"%{_literal(words)}%",
        "number": f"%{digits}%" if len(digits) > 2 else "",
        "before": before,
        "limit": limit,
    }
    return [_line(dict(row)) for row in (await session.execute(_LISTED, used)).mappings()]


# Whoever resolved the conversation saw what was missed in it.
_DUE = "(m.done_at is null and not coalesce(c.state = 'resolved' and c.resolved_at > i.at, false))"
_LISTED = text(f"""
select i.id, i.at, i.sender as number, i.customer_id, p.name as customer_name, p.provisional, i.conversation_id,
  c.assignee_id, coalesce(a.name, '') as assignee_name, left(i.body_text, 2000) as words,
  (select f.id from attachment f where f.interaction_id = i.id and f.media_type like 'audio/%' order by f.id limit 1)
    as file_id,
  coalesce((select max((r.value->>'seconds')::int) from jsonb_each(coalesce(i.call->'recordings', '{{}}')) r), 0)
    as seconds,
  m.done_at, coalesce(d.name, '') as done_by, m.settled
from missed_call m
join interaction i on i.id = m.interaction_id
join customer p on p.id = i.customer_id
left join conversation c on c.id = i.conversation_id
left join staff a on a.id = c.assignee_id
left join staff d on d.id = m.done_by
where m.voicemail = :voicemail
  and (:done or {_DUE})
  and (cast(:before as uuid) is null or m.interaction_id < cast(:before as uuid))
  and (cast(:staff as int) is null or c.assignee_id = cast(:staff as int))
  and (:words = '' or p.name ilike :name or (:number <> '' and i.sender like :number))
order by m.interaction_id desc limit :limit
""")  # noqa: S608 - our own words


async def counts(session: AsyncSession) -> tuple[int, int]:
    """How many missed calls and how many voicemails are to be done."""
    found = (await session.execute(_COUNTED)).one()
    return int(found[0]), int(found[1])


_COUNTED = text(f"""
select count(*) filter (where not m.voicemail), count(*) filter (where m.voicemail)
from missed_call m join interaction i on i.id = m.interaction_id
left join conversation c on c.id = i.conversation_id
where m.done_at is null and {_DUE}
""")  # noqa: S608 - our own words


def _line(row: dict[str, object]) -> Line:
    settled = row["settled"]
    return Line(**{**row, "settled": Settled(str(settled)) if settled else None})  # type: ignore[arg-type]


def _literal(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
