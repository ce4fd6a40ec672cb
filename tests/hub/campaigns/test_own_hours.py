"""Everybody's own hour (requirements S6, S7): ten in the morning is ten on every wall."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from hub.campaigns import hours, lifecycle, steps
from hub.campaigns.lifecycle import NotStartable, Plan
from hub.customers import consent, directory
from hub.customers.consent import Statement
from hub.database.engine import Database
from hub.interactions import partitions
from hub.models import CampaignRecipient, Interaction
from hub.models.vocabulary import CampaignState, Kind, Purpose
from hub.outbound.quiet_hours import next_at, zones_of_number
from hub.outbound.request import Gate
from tests.hub.campaigns.running import feed_all

HOUR = timedelta(hours=1)
SEGMENT = ({"field": "label", "op": "eq", "value": "spring"},)
ZONES = {"Ada": "Europe/Warsaw", "Bea": "America/New_York", "Cleo": "Asia/Tokyo", "Dora": None, "Ema": None}


@pytest.fixture
async def people(database: Database, now: datetime) -> dict[str, UUID]:
    found = {}
    async with database.unit() as session:
        await partitions.ensure_months(session, now)
        for name, zone in ZONES.items():
            phones = ("+359888123456",) if name == "Dora" else ()
            new = directory.NewCustomer(
                name, emails=(f"{name}@example.org",), phones=phones, timezone=zone, labels=("spring",)
            )
            customer = await directory.create(session, new, now=now)
            said = Statement(customer.id, Purpose.MARKETING, None, granted=True, source="test")
            await consent.record(session, said, now=now)
            found[name] = customer.id
    return found


async def test_it_leaves_at_ten_by_everybodys_own_clock(
    database: Database, gate: Gate, now: datetime, spring: int, people: dict[str, UUID]
) -> None:
    """`now` is a Tuesday noon in March: in Warsaw ten has passed, in New York it is eight."""
    campaign = await _started(database, gate, now, spring)
    assert await _waiting(database, people) == {
        "Ada": datetime(2026, 3, 11, 9, tzinfo=UTC),
        "Bea": datetime(2026, 3, 10, 14, tzinfo=UTC),
        "Cleo": datetime(2026, 3, 11, 1, tzinfo=UTC),
        "Dora": datetime(2026, 3, 11, 8, tzinfo=UTC),  # by her number, Bulgarian
        "Ema": datetime(2026, 3, 11, 9, tzinfo=UTC),  # nobody knows: the company's clock
    }
    assert await _had(database, people) == set()
    await feed_all(database, campaign, gate, datetime(2026, 3, 10, 14, tzinfo=UTC), 2)
    assert await _had(database, people) == {"Bea"}
    await feed_all(database, campaign, gate, datetime(2026, 3, 11, 8, 30, tzinfo=UTC), 2)
    assert await _had(database, people) == {"Bea", "Dora"}  # Cleo's hour passed seven hours ago
    assert (await _waiting(database, people))["Cleo"] == datetime(2026, 3, 12, 1, tzinfo=UTC)
    await feed_all(database, campaign, gate, datetime(2026, 3, 11, 9, tzinfo=UTC), 2)
    await feed_all(database, campaign, gate, datetime(2026, 3, 12, 1, tzinfo=UTC), 2)
    assert await _had(database, people) == set(people)
    async with database.unit() as session:
        found = await lifecycle.get(session, campaign)
        assert (found.fed, found.state) == (5, CampaignState.RUNNING)


async def test_its_hour_cannot_be_changed_once_it_runs(
    database: Database, gate: Gate, now: datetime, spring: int, people: dict[str, UUID]
) -> None:
    campaign = await _started(database, gate, now, spring)
    async with database.unit() as session:
        await lifecycle.pause(session, campaign, now=now)
        with pytest.raises(NotStartable, match="has begun"):
            await steps.send_at(session, campaign, None)


@pytest.mark.parametrize(
    ("at", "hour", "expected"),
    [
        # Warsaw skips 02:00-03:00 on 29 March 2026 and repeats it on 25 October.
        ("2026-03-28T12:00Z", time(2, 30), "2026-03-29T01:00Z"),
        ("2026-10-24T12:00Z", time(2, 30), "2026-10-25T00:30Z"),
        ("2026-10-25T00:45Z", time(2, 30), "2026-10-26T01:30Z"),
        ("2026-03-28T12:00Z", time(10), "2026-03-29T08:00Z"),
        ("2026-03-10T09:00Z", time(10), "2026-03-10T09:00Z"),
    ],
)
def test_daylight_saving_sends_nobody_twice_and_nobody_never(at: str, hour: time, expected: str) -> None:
    assert next_at(hour, "Europe/Warsaw", datetime.fromisoformat(at)) == datetime.fromisoformat(expected)


def test_of_a_number_in_many_zones_the_westernmost_counts_on_the_same_day() -> None:
    """A toll-free number of North America; it is eleven in New York."""
    now = datetime(2026, 7, 1, 15, tzinfo=UTC)
    at = hours.by_number(["+18005551234"], time(10), "Europe/Warsaw", now)
    zones = [zone for zone in zones_of_number("+18005551234") if zone.startswith(("America/", "Pacific/Honolulu"))]
    assert len(zones) > 20
    assert all(at.astimezone(ZoneInfo(zone)).time() >= time(10) for zone in zones)
    assert now <= at < now + timedelta(days=1)


async def _started(database: Database, gate: Gate, now: datetime, version: int) -> int:
    async with database.unit() as session:
        plan = Plan("Ten", version, SEGMENT, variables={"offer": "Tulips"}, kinds=(Kind.EMAIL,))
        campaign = await lifecycle.create(session, plan, staff_id=None, now=now)
        await steps.send_at(session, campaign.id or 0, time(10))
        await lifecycle.start(session, campaign.id or 0, gate=gate, now=now)
    await feed_all(database, campaign.id or 0, gate, now, 2)
    return campaign.id or 0


async def _waiting(database: Database, people: dict[str, UUID]) -> dict[str, datetime | None]:
    async with database.unit() as session:
        rows = dict((await session.exec(select(CampaignRecipient.customer_id, col(CampaignRecipient.due_at)))).all())
    return {name: rows[customer] for name, customer in people.items()}


async def _had(database: Database, people: dict[str, UUID]) -> set[str]:
    async with database.unit() as session:
        wrote = set(await session.exec(select(Interaction.customer_id)))
    return {name for name, customer in people.items() if customer in wrote}
