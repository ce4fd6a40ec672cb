"""Figures for Prometheus, read from the database at the moment of asking; labels are few and never a person."""

from __future__ import annotations

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

Gauge = tuple[str, dict[str, str], float]  # name, labels, value

# Every statement gives the value first, then the labels in the order of the names.
_FIGURES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "hub_interactions_last_day",
        ("kind", "direction", "state"),
        "select count(*), coalesce(kind, 'note'), direction, state from interaction "
        "where at > now() - interval '1 day' and id >= :yesterday group by kind, direction, state",
    ),
    (
        "hub_outbox_depth",
        ("channel",),
        "select count(o.id), s.channel from sender s left join outbox o on o.sender_id = s.id group by s.channel",
    ),
    (
        "hub_outbox_oldest_due_seconds",
        ("channel",),
        "select greatest(coalesce(extract(epoch from now() - min(o.due_at)), 0), 0), s.channel "
        "from sender s left join outbox o on o.sender_id = s.id and o.lease_until is null group by s.channel",
    ),
    ("hub_sender_in_trouble", ("channel",), "select (trouble <> '')::int, channel from sender"),
    ("hub_raw_messages_parked", (), "select count(*) from raw_message where state = 'parked'"),
    ("hub_raw_messages_waiting", (), "select count(*) from raw_message where state = 'received'"),
    ("hub_sessions", (), "select count(*) from staff_session where expires_at > now()"),
    ("hub_unknown_outcomes", (), "select count(*) from interaction where state = 'unknown' and reason <> 'left'"),
    ("hub_campaigns_running", (), "select count(*) from campaign where state = 'running'"),
)

# The smallest identifier of a day ago, as `clock.first_uuid7` makes it, so that old months are not looked at.
_YESTERDAY = (
    "select (lpad(to_hex(floor(extract(epoch from now() - interval '1 day') * 1000)::bigint), 12, '0') "
    "|| repeat('0', 20))::uuid"
)


async def gauges(session: AsyncSession) -> list[Gauge]:
    """All figures, by the database's clock."""
    yesterday = (await session.execute(text(_YESTERDAY))).scalar_one()
    found: list[Gauge] = []
    for name, labels, sql in _FIGURES:
        values = {"yesterday": yesterday} if ":yesterday" in sql else {}
        rows = (await session.execute(text(sql), values)).all()
        found += [(name, dict(zip(labels, row[1:], strict=True)), float(row[0])) for row in rows]
    return found
