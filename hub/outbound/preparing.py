"""The last look before sending: the gate is asked again, the words are made, and `sending` is written down.

After this transaction the message may reach the wire at any moment; before it, it certainly has not.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from channels.message import Address, Call, Email, Outbound, Text
from hub.interactions import receipts
from hub.models import AttachmentRow, Campaign, Interaction, Letter, MailCopy, TemplateVersion
from hub.models.vocabulary import CampaignState, CopyFate, Kind, Origin, State, Withheld
from hub.outbound import (
    allowance,
    colleagues,
    confirmations,
    copying,
    late_copies,
    links,
    outbox,
    planning,
    rendering,
    templates,
    unsubscribe_links,
)
from hub.outbound.allowance import Allowance
from hub.outbound.asking import Gate
from hub.outbound.facts import facts
from hub.outbound.outbox import Ticket
from hub.outbound.permission import decide
from hub.outbound.question import Decision, Facts, Question
from hub.outbound.rendering import Rendered, TemplateProblem, Written

_MACHINES = frozenset({Origin.CAMPAIGN, Origin.OCCASION, Origin.REMINDER, Origin.AUTOMATION, Origin.REPORT})
SENT_FILE = "sent-file"  # the signer's purpose of `file_link`
_FETCHED_WITHIN = timedelta(days=1)
_REFERENCES = 20  # of a thread, the latest: RFC 5322 3.6.4 wants them all, mail servers want short headers


@dataclass(frozen=True, slots=True)
class Ready:
    """One message on its way. `claimed` is monotonic: a worker that was frozen must not send what others may own.

    So is `asked`, when the gate said yes: an answer that has grown old is no answer (see `still`).
    """

    ticket: Ticket
    channel: str
    kind: Kind
    message: Outbound[Any]
    files: tuple[AttachmentRow, ...]
    claimed: float = field(default_factory=time.monotonic)
    asked: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What was read for all tickets together."""

    rows: Mapping[UUID, Interaction]
    facts: Mapping[UUID, Facts]
    versions: Mapping[int, TemplateVersion]
    campaigns: Mapping[int, CampaignState]
    topics: Mapping[int, str]  # of campaigns about one
    tracked: frozenset[int]  # campaigns whose links are followed
    files: Mapping[UUID, list[AttachmentRow]]
    letters: Mapping[UUID, Letter]  # to colleagues who may read them
    copies: Mapping[UUID, list[MailCopy]]


async def prepare(
    session: AsyncSession, tickets: Sequence[Ticket], channel: Channel, *, gate: Gate, claimed: float, now: datetime
) -> list[Ready]:
    """Give what may be sent now; settle all else (too late, withheld, postponed) in this transaction."""
    mine = await outbox.held(session, tickets)
    batch = await _read(session, mine, now)
    paced = await allowance.of(session, batch.campaigns, now)
    ready = []
    for ticket in mine:
        row = batch.rows.get(ticket.interaction_id)
        if row is not None and late_copies.is_late(row, batch.copies.get(row.id, ())):
            message = await _late_copy(session, ticket, row, batch, gate, now)
        elif row is None or row.state not in (State.QUEUED, State.UNKNOWN):
            await outbox.drop(session, [ticket])  # cancelled, or a receipt has shown meanwhile that it arrived
            continue
        else:
            message = await _allowed(session, ticket, row, batch, gate, now, paced)
        if message is not None:
            files = tuple(batch.files.get(row.id, ()))
            ready.append(Ready(ticket, channel.name, channel.kind, message, files, claimed))
    await _mark_sending(session, [r.ticket.interaction_id for r in ready if r.message.only is None], channel, now)
    return ready


async def still(session: AsyncSession, waiting: Sequence[Ready], *, gate: Gate, now: datetime) -> set[int]:
    """Which of them would the gate and the state of their campaigns let go now? Gives their tickets.

    Who has waited for the wire is asked about again.
    """
    held = {ticket.id for ticket in await outbox.held(session, [ready.ticket for ready in waiting])}
    mine = [ready for ready in waiting if ready.ticket.id in held]
    batch = await _read(session, [ready.ticket for ready in mine], now)
    late = {ready.ticket.id: ready.message.only for ready in mine if ready.message.only is not None}
    known = {ready.ticket.id: batch.copies.get(ready.ticket.interaction_id, ()) for ready in mine}
    whole = {ready.ticket for ready in mine if ready.ticket.id not in late}
    would_go = {ticket.id for ticket in whole if _would_go(ticket, batch, gate, now)}
    return would_go | await late_copies.still(session, late, known, gate=gate, now=now)


def _would_go(ticket: Ticket, batch: _Batch, gate: Gate, now: datetime) -> bool:
    row = batch.rows.get(ticket.interaction_id)
    if row is None or batch.campaigns.get(row.campaign_id or 0) in (CampaignState.PAUSED, CampaignState.CANCELLED):
        return False
    if _is_read_by_nobody(row, batch):
        return False
    decision = _decision(ticket, row, batch, gate, now)
    return decision.kind is not None and decision.not_before is None


async def _allowed(
    session: AsyncSession,
    ticket: Ticket,
    row: Interaction,
    batch: _Batch,
    gate: Gate,
    now: datetime,
    paced: Mapping[int, Allowance],
) -> Outbound[Any] | None:
    if await _stopped(session, ticket, row, batch, now):
        return None
    decision = _decision(ticket, row, batch, gate, now)
    if decision.not_before is not None:
        await _postpone(session, ticket, row, decision, now)
        return None
    if decision.kind is None:
        await _withhold(session, ticket, row, decision.reason or Withheld.NO_CHANNEL, decision.trace, now)
        return None
    pace = paced.get(row.campaign_id or 0)
    if pace is not None and row.origin is Origin.CAMPAIGN and (turn := pace.take(now)) is not None:
        await outbox.give_back(session, ticket, due_at=turn, counted=False)
        await outbox.unspend(session, [ticket])
        return None
    try:
        _complete(row, batch, gate, now)
        message = await _message(session, row, batch, gate, now)
    except TemplateProblem as problem:
        await _withhold(session, ticket, row, Withheld.TEMPLATE_ERROR, (str(problem.said),), now)
        return None
    along = [one for one in batch.copies.get(row.id, ()) if one.fate is CopyFate.ALONG]
    cc, bcc = await copying.last_look(session, along, gate=gate, now=now)
    return replace(message, cc=cc, bcc=bcc) if along else message


async def _late_copy(
    session: AsyncSession, ticket: Ticket, row: Interaction, batch: _Batch, gate: Gate, now: datetime
) -> Outbound[Any] | None:
    """The mail as it left, to one of those whom the server put off."""
    known = batch.copies[row.id]
    only = await late_copies.begin(session, ticket, known, gate=gate, now=now)
    if only is None:
        return None
    return replace(await _message(session, row, batch, gate, now), cc=late_copies.named(known), only=only)


def _decision(ticket: Ticket, row: Interaction, batch: _Batch, gate: Gate, now: datetime) -> Decision:
    """A test is for nobody whom the gate protects, nor is a confirmation asked for, nor a letter to a colleague: see
    `trial`, `confirmations`, `colleagues`."""
    if row.origin in (Origin.TEST, Origin.REPORT) or confirmations.is_one(row):
        return Decision(row.kind, None, None, None, ())
    return decide(batch.facts[row.customer_id], _question(ticket, row, batch.topics), gate.rules, now)


async def _stopped(session: AsyncSession, ticket: Ticket, row: Interaction, batch: _Batch, now: datetime) -> bool:
    """Too late, or its campaign is not running, or the colleague whom it is for may not read it any more."""
    if ticket.expires_at is not None and ticket.expires_at <= now:
        await _end(session, ticket, row, State.EXPIRED, now=now)
        return True
    campaign = batch.campaigns.get(row.campaign_id or 0)
    if campaign is CampaignState.CANCELLED or _is_read_by_nobody(row, batch):
        await _end(session, ticket, row, State.CANCELLED, now=now)
        return True
    if campaign is CampaignState.PAUSED:
        await outbox.put_aside(session, ticket)
        await outbox.unspend(session, [ticket])
        return True
    return False


def _is_read_by_nobody(row: Interaction, batch: _Batch) -> bool:
    return row.origin is Origin.REPORT and row.id not in batch.letters


def _question(ticket: Ticket, row: Interaction, topics: Mapping[int, str]) -> Question:
    """The same question as when it was asked for, about the one address that was chosen then."""
    kinds = (row.kind,) if row.kind else ()
    return Question(
        purpose=row.purpose,
        origin=row.origin,
        available=frozenset(kinds),
        texts=frozenset(kinds),
        kinds=kinds,
        recipient=row.recipient,
        answering=bool(row.in_reply_to),
        occasion=row.occasion,
        conversation_id=row.conversation_id,
        interaction=row.id,
        expires_at=ticket.expires_at,
        topic=topics.get(row.campaign_id or 0, ""),
    )


# ---- settling what is not sent --------------------------------------------------------------


async def _end(
    session: AsyncSession, ticket: Ticket, row: Interaction, state: State, *, reason: str = "", now: datetime
) -> None:
    """Settled without being sent. A mail that may have left stays unknown: the log does not claim what is not so."""
    if row.state is not State.UNKNOWN:
        row.state, row.state_rank, row.state_at, row.reason = state, state.rank, now, reason
    session.add(row)
    await session.flush()
    await outbox.drop(session, [ticket])
    await receipts.announce(session, row)


async def _withhold(
    session: AsyncSession, ticket: Ticket, row: Interaction, reason: Withheld, trace: Sequence[str], now: datetime
) -> None:
    """Requirement U6."""
    row.trace = [*(row.trace or ()), *(f"at sending: {line}" for line in trace)]
    await _end(session, ticket, row, State.WITHHELD, reason=reason.value, now=now)


async def _postpone(session: AsyncSession, ticket: Ticket, row: Interaction, decision: Decision, now: datetime) -> None:
    row.trace = [*(row.trace or ()), *(f"at sending: {line}" for line in decision.trace)]
    session.add(row)
    await session.flush()
    await outbox.give_back(session, ticket, due_at=decision.not_before or now, counted=False)


async def _mark_sending(session: AsyncSession, ids: Sequence[UUID], channel: Channel, now: datetime) -> None:
    if not ids:
        return
    await session.exec(
        update(Interaction)
        .where(col(Interaction.id).in_(ids))
        .values(state=State.SENDING, state_rank=State.SENDING.rank, state_at=now, sender=channel.address.value)
    )


def _complete(row: Interaction, batch: _Batch, gate: Gate, now: datetime) -> None:
    """Words that were left until now (see `bulk`): what they are made of goes into the log with `sending`."""
    version = batch.versions.get(row.template_version_id or 0)
    if version is None or row.kind is None or row.language:
        return
    customer = batch.facts[row.customer_id].customer
    used = planning.values(gate, customer, row.purpose, row.kind, row.variables or {}, now=now)
    rendered = rendering.render(
        version.variants, row.kind, customer.language, gate.default_language, used, name="template"
    )
    row.variables, row.language = used, rendered.language
    row.subject, row.content_hash = rendered.subject, rendered.sha256


# ---- the words ------------------------------------------------------------------------------


def file_link(gate: Gate, file_id: UUID, now: datetime) -> str:
    """The public address at which a provider that sends no bytes of ours (MMS) fetches a file, for a day."""
    return f"{gate.public_url}/files/sent/{gate.signer.sign(SENT_FILE, str(file_id), expires=now + _FETCHED_WITHIN)}"


async def _message(session: AsyncSession, row: Interaction, batch: _Batch, gate: Gate, now: datetime) -> Outbound[Any]:
    rendered = _rendered(row, batch)
    if row.kind and confirmations.is_one(row) and isinstance(rendered, Rendered):
        rendered = confirmations.written(rendered, row.kind, row.id, gate)
    if row.kind and row.campaign_id in batch.tracked and not batch.facts[row.customer_id].customer.untracked:
        whole = rendered.whole if isinstance(rendered, Written) else rendered  # every link is somebody's own
        hosts = _hosts(row, batch)
        rendered = await links.tracked(session, whole, row.kind, row.id, gate, hosts=hosts)
    content: Email | Text | Call
    if row.kind is Kind.EMAIL:
        content = await _email(session, row, rendered, gate)
    elif row.kind is Kind.SMS:
        content = Text(str(rendered.text), tuple(file_link(gate, file.id, now) for file in batch.files.get(row.id, ())))
    else:
        content = Call(detect_machine=not (row.call or {}).get("bridge"))
    return Outbound(row.id, _to(row, batch), content, gate.signer.message_token(row.id))


def _hosts(row: Interaction, batch: _Batch) -> frozenset[str] | None:
    """Where the campaign itself leads: see `links.hosts`."""
    version = batch.versions.get(row.template_version_id or 0)
    return links.hosts(version.variants.get(row.language, {}).values(), row.variables or {}) if version else None


def _rendered(row: Interaction, batch: _Batch) -> Rendered | Written:
    if (letter := batch.letters.get(row.id)) is not None:
        return Rendered(row.subject, letter.text, letter.html, row.language)
    version = batch.versions.get(row.template_version_id or 0)
    if version is None or row.kind is None:
        return Rendered(row.subject, row.body_text + row.closing, row.body_html, row.language)
    if row.kind is Kind.EMAIL:
        return rendering.write(version.variants, row.language, row.language, row.variables or {}, name="template")
    return rendering.render(
        version.variants, row.kind, row.language, row.language, row.variables or {}, name="template"
    )


async def _email(session: AsyncSession, row: Interaction, rendered: Rendered | Written, gate: Gate) -> Email:
    answered = row.in_reply_to if row.in_reply_to.startswith("<") else ""
    bulk = row.purpose.needs_consent
    return Email(
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        in_reply_to=answered,
        references=await _references(session, row) if answered else (),
        unsubscribe_url=unsubscribe_links.address(gate, row.customer_id, row.purpose, Kind.EMAIL) if bulk else "",
        automatic=bool(row.auto) or row.origin in _MACHINES,
        answers_automatically=bool(row.auto and answered),
    )


def _to(row: Interaction, batch: _Batch) -> Address:
    """A call between two people rings the agent first; the customer's number is the interaction's recipient."""
    bridge = str((row.call or {}).get("bridge") or "")
    nobodys = confirmations.is_one(row) or row.origin is Origin.REPORT  # the card they stand on is nobody's
    name = "" if nobodys else batch.facts[row.customer_id].customer.name
    return Address(row.kind or Kind.EMAIL, bridge or row.recipient, name)


async def _references(session: AsyncSession, row: Interaction) -> tuple[str, ...]:
    if row.conversation_id is None:
        return ()
    earlier = (
        select(Interaction.message_id)
        .where(
            col(Interaction.conversation_id) == row.conversation_id,
            col(Interaction.id) < row.id,
            col(Interaction.message_id) != "",
        )
        .order_by(col(Interaction.id).desc())
        .limit(_REFERENCES)
    )
    return tuple(reversed((await session.exec(earlier)).all()))


# ---- reading --------------------------------------------------------------------------------


async def _read(session: AsyncSession, tickets: Sequence[Ticket], now: datetime) -> _Batch:
    ids = [ticket.interaction_id for ticket in tickets]
    found = await session.exec(select(Interaction).where(col(Interaction.id).in_(ids)).with_for_update())
    rows = {row.id: row for row in found}
    letters = await colleagues.letters(session, [row.id for row in rows.values() if row.origin is Origin.REPORT])
    return _Batch(
        rows=rows,
        facts=await facts(session, {row.customer_id for row in rows.values()}, now=now, elsewhere=_elsewhere(rows)),
        versions=await templates.versions(
            session, {r.template_version_id for r in rows.values() if r.template_version_id}
        ),
        campaigns=await _campaigns(session, {r.campaign_id for r in rows.values() if r.campaign_id}),
        topics=await _topics(session, {r.campaign_id for r in rows.values() if r.campaign_id}),
        tracked=await links.campaigns(session, {r.campaign_id for r in rows.values() if r.campaign_id}),
        files=await _files(session, ids) | {one: colleagues.enclosed(letter) for one, letter in letters.items()},
        letters=letters,
        copies=await copying.known(session, rows.values()),
    )


def _elsewhere(rows: Mapping[UUID, Interaction]) -> set[tuple[UUID, str]]:
    return {(row.customer_id, row.reply_to) for row in rows.values() if row.reply_to}


async def _campaigns(session: AsyncSession, ids: set[int]) -> dict[int, CampaignState]:
    if not ids:
        return {}
    rows = await session.exec(select(Campaign.id, Campaign.state).where(col(Campaign.id).in_(ids)))
    return {number: CampaignState(state) for number, state in rows if number is not None}


async def _topics(session: AsyncSession, ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    about = select(Campaign.id, Campaign.topic).where(col(Campaign.id).in_(ids), col(Campaign.topic) != "")
    return {number: topic for number, topic in await session.exec(about) if number is not None}


async def _files(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[AttachmentRow]]:
    rows = await session.exec(select(AttachmentRow).where(col(AttachmentRow.interaction_id).in_(ids)))
    found: dict[UUID, list[AttachmentRow]] = {}
    for row in rows:
        found.setdefault(row.interaction_id, []).append(row)
    return found
