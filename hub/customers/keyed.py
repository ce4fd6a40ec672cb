"""What cannot simply be given to another customer: rankings, campaigns' recipients, tickets, drafts.

Each part gives what it did as JSON, and takes it back from that.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers.moving import Way, as_json, insert, rows_of
from hub.models.vocabulary import CampaignState, Recalled, State

Done = Mapping[str, Any]
_SILENT = [one.value for one in (State.WITHHELD, State.FAILED, State.EXPIRED, State.CANCELLED)]
_OVER = [CampaignState.FINISHED.value, CampaignState.CANCELLED.value]

# ---- rankings -------------------------------------------------------------------------------


async def rank(session: AsyncSession, way: Way) -> dict[str, Any]:
    """For each purpose the later ranking counts, but "nothing of this" counts more, and a suggestion of ours less."""
    mine, theirs = await _rankings(session, way.into), await _rankings(session, way.of)
    changed = {}
    for purpose, row in theirs.items():
        own = mine.get(purpose)
        if own is None or (own["channels"] and (not row["channels"] or _weight(row) > _weight(own))):
            changed[purpose] = {"before": own, "after": {**row, "customer_id": str(way.into)}}
            await _set_ranking(session, way.into, purpose, changed[purpose]["after"])
    return {"theirs": list(theirs.values()), "changed": changed}


async def rank_back(session: AsyncSession, done: Done, way: Way) -> None:
    mine = await _rankings(session, way.into)
    for purpose, change in done["changed"].items():
        if mine.get(purpose) == change["after"]:
            await _set_ranking(session, way.into, purpose, change["before"])
    for row in done["theirs"]:
        await insert(session, "channel_preference", row)


def _weight(row: Done) -> tuple[bool, str]:
    return not row["learnt"], row["updated_at"]


async def _rankings(session: AsyncSession, customer_id: UUID) -> dict[str, dict[str, Any]]:
    rows = await rows_of(session, "channel_preference", "customer_id = :id", id=customer_id)
    return {row["purpose"]: row for row in rows}


async def _set_ranking(session: AsyncSession, customer_id: UUID, purpose: str, row: Done | None) -> None:
    gone = text("delete from channel_preference where customer_id = :id and purpose = :purpose")
    await session.execute(gone, {"id": customer_id, "purpose": purpose})
    if row is not None:
        await insert(session, "channel_preference", row)


# ---- addresses ------------------------------------------------------------------------------


async def step_back(session: AsyncSession, way: Way) -> list[int]:
    """Of a kind of which both prefer an address, the winner's is the one. To be asked before they are moved."""
    return list((await session.execute(_STEP_BACK, way.values)).scalars())


async def prefer_again(session: AsyncSession, ids: list[int]) -> None:
    await session.execute(text("update identity set preferred = true where id = any(:ids)"), {"ids": ids})


_STEP_BACK = text("""
update identity i set preferred = false where i.customer_id = :of and i.preferred
  and exists (select from identity w where w.customer_id = :into and w.kind = i.kind and w.preferred)
returning i.id
""")

# ---- drafts ---------------------------------------------------------------------------------


async def write_together(session: AsyncSession, way: Way, left: Done) -> list[dict[str, Any]]:
    """Two first words that one colleague was writing: both in one, so that neither is lost."""
    changed = []
    for row in left.get("draft", ()):
        where = "customer_id = :id and conversation_id is null and staff_id = :staff"
        for own in await rows_of(session, "draft", where, id=way.into, staff=row["staff_id"]):
            typed = _both(own["typed"], row["typed"])
            await session.execute(_TYPE, {"id": own["id"], "typed": typed})
            changed.append({"id": own["id"], "before": own["typed"], "after": typed})
    return changed


async def write_apart(session: AsyncSession, changed: list[dict[str, Any]]) -> None:
    """As they were, where nobody has written on."""
    for one in changed:
        await session.execute(_TYPE_BACK, one)


def _both(own: Done, theirs: Done) -> dict[str, Any]:
    """Where one is a note, all of it is: what colleagues alone should read goes to no customer."""
    texts = [words for words in (own.get("text", ""), theirs.get("text", "")) if words.strip()]
    note = "note" if "note" in (own.get("kind"), theirs.get("kind")) else own.get("kind")
    return {**own, "kind": note, "text": "\n\n".join(texts), "files": [*own["files"], *theirs["files"]]}


_TYPE = text("update draft set typed = :typed where id = :id").bindparams(as_json("typed"))
_TYPE_BACK = text("update draft set typed = :before where id = :id and typed = :after").bindparams(
    as_json("before"), as_json("after")
)

# ---- campaigns ------------------------------------------------------------------------------


async def take_seats(session: AsyncSession, way: Way, *, now: datetime) -> list[dict[str, Any]]:
    """What campaigns have for the loser is the winner's, who is written to once.

    A campaign that means both leaves the loser out, as it does anybody who is gone; what the loser has been sent
    already counts as the winner's. Whose place in the order has been passed comes up by the clock.
    """
    done = []
    for row in (await session.execute(_SEATS, way.values)).mappings():
        seat = {**row["theirs"], "own": row["own"]}
        if row["own"] is None or row["counts"]:
            await session.execute(_LEAVE, {**_seat(seat), "id": way.into})
            await session.execute(_CHANGE_SEAT, {**_seat(seat), **way.values})
            done.append(seat)
            await _catch_up(session, seat, way.into, now)
    return done


async def give_seats_back(session: AsyncSession, done: list[dict[str, Any]], way: Way, *, now: datetime) -> None:
    for seat in done:
        await session.execute(_CHANGE_SEAT, {**_seat(seat), **way.back.values})
        if seat["own"] is not None:
            await insert(session, "campaign_recipient", seat["own"])
            await _catch_up(session, seat, way.into, now)
        await _catch_up(session, seat, way.of, now)


async def _catch_up(session: AsyncSession, seat: Done, customer_id: UUID, now: datetime) -> None:
    await session.execute(_CATCH_UP, {**_seat(seat), "id": customer_id, "now": now, "over": _OVER})


def _seat(seat: Done) -> dict[str, Any]:
    return {"campaign": seat["campaign_id"], "step": seat["step"]}


_SEATS = text("""
select to_jsonb(r) as theirs, to_jsonb(w) as own,
  w.interaction_id is null and i.id is not null and i.state <> all(cast(:silent as text[])) as counts
from campaign c
cross join lateral generate_series(0, coalesce((select max(s.step) from campaign_step s where s.campaign_id = c.id), 0))
  as n(step)
join campaign_recipient r on r.campaign_id = c.id and r.step = n.step and r.customer_id = :of
left join campaign_recipient w on w.campaign_id = c.id and w.step = n.step and w.customer_id = :into
left join interaction i on i.id = r.interaction_id
order by r.campaign_id, r.step
""").bindparams(silent=_SILENT)
_LEAVE = text("delete from campaign_recipient where campaign_id = :campaign and step = :step and customer_id = :id")
_CHANGE_SEAT = text("""
update campaign_recipient set customer_id = :into where campaign_id = :campaign and step = :step and customer_id = :of
""")
_CATCH_UP = text("""
update campaign_recipient r set due_at = :now from campaign c
where c.id = r.campaign_id and r.campaign_id = :campaign and r.step = :step and r.step = 0 and r.customer_id = :id
  and r.interaction_id is null and r.due_at is null and r.passed is null
  and c.cursor >= r.customer_id and c.state <> all(cast(:over as text[]))
""")

# ---- messages that have not left ------------------------------------------------------------


async def cancel_doubles(session: AsyncSession, way: Way, *, now: datetime) -> list[dict[str, Any]]:
    """Tickets of messages that both would get: the loser's are taken back. To be asked before anything is moved.

    The tickets of both are locked first: whoever is about to send one of them is waited for.
    """
    await session.execute(_LOCK_TICKETS, way.values)
    tickets = list((await session.execute(_DOUBLES, {**way.values, "silent": _SILENT})).scalars())
    for ticket in tickets:
        await session.execute(_DROP, {"id": ticket["id"]})
        await session.execute(_CANCEL, {"id": UUID(ticket["interaction_id"]), "now": now})
    return tickets


async def queue_again(session: AsyncSession, tickets: list[dict[str, Any]], *, now: datetime) -> None:
    """Where the campaign still goes on, and nobody has settled it otherwise."""
    for ticket in tickets:
        values = {"id": UUID(ticket["interaction_id"]), "now": now, "over": _OVER}
        if (await session.execute(_QUEUE, values)).scalar() is not None:
            await insert(session, "outbox", ticket)
            await session.execute(_TAKE_UP, {"id": ticket["id"]})


_LOCK_TICKETS = text("""
select 1 from outbox where interaction_id in (
  select id from interaction where customer_id in (:of, :into) and state in ('queued', 'sending', 'unknown'))
order by id for update
""")
_DOUBLES = text("""
select to_jsonb(o) from interaction i join outbox o on o.interaction_id = i.id and o.lease_until is null
where i.customer_id = :of and i.state = 'queued' and exists (
  select from interaction w where w.customer_id = :into and w.state <> all(cast(:silent as text[])) and (
    i.campaign_id is not null and w.campaign_id = i.campaign_id and exists (
      select from campaign_recipient a join campaign_recipient b
        on a.campaign_id = b.campaign_id and a.step = b.step
      where a.campaign_id = i.campaign_id and a.interaction_id = i.id and a.customer_id = :of
        and b.interaction_id = w.id and b.customer_id = :into)
    or i.origin = 'occasion' and w.origin = 'occasion' and w.occasion = i.occasion
      and abs(extract(epoch from w.at - i.at)) < 172800))
""")
_DROP = text("delete from outbox where id = :id")
_CANCEL = text(f"""
update interaction set state = '{State.CANCELLED}', state_rank = {State.CANCELLED.rank}, state_at = :now,
  reason = '{Recalled.MERGED}' where id = :id
""")  # noqa: S608 - our own words
_QUEUE = text(f"""
update interaction i set state = '{State.QUEUED}', state_rank = {State.QUEUED.rank}, state_at = :now, reason = ''
where i.id = :id and i.state = '{State.CANCELLED}' and i.reason = '{Recalled.MERGED}'
  and not exists (select from campaign c where c.id = i.campaign_id and c.state = any(cast(:over as text[])))
returning 1
""")  # noqa: S608 - our own words
# A campaign that was paused puts its tickets aside, far ahead, and takes them up again when it is resumed.
_TAKE_UP = text("""
update outbox set due_at = due_at - interval '36525 days' where id = :id and due_at > now() + interval '30000 days'
""")
