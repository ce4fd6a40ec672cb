"""Who is told: addresses, the events they chose, their secrets."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels import posting
from hub import live
from hub.models import WebhookDelivery, WebhookEndpoint
from hub.models.vocabulary import EndpointState
from hub.sealing import Sealer
from hub.sentences import Sentence
from hub.staff import audit
from hub.webhooks.events import EVENTS, TEST
from hub.webhooks.signing import new_secret

MOST = 20  # endpoints
BOTH = timedelta(hours=24)  # so long the former secret signs too


class NoSuchEndpoint(LookupError):
    """There is no such endpoint."""


class EndpointProblem(ValueError):
    """An endpoint that cannot be; the message says why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    url: str
    name: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """The only time that the secret can be read."""

    endpoint: WebhookEndpoint
    secret: str = field(repr=False)


async def create(
    session: AsyncSession, sealer: Sealer, wanted: Wanted, *, loopback: bool, now: datetime, by: int
) -> Shown:
    """Raises EndpointProblem."""
    _check(wanted, loopback=loopback)
    if len(await listing(session)) >= MOST:
        raise EndpointProblem(Sentence("There are %(most)s already. Delete one first.", {"most": MOST}))
    row = WebhookEndpoint(
        url=wanted.url, name=wanted.name.strip()[:200], events=list(wanted.events), secret=b"", created_at=now
    )
    session.add(row)
    await session.flush()
    secret = new_secret()
    row.secret = sealer.seal(_subject(row), secret)
    await _note(session, "webhook.create", row, now, by)
    return Shown(row, secret)


async def change(
    session: AsyncSession, endpoint_id: int, wanted: Wanted, *, loopback: bool, now: datetime, by: int
) -> WebhookEndpoint:
    """Raises NoSuchEndpoint, EndpointProblem."""
    row = await get(session, endpoint_id)
    _check(wanted, loopback=loopback)
    row.url, row.name, row.events = wanted.url, wanted.name.strip()[:200], list(wanted.events)
    await _note(session, "webhook.change", row, now, by)
    return row


async def turn(
    session: AsyncSession, endpoint_id: int, state: EndpointState, *, now: datetime, by: int
) -> WebhookEndpoint:
    """On, or paused: what happens meanwhile waits. Raises NoSuchEndpoint."""
    row = await get(session, endpoint_id)
    row.state, row.failing_since = state, None
    await _note(session, f"webhook.{state.value}", row, now, by)
    await live.publish(session, "webhook")
    return row


async def rotate(session: AsyncSession, sealer: Sealer, endpoint_id: int, *, now: datetime, by: int) -> Shown:
    """A new secret; for a day both sign. Raises NoSuchEndpoint."""
    row, secret = await get(session, endpoint_id), new_secret()
    row.former, row.former_until = row.secret, now + BOTH
    row.secret = sealer.seal(_subject(row), secret)
    await _note(session, "webhook.rotate", row, now, by)
    return Shown(row, secret)


async def remove(session: AsyncSession, endpoint_id: int, *, now: datetime, by: int) -> None:
    """With everything that waits for it. Raises NoSuchEndpoint."""
    row = await get(session, endpoint_id)
    await _note(session, "webhook.delete", row, now, by)
    await session.delete(row)
    await session.flush()


async def test(session: AsyncSession, endpoint_id: int, *, now: datetime) -> None:
    """It is sent what nothing else sends. Raises NoSuchEndpoint."""
    await get(session, endpoint_id)
    message = f"msg_{secrets.token_hex(16)}"
    session.add(WebhookDelivery(message_id=message, endpoint_id=endpoint_id, event=TEST, at=now, data={}, next_at=now))
    await session.flush()
    await live.publish(session, "webhook")


async def get(session: AsyncSession, endpoint_id: int) -> WebhookEndpoint:
    """Raises NoSuchEndpoint."""
    row = await locked(session, endpoint_id)
    if row is None:
        raise NoSuchEndpoint(f"There is no endpoint {endpoint_id}")
    return row


async def locked(session: AsyncSession, endpoint_id: int) -> WebhookEndpoint | None:
    """Nobody changes it beside us. Whoever announces an event holds its key until they commit: they are not waited for,
    nor do they wait.
    """
    return await session.get(WebhookEndpoint, endpoint_id, with_for_update={"key_share": True}, populate_existing=True)


async def listing(session: AsyncSession) -> Sequence[WebhookEndpoint]:
    return (await session.exec(select(WebhookEndpoint).order_by(col(WebhookEndpoint.id)))).all()


def keys(row: WebhookEndpoint, sealer: Sealer, *, now: datetime) -> list[str]:
    """What signs now, the current one first; none: it was sealed under a secret that we do not have."""
    sealed = [row.secret] + ([row.former] if row.former and row.former_until and now < row.former_until else [])
    return [secret for one in sealed if (secret := sealer.open(_subject(row), one))]


def place(url: str) -> str:
    """Scheme and host, for everybody to read: what stands behind them is often a secret."""
    split = urlsplit(url)
    return f"{split.scheme}://{split.netloc}"


def _subject(row: WebhookEndpoint) -> str:
    return f"webhook:{row.id}"


def _check(wanted: Wanted, *, loopback: bool) -> None:
    if len(wanted.url) > 2000 or not posting.usable(wanted.url, loopback=loopback):
        raise EndpointProblem(Sentence("Write an address that begins with https:// and leads to the open Internet."))
    if not wanted.events or not set(wanted.events) <= EVENTS.keys():
        raise EndpointProblem(Sentence("Choose at least one event from the list."))


async def _note(session: AsyncSession, action: str, row: WebhookEndpoint, now: datetime, by: int) -> None:
    await session.flush()
    await audit.write(session, action, staff_id=by, subject=f"webhook:{row.id}", detail=place(row.url)[:200], now=now)
