"""A campaign's mails made ready ahead of the wire, many at a time: the gate asked, the words made, nothing written.

They stay `queued` until `begin`, right before they leave: a worker that dies with hundreds of them in hand has sent
none, and their leases bring them back. Whatever is not such a mail goes through `preparing`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from channels.adapter import Channel
from channels.message import Address, Email, Outbound
from hub.database.engine import Database, fetch
from hub.models import TemplateVersion
from hub.models.vocabulary import Kind, Origin, Purpose, State
from hub.outbound import links, planning, rendering, woven_links
from hub.outbound.asking import Gate
from hub.outbound.facts import facts
from hub.outbound.links import Trail
from hub.outbound.outbox import Ticket
from hub.outbound.permission import decide
from hub.outbound.preparing import Ready
from hub.outbound.question import Facts, Question
from hub.outbound.rendering import Rendered, TemplateProblem, Written

_BREATH = 8  # mails made between two looks at what else is to do

_BULK = """
select i.id, i.customer_id, i.purpose, i.recipient, i.campaign_id, i.template_version_id, i.variables, i.language,
  c.tracked, i.xmin::text as seen, c.topic
from interaction i join campaign c on c.id = i.campaign_id
where i.id = any($1::uuid[]) and i.state = 'queued' and i.kind = 'email' and i.origin = 'campaign'
  and i.in_reply_to = '' and i.template_version_id is not null and c.state not in ('paused', 'cancelled')
  and c.per_hour is null and not exists (select from attachment a where a.interaction_id = i.id)
"""

# What was claimed by another, stopped, reworded or settled since is not begun: `preparing` finds out what became of it.
_BEGIN = """
with held as materialized (
  select o.id, t.interaction_id, t.seen, t.language, t.subject, t.hash, t.used
  from unnest($1::bigint[], $2::int[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[])
    as t(id, fence, interaction_id, seen, language, subject, hash, used)
  join outbox o on o.id = t.id and o.fence = t.fence order by o.id for update of o)
update interaction i set state = 'sending', state_rank = $9, state_at = $10, sender = $11,
  language = held.language, subject = held.subject, content_hash = held.hash, variables = held.used
from held
where i.id = held.interaction_id and i.id = any($3::uuid[]) and i.state = 'queued' and i.xmin::text = held.seen
  and not exists (select from campaign c where c.id = i.campaign_id and c.state in ('paused', 'cancelled'))
returning held.id
"""


class _Row(NamedTuple):
    """What `_BULK` selects."""

    id: UUID
    customer_id: UUID
    purpose: str
    recipient: str
    campaign_id: int
    template_version_id: int
    variables: Mapping[str, Any] | None
    language: str
    tracked: bool
    seen: str
    topic: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A message that may leave, and what the log is to say of its words when it does."""

    ready: Ready
    words: Written
    used: Mapping[str, Any]
    seen: str  # which state of the log's row all this is about


async def draw(
    database: Database,
    tickets: Sequence[Ticket],
    channel: Channel,
    *,
    gate: Gate,
    versions: dict[int, TemplateVersion],
    claimed: float,
    now: datetime,
) -> list[Drawn]:
    """Those of them that are a campaign's mails and may leave now. `versions` are kept: they never change."""
    if channel.kind is not Kind.EMAIL:
        return []
    asked = time.monotonic()
    async with database.unit() as session:
        rows = {row[0]: _Row(*row) for row in await fetch(session, _BULK, [t.interaction_id for t in tickets])}
        known = await facts(session, {row.customer_id for row in rows.values()}, now=now) if rows else {}
        for number in {row.template_version_id for row in rows.values()} - versions.keys():
            version = await session.get(TemplateVersion, number)
            if version is not None:
                versions[number] = version
    drawn = []
    for place, ticket in enumerate(tickets):
        if place % _BREATH == 0:
            await asyncio.sleep(0)  # the wire and what waits to be written down are not held up meanwhile
        row = rows.get(ticket.interaction_id)
        if row is not None and _may_leave(ticket, row, known, gate, now):
            made = _made(row, known[row.customer_id], versions, gate, now)
            if made is not None:
                message, words, used = made
                ready = Ready(ticket, channel.name, Kind.EMAIL, message, (), claimed, asked)
                drawn.append(Drawn(ready, words, used, row.seen))
    return drawn


async def begin(database: Database, drawn: Sequence[Drawn], channel: Channel, *, now: datetime) -> set[int]:
    """Write down that they may be on the wire from now on: committed. Gives the tickets for which that is so."""
    rows = await database.alone(
        _BEGIN,
        [one.ready.ticket.id for one in drawn],
        [one.ready.ticket.fence for one in drawn],
        [one.ready.ticket.interaction_id for one in drawn],
        [one.seen for one in drawn],
        [one.words.language for one in drawn],
        [one.words.subject for one in drawn],
        [one.words.sha256 for one in drawn],
        [json.dumps(one.used) for one in drawn],
        State.SENDING.rank,
        now,
        channel.address.value,
    )
    return {row[0] for row in rows}


def _may_leave(ticket: Ticket, row: _Row, known: Mapping[UUID, Facts], gate: Gate, now: datetime) -> bool:
    if ticket.expires_at is not None or row.customer_id not in known:
        return False
    kinds = (Kind.EMAIL,)
    question = Question(
        purpose=Purpose(row.purpose),
        origin=Origin.CAMPAIGN,
        available=frozenset(kinds),
        texts=frozenset(kinds),
        kinds=kinds,
        recipient=row.recipient,
        interaction=row.id,
        topic=row.topic,
    )
    decision = decide(known[row.customer_id], question, gate.rules, now)
    return decision.kind is not None and decision.not_before is None


def _made(
    row: _Row, about: Facts, versions: Mapping[int, TemplateVersion], gate: Gate, now: datetime
) -> tuple[Outbound[Email], Written, Mapping[str, Any]] | None:
    """None where the template does not fit: `preparing` withholds it, with the reason."""
    version, customer, purpose = versions.get(row.template_version_id), about.customer, Purpose(row.purpose)
    if version is None:
        return None
    used = dict(row.variables or {})
    made = ""
    if not row.language:  # its words were left until now, see `bulk`
        used = planning.values(gate, customer, purpose, Kind.EMAIL, used, now=now)
        made = str(used.get("unsubscribe_url", ""))
    language = row.language or customer.language
    try:
        words = rendering.write(
            version.variants, language, row.language or gate.default_language, used, name="template"
        )
    except TemplateProblem:
        return None
    shown: Rendered | Written = words
    if row.tracked and not customer.untracked:
        hosts = links.hosts(version.variants.get(words.language, {}).values(), used)
        shown = woven_links.mail(words, Trail(gate, row.id, hosts))
    url = ""
    if purpose.needs_consent:
        url = made or planning.link(gate, row.customer_id, purpose, Kind.EMAIL)
    content = Email(shown.subject, shown.text, shown.html, unsubscribe_url=url, automatic=True)
    to = Address(Kind.EMAIL, row.recipient, customer.name)
    return Outbound(row.id, to, content, gate.signer.message_token(row.id)), words, used
