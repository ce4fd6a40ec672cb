"""What the composer offers for a customer: the channels that have an address, which one first, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from hub.conversations import canned, drafting, drafts, replies
from hub.conversations.drafts import Draft, Place
from hub.conversations.inbox import Line
from hub.models.vocabulary import Kind
from hub.outbound.request import NewFile
from hub.web import waits
from hub.web.access import Visit
from hub.web.messages.cards import Card
from hub.web.messages.threads import Told
from hub.web.translations import gettext as _
from hub.web.translations import worded


@dataclass(frozen=True, slots=True)
class MailPart:
    """What the form offers for a mail. `signatures`: (mailbox's address, signature), once where all are the same."""

    recipients: tuple[tuple[str, str], ...]  # address, and what is to be said of it
    recipient: str
    copied: tuple[str, ...]  # other people of the answered mail to whom nothing is suggested
    cc: str  # with commas; an answer to all where the answered mail went to several
    bcc: str
    mailboxes: tuple[tuple[str, str], ...]  # the channel's name, its address
    mailbox: str
    signatures: tuple[tuple[str, str], ...]
    signed: bool
    quotes: bool  # there is a mail to quote
    quoting: bool
    trouble: str


@dataclass(frozen=True, slots=True)
class Composer:
    """What the form offers: the channels that have an address, which one is chosen and why."""

    action: str
    draft: str
    token: str
    kinds: tuple[Kind, ...]
    chosen: str
    because: str
    subject: str
    conversation_id: UUID | None
    can_resolve: bool
    can_call: bool
    seen: str = ""  # the last entry on the page: an answer that came later is shown before this one is sent
    text: str = ""  # what was typed before the form came back
    trouble: str = ""
    mail: MailPart | None = None
    draft_at: datetime | None = None  # the words are a draft that lies here since then
    files: tuple[NewFile, ...] = ()  # of the draft
    waits: Sequence[tuple[str, str, datetime]] = ()  # when it may leave later
    first: Told | None = None  # what a colleague sent while this was written


async def composer(session: Any, visit: Visit, card: Card, line: Line | None = None, *, seen: str = "") -> Composer:
    """The composer of a conversation, or of a customer's page."""
    senders = visit.hub.gate.senders
    kinds = tuple(kind for kind in Kind if card.reachable(kind) and senders.get(kind))
    spoken = await replies.last_written(session, line.id) if line is not None else None
    chosen, because = _choice(card, kinds, line, spoken)
    subject = line.subject if line is not None else ""
    place = Place(visit.staff_id, card.customer.id, line.id if line else None)
    fresh = Composer(
        action=f"/conversations/{line.id}/reply" if line else f"/customers/{card.customer.id}/write",
        draft=str(line.id if line else card.customer.id),
        token=str(uuid4()),
        kinds=kinds,
        chosen=chosen,
        because=because,
        subject=_answering(subject),
        conversation_id=line.id if line else None,
        can_resolve=line is not None,
        can_call=card.reachable(Kind.VOICE) and bool(senders.get(Kind.VOICE)),
        seen=seen,
        mail=await _mail(session, visit, card, line) if Kind.EMAIL in kinds else None,
        waits=waits.offered(visit),
    )
    found = await drafts.find(session, place)
    return _resumed(fresh, *found) if found is not None else fresh


def _resumed(composer: Composer, draft: Draft, at: datetime) -> Composer:
    """With a draft in it, as far as what it chose is still offered."""
    mail = composer.mail and replace(
        composer.mail,
        recipient=draft.recipient or composer.mail.recipient,
        mailbox=draft.mailbox or composer.mail.mailbox,
        signed=draft.signed,
        quoting=draft.quoting,
        cc=draft.cc,
        bcc=draft.bcc,
    )
    return replace(
        composer,
        chosen=draft.kind if draft.kind in (*composer.kinds, "note") else composer.chosen,
        because="",
        subject=draft.subject or composer.subject,
        text=draft.text,
        mail=mail,
        draft_at=at,
        files=draft.files,
    )


async def with_canned(visit: Visit, composer: Composer, customer_id: UUID, canned_id: int) -> Composer:
    """With a canned answer in it, below what lies there, filled in for the customer. Raises canned.NoSuchCanned."""
    async with visit.hub.database.unit() as session:
        found = await canned.filled(
            session, canned_id, customer_id, staff_id=visit.staff_id, company=visit.hub.gate.company
        )
    return replace(composer, text="\n\n".join(filter(None, (composer.text, found.text))), trouble=worded(found.trouble))


async def _mail(session: Any, visit: Visit, card: Card, line: Line | None) -> MailPart:
    found = await drafting.offer(
        session, card.identities, line.id if line else None, staff_id=visit.staff_id, gate=visit.hub.gate
    )
    channels = visit.hub.channels
    boxes = tuple((name, channels[name].address.value) for name in found.mailboxes if name in channels)
    closings = [(address, found.signatures[name]) for name, address in boxes]
    same = len({closing for _, closing in closings}) <= 1
    return MailPart(
        recipients=tuple(
            (one, _("asked for answers here") if one == found.reply_to else "") for one in found.recipients
        ),
        recipient=next(iter(found.recipients), ""),
        copied=tuple(one for one in found.copied if one not in found.everybody),
        cc=", ".join(found.everybody),
        bcc="",
        mailboxes=boxes,
        mailbox=boxes[0][0] if boxes else "",
        signatures=tuple(pair for pair in (closings[:1] if same else closings) if pair[1]),
        signed=True,
        quotes=found.quotes,
        quoting=True,
        trouble=found.trouble,
    )


def _choice(card: Card, kinds: tuple[Kind, ...], line: Line | None, spoken: Kind | None) -> tuple[str, str]:
    """Which channel is chosen first, and why, in words. `spoken`: the customer wrote by it last, in this one."""
    first = next((kind for kind in card.ranking if kind in kinds), None)
    if first is None:
        return "note", _("No address to write to: only a note is possible.")
    if card.ranked_by_customer:
        return first, _("because the customer prefers it")
    if spoken in kinds:
        return spoken, _("because the customer wrote by it")
    if line is not None and line.kind in kinds and line.kind is not Kind.VOICE:
        return line.kind, _("because this conversation goes by it")
    return first, _("our usual first choice")


def _answering(subject: str) -> str:
    plain = " ".join(subject.split())
    return plain if not plain or plain.lower().startswith("re:") else f"Re: {plain}"
