"""What an agent needs before they call: the script with this customer's values, and the last words with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import directory, identities
from hub.models import CallList, CallListPerson, Customer, Identity, Interaction
from hub.models.vocabulary import AddressKind, Direction, IdentityState, Kind, State
from hub.outbound import planning, rendering, templates
from hub.outbound.asking import Gate
from hub.outbound.rendering import TemplateProblem
from hub.sentences import Sentence

_LAST, _SHOWN = 3, 200


@dataclass(frozen=True, slots=True)
class LastWord:
    at: datetime
    kind: Kind
    direction: Direction
    words: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """`problem`: why there is no script for this customer."""

    customer: Customer
    numbers: tuple[Identity, ...]
    script: str
    language: str
    problem: Sentence | None
    last: tuple[LastWord, ...]


async def sheet(session: AsyncSession, found: CallList, row: CallListPerson, *, gate: Gate, now: datetime) -> Sheet:
    customer = await directory.get(session, row.customer_id)
    known = await identities.of(session, row.customer_id)
    numbers = tuple(i for i in known if i.kind is AddressKind.PHONE and i.state is not IdentityState.DEAD)
    best = identities.best(known, Kind.VOICE)
    ordered = tuple(sorted(numbers, key=lambda one: best is None or one.id != best.id))
    last = await _last(session, row.customer_id)
    version = await templates.version(session, found.template_version_id)
    values = planning.values(gate, customer, found.purpose, Kind.VOICE, {}, now=now)
    try:
        said = rendering.render(version.variants, Kind.VOICE, customer.language, gate.default_language, values)
    except TemplateProblem as e:
        return Sheet(customer, ordered, "", "", e.said, last)
    return Sheet(customer, ordered, said.text, said.language, None, last)


async def _last(session: AsyncSession, customer_id: UUID) -> tuple[LastWord, ...]:
    """Newest first, whatever the medium."""
    words = (Interaction.subject, Interaction.reply_text, Interaction.body_text)
    query = (
        select(Interaction.at, Interaction.kind, Interaction.direction, *words)  # type: ignore[call-overload]
        .where(
            col(Interaction.customer_id) == customer_id,
            col(Interaction.kind).is_not(None),
            col(Interaction.state).not_in((State.WITHHELD, State.CANCELLED)),
        )
        .order_by(col(Interaction.id).desc())
        .limit(_LAST)
    )
    return tuple(
        LastWord(at, kind, direction, (subject or reply or body or "")[:_SHOWN])
        for at, kind, direction, subject, reply, body in await session.exec(query)
    )
