"""A message as it goes to its channel, made of its row in the log."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Address, Call, Email, Outbound, Text
from hub.models import Interaction
from hub.models.vocabulary import Kind, Origin
from hub.outbound import confirmations, links, planning, rendering, unsubscribe_links
from hub.outbound.asking import Gate
from hub.outbound.batches import Batch
from hub.outbound.rendering import Rendered, Written

_MACHINES = frozenset({Origin.CAMPAIGN, Origin.OCCASION, Origin.REMINDER, Origin.AUTOMATION, Origin.REPORT})
SENT_FILE = "sent-file"  # the signer's purpose of `file_link`
_FETCHED_WITHIN = timedelta(days=1)
_REFERENCES = 20  # of a thread, the latest: RFC 5322 3.6.4 wants them all, mail servers want short headers


def complete(row: Interaction, batch: Batch, gate: Gate, now: datetime) -> None:
    """Words that were left until now (see `bulk`): what they are made of goes into the log with `sending`.

    Raises TemplateProblem.
    """
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


def file_link(gate: Gate, file_id: UUID, now: datetime) -> str:
    """The public address at which a provider that sends no bytes of ours (MMS) fetches a file, for a day."""
    return f"{gate.public_url}/files/sent/{gate.signer.sign(SENT_FILE, str(file_id), expires=now + _FETCHED_WITHIN)}"


async def message(session: AsyncSession, row: Interaction, batch: Batch, gate: Gate, now: datetime) -> Outbound[Any]:
    """Of a row whose words are settled. Raises TemplateProblem."""
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


def _hosts(row: Interaction, batch: Batch) -> frozenset[str] | None:
    """Where the campaign itself leads: see `links.hosts`."""
    version = batch.versions.get(row.template_version_id or 0)
    return links.hosts(version.variants.get(row.language, {}).values(), row.variables or {}) if version else None


def _rendered(row: Interaction, batch: Batch) -> Rendered | Written:
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


def _to(row: Interaction, batch: Batch) -> Address:
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
