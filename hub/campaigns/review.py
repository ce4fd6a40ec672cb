"""A campaign before it starts: who would get it on which channel, who would not and why. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import segments
from hub.campaigns.lifecycle import get
from hub.campaigns.portions import request_for
from hub.models import Campaign
from hub.models.vocabulary import Kind, Withheld
from hub.outbound import planning
from hub.outbound.planning import Plan
from hub.outbound.request import Gate

_SLICE = 500


@dataclass(frozen=True, slots=True)
class Sample:
    """One customer: what they would be sent, or the gate's reason."""

    customer_id: UUID
    name: str
    kind: Kind | None
    reason: Withheld | None
    not_before: datetime | None
    trace: tuple[str, ...]
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Review:
    """`looked_at` of `audience` customers were put to the gate: every one counts under a kind or under a reason."""

    audience: int
    looked_at: int
    by_kind: Mapping[Kind, int]
    by_reason: Mapping[Withheld, int]
    samples: tuple[Sample, ...]

    @property
    def reachable(self) -> int:
        return sum(self.by_kind.values())


async def review(
    session: AsyncSession, campaign_id: int, *, gate: Gate, now: datetime, limit: int = 5_000, samples: int = 20
) -> Review:
    """Ask the gate for the first `limit` customers of the segment. Raises lifecycle.NotFound.

    `samples` of them are shown: a few of every answer before many of one.
    """
    campaign = await get(session, campaign_id)
    answers = await _answers(session, campaign, gate, now, limit)
    return Review(
        audience=await segments.count(session, campaign.segment, now=now),
        looked_at=len(answers),
        by_kind=Counter(one.kind for one in answers if one.kind is not None),
        by_reason=Counter(one.reason for one in answers if one.reason is not None),
        samples=_varied(answers, samples),
    )


async def _answers(session: AsyncSession, campaign: Campaign, gate: Gate, now: datetime, limit: int) -> list[Sample]:
    where, after, found = segments.compile(campaign.segment, now=now), None, list[Sample]()
    while campaign.template_version_id is not None and len(found) < limit:
        size = min(_SLICE, limit - len(found))
        customers = await segments.slice_after(session, where, after, limit=size)
        if not customers:
            break
        requests = [request_for(campaign, customer) for customer in customers]
        plans = await planning.plans(session, requests, gate=gate, now=now)
        found += [_sample(plan) for plan in plans]
        after = customers[-1]
    return found


def _sample(plan: Plan) -> Sample:
    customer = (plan.interaction.variables or {}).get("customer", {})
    return Sample(
        customer_id=plan.request.customer_id,
        name=str(customer.get("name", "")),
        kind=plan.decision.kind,
        reason=plan.decision.reason,
        not_before=plan.decision.not_before,
        trace=plan.decision.trace,
        subject=plan.rendered.subject if plan.rendered else "",
        text=plan.rendered.text if plan.rendered else "",
    )


def _varied(answers: Sequence[Sample], limit: int) -> tuple[Sample, ...]:
    """The first of every answer, then the second of every answer, and so on."""
    seen: Counter[tuple[Kind | None, Withheld | None]] = Counter()
    turns = []
    for place, one in enumerate(answers):
        seen[one.kind, one.reason] += 1
        turns.append((seen[one.kind, one.reason], place))
    return tuple(answers[place] for _, place in sorted(turns)[:limit])
