"""The one way out: gate, words, log row and work ticket in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.models import AttachmentRow, DedupeKey, Interaction
from hub.models.vocabulary import Withheld
from hub.outbound import copying, costs, outbox, planning
from hub.outbound.asking import (
    PRIORITY,
    Answer,
    Copy,
    Duplicate,
    Gate,
    Held,
    NewFile,
    Placed,
    Request,
    Templated,
    Words,
)
from hub.outbound.planning import Plan
from hub.outbound.question import Decision
from hub.outbound.rendering import Rendered

__all__ = [
    "Answer",
    "Copy",
    "Duplicate",
    "Gate",
    "Held",
    "NewFile",
    "Placed",
    "Preview",
    "Request",
    "Templated",
    "Words",
    "preview",
    "send",
    "send_many",
]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen. `rendered` is None when it would be withheld."""

    decision: Decision
    rendered: Rendered | None


async def send(session: AsyncSession, request: Request, *, gate: Gate, now: datetime) -> Answer:
    """Log it and queue it, or log why not, in the caller's transaction. Raises hub.customers.directory.NotFound."""
    (answer,) = await send_many(session, [request], gate=gate, now=now)
    return answer


async def send_many(session: AsyncSession, requests: Sequence[Request], *, gate: Gate, now: datetime) -> list[Answer]:
    """As `send`, for many at once: the answers in the order of the requests."""
    before = await _known(session, {request.dedupe_key for request in requests} - {""})
    first = _first_of_each_key(requests, before)
    plans = await planning.plans(session, [requests[i] for i in first], gate=gate, now=now)
    left_out = await copying.judge(session, plans, gate=gate, now=now)
    lost = await _write(session, plans, left_out, now)
    answers: dict[int, Answer] = {i: _answer(plan, left_out) for i, plan in zip(first, plans, strict=True)}
    before |= {p.request.dedupe_key: p.interaction.id for p in plans if p.request.dedupe_key} | lost
    for i, request in enumerate(requests):
        if i not in answers or request.dedupe_key in lost:
            answers[i] = Duplicate(before[request.dedupe_key])
    return [answers[i] for i in range(len(requests))]


async def preview(session: AsyncSession, request: Request, *, gate: Gate, now: datetime) -> Preview:
    """The gate's answer and the words, without writing anything. Raises hub.customers.directory.NotFound."""
    (plan,) = await planning.plans(session, [request], gate=gate, now=now)
    return Preview(plan.decision, plan.rendered)


def _answer(plan: Plan, left_out: Mapping[str, Withheld]) -> Answer:
    if plan.decision.kind is None:
        return Held(plan.interaction.id, plan.decision.reason or Withheld.NO_CHANNEL, plan.decision.trace)
    mine = {one.address: left_out[one.address] for one in copying.of(plan) if one.address in left_out}
    return Placed(plan.interaction.id, plan.decision.kind, plan.due_at, mine)


def _first_of_each_key(requests: Sequence[Request], before: Mapping[str, UUID]) -> list[int]:
    seen = set(before)
    first = []
    for i, request in enumerate(requests):
        if request.dedupe_key and request.dedupe_key in seen:
            continue
        seen.add(request.dedupe_key)
        first.append(i)
    return first


async def _known(session: AsyncSession, keys: set[str]) -> dict[str, UUID]:
    if not keys:
        return {}
    rows = await session.exec(select(DedupeKey.key, DedupeKey.interaction_id).where(col(DedupeKey.key).in_(keys)))
    return dict(rows.all())


async def _write(
    session: AsyncSession, plans: Sequence[Plan], left_out: Mapping[str, Withheld], now: datetime
) -> dict[str, UUID]:
    """Rows and tickets; gives the keys that somebody else took in the same moment, with whom they belong to."""
    if not plans:
        return {}
    await session.execute(insert(Interaction), [p.interaction.model_dump(exclude={"search"}) for p in plans])
    lost = await _take_keys(session, plans)
    kept = [p for p in plans if p.request.dedupe_key not in lost]
    await _write_files(session, kept)
    await copying.write(session, kept, left_out, now=now)
    await outbox.put(session, [_ticket(p) for p in kept if p.channel], now=now)
    await _announce(session, kept)
    return lost


async def _take_keys(session: AsyncSession, plans: Sequence[Plan]) -> dict[str, UUID]:
    """The key's row refers to the interaction, so that comes first; whoever loses the race takes it back."""
    mine = {p.request.dedupe_key: p.interaction.id for p in plans if p.request.dedupe_key}
    if not mine:
        return {}
    rows = [{"key": key, "interaction_id": mine[key]} for key in sorted(mine)]  # one order: no deadlock
    statement = insert(DedupeKey).values(rows).on_conflict_do_nothing().returning(col(DedupeKey.key))
    taken = set((await session.exec(statement)).scalars())
    lost = mine.keys() - taken
    if not lost:
        return {}
    await session.exec(delete(Interaction).where(col(Interaction.id).in_([mine[key] for key in lost])))
    return await _known(session, set(lost))


def _ticket(plan: Plan) -> outbox.NewTicket:
    return outbox.NewTicket(
        interaction_id=plan.interaction.id,
        channel=plan.channel,
        kind=plan.interaction.kind or next(iter(plan.request.kinds)),
        priority=PRIORITY.get(plan.request.origin, 5),
        due_at=plan.due_at,
        expires_at=plan.request.expires_at,
        cost=_cost(plan),
        campaign_id=plan.request.campaign_id,
    )


def _cost(plan: Plan) -> int:
    files = len(plan.request.content.files) if isinstance(plan.request.content, Words) else 0
    return costs.cost(plan.interaction.kind, plan.rendered.text if plan.rendered else "", files)


async def _write_files(session: AsyncSession, plans: Sequence[Plan]) -> None:
    for plan in plans:
        content = plan.request.content
        for file in content.files if isinstance(content, Words) else ():
            session.add(
                AttachmentRow(
                    interaction_id=plan.interaction.id,
                    name=file.name,
                    media_type=file.media_type,
                    size=file.size,
                    sha256=file.sha256,
                    inline=bool(file.content_id),
                    content_id=file.content_id,
                )
            )
    await session.flush()


async def _announce(session: AsyncSession, plans: Sequence[Plan]) -> None:
    for campaign in {p.request.campaign_id for p in plans} - {None}:
        await live.publish(session, "campaign", id=campaign)
    for customer in {p.request.customer_id for p in plans if p.request.campaign_id is None}:
        await live.publish(session, "customer", id=customer)
