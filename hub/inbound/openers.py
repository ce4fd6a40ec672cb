"""Mails that plainly begin something, many in a few statements: most of what a mailbox or an archive brings.

Whatever leaves anything to decide (an answer, a copy, a robot, a token, an odd Reply-To) is not taken here: it goes
the long way, through `messages.take`, one by one. Both ways lead to the same rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from channels.message import Inbound, Kind
from hub import live
from hub.clock import uuid7
from hub.conversations import answering, evidence, threads
from hub.customers import newcomers
from hub.database import copying
from hub.database.engine import fetch
from hub.inbound import copies, messages
from hub.inbound.reception import Reception
from hub.interactions import record
from hub.live import Happening
from hub.models import AttachmentRow, Conversation, Interaction, MailReference, ProviderReference
from hub.models.columns import defaults
from hub.models.vocabulary import ConversationState, ThreadedBy


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that was read and whose files are stored. `number` is the caller's, to tell which ones were taken."""

    number: int
    channel: Channel
    inbound: Inbound
    cited: tuple[str, ...]  # Message-IDs
    quiet: bool = False
    flag: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Every Message-ID that ties it to other mails."""
        return (self.inbound.provider_id, *self.cited)


def letter(number: int, channel: Channel, inbound: Inbound, *, quiet: bool = False, flag: str = "") -> Letter:
    return Letter(number, channel, inbound, evidence.cited(inbound), quiet, flag)


async def take_all(
    session: AsyncSession, letters: Sequence[Letter], reception: Reception, *, now: datetime
) -> Mapping[int, UUID]:
    """Keep those that plainly open a conversation of their own; their interactions by number.

    Nothing of the others is kept. Raises UniqueViolationError in a race with another process: then none is, each is
    better taken by itself.
    """
    own = reception.own
    plain = _apart([one for one in letters if _is_plain(one, reception, own)])
    if not plain:
        return {}
    await copies.hold(session, [(one.channel.name, one.inbound.provider_id) for one in plain])
    senders = await newcomers.owners(session, {one.inbound.sender.value for one in plain})
    heard_of = await _heard_of(session, {name for one in plain for name in one.names})
    plain = [one for one in plain if heard_of.isdisjoint(one.names)]
    unknown = {one.inbound.sender.value: one.inbound.sender for one in plain if one.inbound.sender.value not in senders}
    senders |= await newcomers.welcome(session, unknown, now=now)
    return await _keep(session, [_Opening(one, senders[one.inbound.sender.value], now, own) for one in plain])


def _is_plain(letter: Letter, reception: Reception, own: Collection[str]) -> bool:
    """Nothing in the mail itself asks for more than to be kept, and no rule could place it elsewhere."""
    inbound = letter.inbound
    acknowledged = reception.acknowledges and inbound.answerable and not letter.quiet
    return (
        not acknowledged
        and inbound.kind is Kind.EMAIL
        and inbound.auto is None
        and "@" in inbound.sender.value
        and not answering.is_own(inbound.sender.value, own)
        and not answering.wanted(inbound)
        and not inbound.tokens
        and not inbound.media
        and "[#" not in inbound.subject
        and not evidence.cites_ours(letter.cited, own)
    )


def _apart(letters: Sequence[Letter]) -> list[Letter]:
    """Those that have no Message-ID in common with another one of the group."""
    seen = Counter(name for one in letters for name in set(one.names))
    return [one for one in letters if all(seen[name] == 1 for name in one.names)]


async def _heard_of(session: AsyncSession, names: Collection[str]) -> frozenset[str]:
    """Those Message-IDs that a mail of any mailbox has, or cites."""
    return frozenset(name for (name,) in await fetch(session, _HEARD_OF, list(names)))


_HEARD_OF = """
select r.provider_id from provider_reference r
where r.provider_id = any($1::text[]) and r.channel in (select channel from sender where kind = 'email')
union
select cited from mail_reference where cited = any($1::text[])
"""


# ---- rows -----------------------------------------------------------------------------------


class _Opening:
    """The rows of one letter."""

    def __init__(self, letter: Letter, customer_id: UUID, now: datetime, own: Collection[str]) -> None:
        self.letter, self.customer_id = letter, customer_id
        self.at = messages.moment(letter.inbound, letter.quiet, now)
        self.id, self.conversation_id = uuid7(self.at), uuid7(self.at)
        self._now, self._own = now, own

    @property
    def conversation(self) -> dict[str, Any]:
        inbound, quiet = self.letter.inbound, self.letter.quiet
        return {
            **defaults(Conversation),
            "id": self.conversation_id,
            "customer_id": self.customer_id,
            "subject": " ".join(inbound.subject.split())[:500],
            "kind": inbound.kind,
            "channel": self.letter.channel.name,
            "state": ConversationState.RESOLVED if quiet else ConversationState.OPEN,
            "unread": not quiet,
            "flag": self.letter.flag,
            "created_at": self.at,
            "last_at": self.at,
            "last_inbound_at": self.at,
            "preview": threads.preview(inbound.reply_text or inbound.text),
        }

    @property
    def interaction(self) -> dict[str, Any]:
        inbound, content = self.letter.inbound, messages.digest(self.letter.inbound)
        said = messages.columns(inbound, self.letter.channel, content, at=self.at, now=self._now)
        return {
            **defaults(Interaction),
            **said,
            "id": self.id,
            "customer_id": self.customer_id,
            "conversation_id": self.conversation_id,
            "copied": answering.copied(inbound, self._own) or None,
            "threaded_by": ThreadedBy.NEW.value,
            "flag": self.letter.flag,
        }

    @property
    def files(self) -> list[dict[str, Any]]:
        rows = (record.file(self.id, one) for one in self.letter.inbound.attachments)
        return [{**defaults(AttachmentRow), **row, "id": uuid4()} for row in rows]

    @property
    def reference(self) -> dict[str, Any]:
        inbound = self.letter.inbound
        return {"channel": self.letter.channel.name, "provider_id": inbound.provider_id, "interaction_id": self.id}

    @property
    def cited(self) -> list[dict[str, Any]]:
        return [{"cited": name, "interaction_id": self.id} for name in self.letter.cited]

    @property
    def news(self) -> list[Happening]:
        customer = str(self.customer_id)
        ids = {"id": str(self.conversation_id), "customer": customer}
        return [] if self.letter.quiet else [Happening("customer", {"id": customer}), Happening("conversation", ids)]


async def _keep(session: AsyncSession, openings: Sequence[_Opening]) -> Mapping[int, UUID]:
    await copying.copy(session, Conversation, [one.conversation for one in openings])
    await copying.copy(session, Interaction, [one.interaction for one in openings])
    await copying.copy(session, AttachmentRow, [row for one in openings for row in one.files])
    await copying.copy(session, ProviderReference, [one.reference for one in openings])
    await copying.copy(session, MailReference, [row for one in openings for row in one.cited])
    await live.publish_all(session, [news for one in openings for news in one.news])
    return {one.letter.number: one.id for one in openings}
