"""Calendars elsewhere that are fetched every quarter of an hour: kept, due, and what the last time brought."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels import calendars
from hub import live
from hub.conversations import appointment_calendars
from hub.conversations.appointment_calendars import Event, Report, Terms
from hub.conversations.appointment_sync import Outcome
from hub.models import CalendarFeed
from hub.sentences import LONG_NAME, Sentence, too_long

EVERY = timedelta(minutes=15)
MOST = 50
LONGEST_NAME, LONGEST_URL = 100, 2_000


class NoSuchFeed(LookupError):
    """There is no such calendar."""


class FeedProblem(ValueError):
    """It cannot be kept like this. Says why."""


async def listing(session: AsyncSession) -> list[CalendarFeed]:
    """All of them, by name."""
    return list(await session.exec(select(CalendarFeed).order_by(col(CalendarFeed.name), col(CalendarFeed.id))))


async def add(
    session: AsyncSession,
    name: str,
    url: str,
    *,
    owner_id: int | None,
    remind_before: Sequence[timedelta],
    loopback: bool,
    now: datetime,
) -> CalendarFeed:
    """It is fetched at once. Raises FeedProblem."""
    name, url = " ".join(name.split()), url.strip().replace("webcal://", "https://", 1)
    if not name:
        raise FeedProblem(Sentence("Give the calendar a name"))
    if long := too_long(LONG_NAME, name, LONGEST_NAME):
        raise FeedProblem(long)
    if len(url) > LONGEST_URL or not calendars.usable(url, loopback=loopback):
        raise FeedProblem(Sentence("The address must begin with https:// and lead to a name on the open Internet"))
    if len(await listing(session)) >= MOST:
        raise FeedProblem(Sentence("There are %(most)s already. Delete one first.", {"most": MOST}))
    leads = sorted({int(one.total_seconds() // 60) for one in remind_before}, reverse=True)
    feed = CalendarFeed(name=name, url=url, owner_id=owner_id, lead_minutes=leads, next_at=now, created_at=now)
    session.add(feed)
    await session.flush()
    return feed


async def remove(session: AsyncSession, feed_id: int) -> CalendarFeed:
    """What it brought stays. Raises NoSuchFeed."""
    feed = await get(session, feed_id)
    await session.delete(feed)
    await session.flush()
    return feed


async def get(session: AsyncSession, feed_id: int) -> CalendarFeed:
    """Raises NoSuchFeed."""
    found = await session.get(CalendarFeed, feed_id) if 0 < feed_id < 2**31 else None
    if found is None:
        raise NoSuchFeed(f"There is no calendar {feed_id}")
    return found


async def due(session: AsyncSession, *, now: datetime) -> list[int]:
    """Those to be fetched now; the next time is set from here, so that one that fails is no busier than others."""
    rows = select(CalendarFeed).where(col(CalendarFeed.next_at) <= now).with_for_update(skip_locked=True)
    found = list(await session.exec(rows))
    for feed in found:
        feed.next_at = now + EVERY
    await session.flush()
    return [feed.id or 0 for feed in found]


async def keep(session: AsyncSession, feed_id: int, events: Sequence[Event], zone: str, *, now: datetime) -> Report:
    """What was fetched, as appointments. Raises NoSuchFeed."""
    feed = await get(session, feed_id)
    leads = [timedelta(minutes=minutes) for minutes in feed.lead_minutes]
    terms = Terms(f"calendar {feed_id}", zone, feed.owner_id, leads)
    report = await appointment_calendars.take(session, events, terms, now=now)
    feed.read_at, feed.problem, feed.told = now, "", told(report)
    await session.flush()
    await live.publish(session, "appointment")
    return report


async def fail(session: AsyncSession, feed_id: int, problem: str) -> None:
    """Nothing is changed by a calendar that does not come. Raises NoSuchFeed."""
    feed = await get(session, feed_id)
    feed.problem = problem[:500]
    await session.flush()


def told(report: Report) -> str:
    """`2 added, 1 rejected`; every outcome that there was."""
    return ", ".join(f"{report.counts[one]} {one.value}" for one in Outcome if report.counts[one])
