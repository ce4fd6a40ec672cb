"""All rows of one person go in one transaction: after a crash they are either all there or all gone."""
# ruff: noqa: S608 - the statements are made of our own tables' names; values are bound

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.conversations import rearranging
from hub.customers import merging
from hub.joining import confirming
from hub.models import Conversation
from hub.personal import emptying, mentions, traces
from hub.personal.theirs import Person, tables, where
from hub.segments import rolling_up

PATIENCE = timedelta(hours=1)  # a carrier that has not said by then what became of a message is not waited for


@dataclass(frozen=True, slots=True)
class Gone:
    """What was deleted, by table; what stays; digests of the files that nothing of theirs names any more."""

    rows: dict[str, int]
    remains: dict[str, int]
    files: list[str]


async def under_way(session: AsyncSession, whose: Person, *, now: datetime) -> int:
    """Messages that are leaving this moment, and calls that are not over."""
    return int((await session.execute(_UNDER_WAY, {**whose.values, "lately": now - PATIENCE})).scalar_one())


async def lock(session: AsyncSession, whose: Person) -> None:
    """Nobody writes anything for them until the end; whoever is about to send one of their messages is waited for."""
    await session.execute(merging.NOBODY_IS_WRITTEN_TO)
    await session.execute(
        text(f"select 1 from customer where {where('customer')} order by id for update"), whose.values
    )
    await session.execute(_LOCK_TICKETS, whose.values)
    await rolling_up.hold(session)


async def delete(session: AsyncSession, whose: Person, *, now: datetime) -> Gone:
    """Everything, under `lock`, in the caller's transaction."""
    await session.execute(text("select set_config('hub.erasing', 'on', true)"))
    await mentions.remember(session, whose)
    rows = await mentions.forget(session, whose)
    rows["sign_up"] = await confirming.forget_addresses(session, whose.spelled)
    remains = {
        "settings": await mentions.set_up(session, whose),
        "audit_rows": await mentions.blank_trail(session, whose),
    }
    files = await _files(session, whose)
    beside = await _conversations_of_others(session, whose)
    await emptying.settle(session, whose, now=now)
    rows |= {"raw_message": await _forget_mails(session, whose)}
    copies = await traces.forget_copies(session, whose)
    rows |= await _children(session, whose)
    rows["mail_copy"] = rows.get("mail_copy", 0) + copies
    remains["campaign_messages"] = await emptying.empty(session, whose)
    rows |= await _parents(session, whose)
    await _delete(session, "stale_contact", whose)  # written while their words went
    rows["webhook_delivery"] = await mentions.forget_webhooks(session)
    await session.execute(_TELL, {"now": now, "id": str(whose.customer_id)})
    await _look_again(session, beside)
    return Gone({name: n for name, n in rows.items() if n}, remains, files)


# What the campaigns' messages are emptied under has to be gone before they are nobody's, and they before the rest.
_PARENTS = ("interaction", "conversation", "identity", "appointment", "customer")


async def _children(session: AsyncSession, whose: Person) -> dict[str, int]:
    return {table: await _delete(session, table, whose) for table in tables() if table not in _PARENTS}


async def _parents(session: AsyncSession, whose: Person) -> dict[str, int]:
    return {table: await _delete(session, table, whose) for table in _PARENTS}


async def _delete(session: AsyncSession, table: str, whose: Person) -> int:
    but = f" and {emptying.KEPT[table]}" if table in emptying.KEPT else ""
    gone = await session.execute(text(f"delete from {table} where ({where(table)}){but}"), whose.values)
    return int(gone.rowcount)  # type: ignore[attr-defined]


async def _files(session: AsyncSession, whose: Person) -> list[str]:
    return sorted((await session.execute(text(_FILES), whose.values)).scalars())


async def _forget_mails(session: AsyncSession, whose: Person) -> int:
    """That a mail came stays known by its place in the mailbox, so that it is not fetched again."""
    return int((await session.execute(_MAILS, whose.values)).rowcount)  # type: ignore[attr-defined]


async def _conversations_of_others(session: AsyncSession, whose: Person) -> list[Any]:
    """Where words of theirs were moved into: the inbox may show the beginning of one."""
    return list((await session.execute(_ELSEWHERE, whose.values)).scalars())


async def _look_again(session: AsyncSession, conversations: list[Any]) -> None:
    for one in conversations:
        talk = await session.get(Conversation, one)
        if talk is not None:
            talk.preview = ""
            await rearranging.refresh(session, talk)


# Whoever was told of the person has to know (GDPR 19).
_TELL = text("""
select announce('customer.erased', cast(:now as timestamptz), jsonb_build_object('id', cast(:id as text)))
""")
# A ticket that somebody has claimed is about to leave, whatever its message says yet.
_UNDER_WAY = text("""
select count(*) from interaction i where customer_id = any(cast(:them as uuid[])) and (
  i.state = 'sending' and i.state_at > :lately
  or i.direction = 'out' and i.state in ('queued', 'sending', 'unknown') and exists (
    select from outbox o where o.interaction_id = i.id and o.lease_until is not null)
  or exists (select from mail_copy m join outbox o on o.interaction_id = m.interaction_id
    where m.interaction_id = i.id and m.fate = 'waiting' and o.lease_until is not null)
  or exists (select from current_call c where c.interaction_id = i.id))
""")
_LOCK_TICKETS = text("""
select 1 from outbox where interaction_id in (
  select id from interaction
  where customer_id = any(cast(:them as uuid[])) and (state in ('queued', 'sending', 'unknown')
    or exists (select from mail_copy m where m.interaction_id = interaction.id and m.fate = 'waiting')))
order by id for update
""")
_FILES = f"""
select sha256 from attachment where {where("attachment")}
union select sha256 from raw_message where interaction_id in (select id from interaction where {where("interaction")})
union select f ->> 'sha256' from draft, jsonb_array_elements(typed -> 'files') f where {where("draft")}
union select f from personal_export, jsonb_array_elements_text(parts) f where {where("personal_export")}
union select f ->> 'sha256' from held_reply, jsonb_array_elements(typed -> 'files') f where {where("held_reply")}
"""
_MAILS = text(f"""
update raw_message set sha256 = '', size = 0, error = '', state = 'processed', interaction_id = null
where interaction_id in (select id from interaction where {where("interaction")})
""")
_ELSEWHERE = text("""
select distinct c.id from interaction i join conversation c on c.id = i.conversation_id
where i.customer_id = any(cast(:them as uuid[])) and c.customer_id <> all(cast(:them as uuid[]))
""")
