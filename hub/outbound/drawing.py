"""A campaign's mails made ready ahead of the wire, many at a time: the gate asked, the words made, nothing written.

They stay `queued` until `begin`, right before they leave: a worker that dies with hundreds of them in hand has sent
none, and their leases bring them back. Whatever is not such a mail goes through `preparing`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels.adapter import Channel
from channels.message import Address, Email, Outbound
from hub.database.engine import Database
from hub.models import TemplateVersion
from hub.models.vocabulary import Kind, State
from hub.outbound import clearance, links, planning, rendering, templates, unsubscribe_links, woven_links
from hub.outbound.asking import Gate
from hub.outbound.clearance import Cleared
from hub.outbound.links import Trail
from hub.outbound.outbox import Ticket
from hub.outbound.preparing import Ready
from hub.outbound.rendering import Rendered, TemplateProblem, Written

_BREATH = 8  # mails made between two looks at what else is to do

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
    mine = {ticket.id: ticket for ticket in tickets}
    cleared = await clearance.ask(database, tickets, gate.rules, now=now)
    await _learn(database, {mail.version for mail in cleared} - versions.keys(), versions)
    drawn = []
    for place, mail in enumerate(cleared):
        if place % _BREATH == 0:
            await asyncio.sleep(0)  # the wire and what waits to be written down are not held up meanwhile
        made = _made(mail, versions, gate, now)
        if made is not None:
            message, words, used = made
            ready = Ready(mine[mail.ticket], channel.name, Kind.EMAIL, message, (), claimed, asked)
            drawn.append(Drawn(ready, words, used, mail.seen))
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


async def _learn(database: Database, unknown: Collection[int], versions: dict[int, TemplateVersion]) -> None:
    if not unknown:
        return
    async with database.unit() as session:
        versions |= await templates.versions(session, unknown)


def _made(
    mail: Cleared, versions: Mapping[int, TemplateVersion], gate: Gate, now: datetime
) -> tuple[Outbound[Email], Written, Mapping[str, Any]] | None:
    """None where the template does not fit: `preparing` withholds it, with the reason."""
    version, person, used, made = versions.get(mail.version), mail.person, mail.variables, ""
    if version is None:
        return None
    if not mail.language:  # its words were left until now, see `bulk`
        used = planning.values(gate, person, mail.purpose, Kind.EMAIL, used, now=now)
        made = str(used.get("unsubscribe_url", ""))
    language, fallback = mail.language or person.language, mail.language or gate.default_language
    try:
        words = rendering.write(version.variants, language, fallback, used, name="template")
    except TemplateProblem:
        return None
    shown: Rendered | Written = words
    if mail.tracked:
        hosts = links.hosts(version.variants.get(words.language, {}).values(), used)
        shown = woven_links.mail(words, Trail(gate, mail.id, hosts))
    url = ""
    if mail.purpose.needs_consent:
        url = made or unsubscribe_links.address(gate, person.id, mail.purpose, Kind.EMAIL)
    content = Email(shown.subject, shown.text, shown.html, unsubscribe_url=url, automatic=True)
    to = Address(Kind.EMAIL, mail.recipient, person.name)
    return Outbound(mail.id, to, content, gate.signer.message_token(mail.id)), words, used
