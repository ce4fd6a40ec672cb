"""What a mail cites and who takes part in what: the evidence by which it is threaded (requirement M12). Reads only."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Inbound
from hub.models import MailReference
from hub.models.vocabulary import ThreadedBy
from hub.signing import Signer

MOST_CITED = 50  # Message-IDs of one mail, the newest: a header may carry thousands
_MOST_CITING = 200  # anybody may cite any Message-ID as often as they like
_MOST_CONVERSATIONS = 20
_UUID = 36  # characters, as we write it
_SUBJECT_TOKEN = re.compile(r"\[#([a-z2-7]{42})\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Lead:
    """A conversation that something in a mail leads to. `direct`: a mail in it cites this very mail."""

    conversation_id: UUID
    by: ThreadedBy
    direct: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """Conversations by what was looked up: Message-IDs, our own messages, Message-IDs that others cite."""

    named: dict[str, UUID] = field(default_factory=dict)
    ours: dict[str, UUID] = field(default_factory=dict)
    citing: list[tuple[str, UUID]] = field(default_factory=list)


def cited(inbound: Inbound) -> tuple[str, ...]:
    """The Message-IDs a mail cites, the nearest first: In-Reply-To, then References from last to first (RFC 5322
    3.6.4), at most 50."""
    names = dict.fromkeys((*inbound.in_reply_to, *reversed(inbound.references)))
    return tuple(name for name in names if name != inbound.message_id)[:MOST_CITED]


def cites_ours(names: Sequence[str], own: Collection[str]) -> bool:
    """Whether these may be messages of ours by the name that we gave them. `own`: our mail addresses."""
    domains = {one.rpartition("@")[2] for one in own}
    return any(_own_id(name, domains) is not None for name in names)


async def leads(session: AsyncSession, inbound: Inbound, *, own: Collection[str], signer: Signer) -> list[Lead]:
    """Conversations in the order in which they are believed, each with its best reason. `own`: our mail addresses."""
    names = cited(inbound)
    tokens = {
        ThreadedBy.ADDRESS: _messages(inbound.tokens, signer),
        ThreadedBy.SUBJECT: _messages(_SUBJECT_TOKEN.findall(inbound.subject), signer),
    }
    domains = {one.rpartition("@")[2] for one in own}
    by_id = {name: message for name in names if (message := _own_id(name, domains)) is not None}
    found = await _find(session, names, [*by_id.values(), *(one for some in tokens.values() for one in some)], inbound)
    best: dict[UUID, Lead] = {}
    for lead in _ordered(inbound, names, by_id, tokens, found):
        best.setdefault(lead.conversation_id, lead)
    return list(best.values())[:_MOST_CONVERSATIONS]


async def shared(
    session: AsyncSession, conversations: Collection[UUID], customer_id: UUID | None, address: str
) -> frozenset[UUID]:
    """Those conversations in which this customer or this address takes part.

    To take part is to own the conversation, to have written in it, to have been written to by us, be it by a copy, or
    to stand in To or Cc of a mail in it. Our own address takes part in nothing: anybody can write it into From. Nor
    does who is named in a report: anybody can write one about anybody.
    """
    if not conversations:
        return frozenset()
    values = {"ids": list(conversations), "customer": customer_id, "address": address, "copied": json.dumps([address])}
    return frozenset((await session.execute(_SHARED, values)).scalars())


async def cites(session: AsyncSession, interaction_id: UUID, names: Sequence[str]) -> None:
    """Remember what a mail cites, for mails that it overtook."""
    if names:
        rows = [{"cited": name, "interaction_id": interaction_id} for name in names]
        await session.exec(insert(MailReference).values(rows).on_conflict_do_nothing())


_FIND = text("""
select 'named' as how, r.provider_id as name, i.conversation_id
from provider_reference r join interaction i on i.id = r.interaction_id
where r.provider_id = any(:names) and r.channel in (select channel from sender where kind = 'email')
  and i.conversation_id is not null
union all
select 'ours', cast(i.id as text), i.conversation_id from interaction i
where i.id = any(:messages) and i.conversation_id is not null
union all
select 'citing', m.cited, i.conversation_id
from (select cited, interaction_id from mail_reference where cited = any(:citing)
      order by interaction_id desc limit :most) m
join interaction i on i.id = m.interaction_id
where i.conversation_id is not null
""")

_SHARED = text("""
select c.id from conversation c
where c.id = any(:ids) and (c.customer_id = :customer or exists (
  select 1 from interaction i where i.conversation_id = c.id and (i.customer_id = :customer or (:address <> '' and (
    (i.direction = 'out' and i.recipient = :address) or (i.auto not in ('bounce', 'arf') and (
      (i.direction = 'in' and i.sender = :address) or i.copied @> cast(:copied as jsonb))) or exists (
      select 1 from mail_copy m where m.interaction_id = i.id and m.address = :address
        and m.fate in ('along', 'failed')))))))
""")


async def _find(session: AsyncSession, names: Sequence[str], messages: Sequence[UUID], inbound: Inbound) -> _Found:
    citing = [*names, inbound.message_id] if inbound.message_id else list(names)
    values = {"names": list(names), "messages": list(messages), "citing": citing, "most": _MOST_CITING}
    found = _Found()
    for how, name, conversation in await session.execute(_FIND, values):
        if how == "named":
            found.named.setdefault(name, conversation)
        elif how == "ours":
            found.ours[name] = conversation
        else:
            found.citing.append((name, conversation))
    return found


def _ordered(
    inbound: Inbound,
    names: Sequence[str],
    by_id: Mapping[str, UUID],
    tokens: Mapping[ThreadedBy, Sequence[UUID]],
    found: _Found,
) -> Iterator[Lead]:
    for name in names:
        conversation = found.named.get(name) or found.ours.get(str(by_id.get(name)))
        if conversation is not None:
            yield Lead(conversation, ThreadedBy.IN_REPLY_TO if name in inbound.in_reply_to else ThreadedBy.REFERENCES)
    for by, messages in tokens.items():
        yield from (Lead(found.ours[str(one)], by) for one in messages if str(one) in found.ours)
    direct = [conversation for name, conversation in found.citing if name == inbound.message_id]
    yield from (Lead(one, ThreadedBy.CITED, direct=True) for one in direct)
    yield from (Lead(one, ThreadedBy.CITED) for _, one in found.citing)


def _messages(tokens: Sequence[str], signer: Signer) -> list[UUID]:
    read = (signer.read_message_token(token) for token in tokens)
    return [one for one in read if one is not None]


def _own_id(message_id: str, domains: Collection[str]) -> UUID | None:
    """Our mails are called `<interaction@our-domain>`."""
    if len(message_id) < _UUID:
        return None  # most are shorter
    local, _, domain = message_id.strip("<>").rpartition("@")
    if len(local) != _UUID or domain.lower() not in domains:
        return None
    try:
        return UUID(local)
    except ValueError:
        return None
