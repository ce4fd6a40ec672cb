"""What waits for each endpoint: claimed under a lease, settled by whoever holds it, tried again for days."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.posting import Answered
from hub import live
from hub.conversations import tasks
from hub.conversations.tasks import NewTask
from hub.models import Staff, WebhookDelivery, WebhookEndpoint
from hub.models.vocabulary import DeliveryState, EndpointState, Role
from hub.sealing import Sealer
from hub.webhooks import endpoints, signing

SECONDS_UNTIL = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)  # after the first try, the second …
TRIES = len(SECONDS_UNTIL) + 1
OFF_AFTER = timedelta(days=5)  # of nothing but failures
LEASE = timedelta(seconds=60)  # longer than a post may take
KEPT = timedelta(days=30)
AT_ONCE = 8  # for one endpoint
_GONE = 410


class NoSuchDelivery(LookupError):
    """There is no such delivery."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery that this process may post, as often as `attempt` says it was tried, this time included."""

    id: int
    endpoint_id: int
    attempt: int
    url: str
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)


_CLAIM = text(
    """
with due as (
  select d.id from webhook_endpoint e cross join lateral (
    select id from webhook_delivery where endpoint_id = e.id and state = 'waiting' and next_at <= :now
      and (claimed_until is null or claimed_until < :now)
    order by next_at limit :most for update skip locked) d
  where e.state = 'on' and e.id <> all(:busy))
update webhook_delivery d set claimed_until = :until, attempts = attempts + 1, tried_at = :now
from due where d.id = due.id returning d.id
"""
)


async def claim(session: AsyncSession, sealer: Sealer, *, busy: Collection[int], now: datetime) -> list[Parcel]:
    """Up to eight for each endpoint that is on and not `busy`; others of several workers get others."""
    asked = {"now": now, "until": now + LEASE, "most": AT_ONCE, "busy": list(busy)}
    ids = list((await session.execute(_CLAIM, asked)).scalars())
    rows = select(WebhookDelivery, WebhookEndpoint).join(
        WebhookEndpoint, col(WebhookEndpoint.id) == col(WebhookDelivery.endpoint_id)
    )
    found = await session.exec(
        rows.where(col(WebhookDelivery.id).in_(ids)).order_by(col(WebhookDelivery.id)),
        execution_options={"populate_existing": True},
    )
    return [_parcel(one, endpoint, sealer, now) for one, endpoint in found]


async def settle(session: AsyncSession, parcel: Parcel, answered: Answered, *, now: datetime) -> bool:
    """Write down what became of it; False when somebody else has it by now."""
    endpoint = await endpoints.locked(session, parcel.endpoint_id)
    row = await session.get(WebhookDelivery, parcel.id, with_for_update=True, populate_existing=True)
    if endpoint is None or row is None or row.attempts != parcel.attempt or row.state is not DeliveryState.WAITING:
        return False
    row.status, row.answer, row.milliseconds = answered.status, answered.text, answered.milliseconds
    row.claimed_until = None
    if answered.ok:
        row.state, endpoint.failing_since = DeliveryState.DELIVERED, None
        return True
    await _failed(session, row, endpoint, answered, now)
    return True


async def again(session: AsyncSession, delivery_id: int, *, now: datetime) -> WebhookDelivery:
    """Sent once more, under its old id. Raises NoSuchDelivery."""
    row = await session.get(WebhookDelivery, delivery_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NoSuchDelivery(f"There is no delivery {delivery_id}")
    row.state, row.next_at = DeliveryState.WAITING, now
    if row.claimed_until is None or row.claimed_until < now:
        row.attempts, row.claimed_until = 0, None
    await session.flush()
    await live.publish(session, "webhook")
    return row


async def log(session: AsyncSession, endpoint_id: int, *, limit: int = 50) -> Sequence[WebhookDelivery]:
    """The newest first."""
    rows = select(WebhookDelivery).where(col(WebhookDelivery.endpoint_id) == endpoint_id)
    return (await session.exec(rows.order_by(col(WebhookDelivery.id).desc()).limit(limit))).all()


# ---- inside ---------------------------------------------------------------------------------


def _parcel(row: WebhookDelivery, endpoint: WebhookEndpoint, sealer: Sealer, now: datetime) -> Parcel:
    body = _body(row.event, row.at, row.data)
    keys = endpoints.keys(endpoint, sealer, now=now)
    headers = signing.headers(keys, row.message_id, int(now.timestamp()), body)
    headers |= {"Content-Type": "application/json", "User-Agent": "Contact-Hub-Webhooks/1"}
    return Parcel(row.id or 0, row.endpoint_id, row.attempts, endpoint.url, body, headers)


def _body(event: str, at: datetime, data: dict[str, Any]) -> bytes:
    """The same bytes for the same event, however often it is sent."""
    said = {"type": event, "timestamp": at.astimezone(UTC).isoformat().replace("+00:00", "Z"), "data": data}
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()


async def _failed(
    session: AsyncSession, row: WebhookDelivery, endpoint: WebhookEndpoint, answered: Answered, now: datetime
) -> None:
    endpoint.failing_since = endpoint.failing_since or now
    if row.attempts >= TRIES:
        row.state = DeliveryState.FAILED
    else:
        row.next_at = now + timedelta(seconds=SECONDS_UNTIL[row.attempts - 1])
    over = answered.status == _GONE or now - endpoint.failing_since >= OFF_AFTER
    if over and endpoint.state is EndpointState.ON:  # several are under way at once: people are told by the first
        endpoint.state = EndpointState.OFF
        await session.flush()
        why = "it says that it is gone" if answered.status == _GONE else "it failed for days"
        await _tell_an_admin(session, endpoint, why, now)


async def _tell_an_admin(session: AsyncSession, endpoint: WebhookEndpoint, why: str, now: datetime) -> None:
    rows = select(Staff.id).where(col(Staff.role) == Role.ADMIN, col(Staff.active)).order_by(col(Staff.id)).limit(1)
    person = (await session.exec(rows)).first()
    title = f"The webhook to {endpoint.name or endpoints.place(endpoint.url)} was switched off: {why}"
    await tasks.add(session, NewTask(tasks.shortened(title), due_at=now, assignee_id=person), now=now)
