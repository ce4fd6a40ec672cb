"""How many segments a campaign's SMS takes for each customer: made for everybody where it says something of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns.costs import measure
from hub.models import Customer
from hub.models.vocabulary import Kind
from hub.outbound import links, planning, rendering, safe_jinja
from hub.outbound.mailings import Mailing
from hub.outbound.rendering import TemplateProblem
from hub.outbound.request import Gate

_SAME_FOR_ALL = {"company"}  # beside the campaign's own variables


async def segments(
    session: AsyncSession, mailing: Mailing, customers: Sequence[UUID], *, gate: Gate, now: datetime
) -> Mapping[UUID, int]:
    """Segments by customer. One whose text cannot be made counts 1: the template's fault is told elsewhere."""
    found: dict[UUID, int] = {}
    same: dict[str, int] = {}
    personal = _personal(mailing)
    tracked = bool(await links.campaigns(session, {mailing.campaign_id or 0}))
    for person in await _people(session, customers):
        if not personal and person.language in same:
            found[person.id] = same[person.language]
            continue
        found[person.id] = same[person.language] = _length(mailing, person, gate, tracked=tracked, now=now)
    return found


def _personal(mailing: Mailing) -> bool:
    """Whether the text says anything that differs from one customer to the next, beside their language."""
    sources = [parts.get("sms", "") for parts in mailing.version.variants.values()]
    return any(set(safe_jinja.names(source)) - set(mailing.variables) - _SAME_FOR_ALL for source in sources)


def _length(mailing: Mailing, person: Any, gate: Gate, *, tracked: bool, now: datetime) -> int:
    """As it leaves: addresses that are followed are short ones then."""
    values = planning.values(gate, person, mailing.purpose, Kind.SMS, mailing.variables, now=now)
    try:
        said = rendering.render(mailing.version.variants, Kind.SMS, person.language, gate.default_language, values)
    except TemplateProblem:
        return 1
    return measure(links.shortened(said.text, gate) if tracked else said.text).segments


async def _people(session: AsyncSession, customers: Sequence[UUID]) -> Sequence[Any]:
    """Rows with what `planning.values` reads of a customer: entities would cost more than the words."""
    columns = (Customer.id, Customer.name, Customer.given_name, Customer.language, Customer.attributes)
    query = select(*columns).where(col(Customer.id).in_(customers))  # type: ignore[call-overload]
    return list(await session.exec(query))
