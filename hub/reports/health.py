"""The doctor: checks that every row is in a lawful state and every counter equals its sum. Reads, and mends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import first_uuid7
from hub.models.vocabulary import State
from hub.outbound.front import BULK
from hub.queue import GIVEN_UP
from hub.reports.gauges import Gauge, gauges
from hub.reports.overview import Overview, overview
from hub.settings import Settings

__all__ = ["CHECKS", "Gauge", "Overview", "Problem", "doctor", "gauges", "lies_apart", "overview", "scattered"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One check that does not hold: for how many rows, one of them, and what to do about it."""

    check: str
    count: int
    example: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Check:
    """`sql` lists one line of text for each row that is wrong."""

    name: str
    sql: str
    remedy: str


# SMS and calls stay `sending` without a ticket from the provider's acceptance until it says that they left.
CHECKS = (
    Check(
        "queued without a ticket",
        "select i.id::text from interaction i where i.state = 'queued' and i.direction = 'out' "
        "and i.campaign_id is null and not exists (select 1 from outbox o where o.interaction_id = i.id) "
        "union all select i.id::text from campaign c join interaction i on i.campaign_id = c.id and i.state = 'queued' "
        "where i.direction = 'out' and not exists (select 1 from outbox o where o.interaction_id = i.id)",
        "It will never leave. Send it again from the customer's page and report a fault of the hub",
    ),
    Check(
        "sending without a ticket or a provider's word",
        "select i.id::text from interaction i where i.state = 'sending' and i.direction = 'out' "
        "and not exists (select 1 from outbox o where o.interaction_id = i.id) "
        "and not exists (select 1 from provider_reference r where r.interaction_id = i.id)",
        "Nobody will settle it. Look at its attempts and report a fault of the hub",
    ),
    Check(
        "final with a ticket",
        "select i.id::text || ' ' || i.state from outbox o join interaction i on i.id = o.interaction_id "
        "where i.state not in ('queued', 'sending', 'unknown') "
        "and not exists (select from mail_copy m where m.interaction_id = i.id and m.fate = 'waiting')",
        "It might be sent again. Delete its row in outbox and report a fault of the hub",
    ),
    Check(
        "rank does not fit the state",
        "select i.id::text || ' ' || i.state from interaction i "
        "where i.id >= :week and i.state_rank <> (cast(:ranks as jsonb) ->> i.state)::int",
        "Receipts may move it backwards. Report a fault of the hub",
    ),
    Check(
        "campaign counters",
        "select c.id || ': fed ' || c.fed || ', in the log ' || count(i.id) "
        "from campaign c left join interaction i on i.campaign_id = c.id group by c.id having count(i.id) <> c.fed",
        "Somebody was counted and not asked for, or the other way round. Report a fault of the hub",
    ),
    Check(
        "orphaned lease",
        "select o.interaction_id::text || ' held by ' || o.worker from outbox o where o.lease_until < :lapsed",
        "No worker picks up after others. Start one: `hub worker` or `hub run`",
    ),
    Check(
        "overdue",
        "select s.channel || ': ' || o.interaction_id::text from outbox o join sender s on s.id = o.sender_id "
        "where o.lease_until is null and o.due_at < :overdue and coalesce(s.paused_until, :now) <= :now "
        "and (o.priority < :bulk or s.daily_cap is null and s.ramp = '{}')",  # a day's cap makes bulk wait
        "More is queued than the channel's rate lets through, or no worker sends for it. Start one, or raise its rate",
    ),
    Check(
        "early receipt that could be joined",
        "select e.channel || ' ' || e.provider_id from early_receipt e "
        "join provider_reference r on r.channel = e.channel and r.provider_id = e.provider_id where e.at < :overdue",
        "A receipt was not joined to its message. Report a fault of the hub",
    ),
    Check(
        "parked message",
        "select r.channel || ' ' || r.key || ': ' || left(r.error, 200) from raw_message r where r.state = 'parked'",
        "It could not be understood and is kept. Read it under Unprocessed and run it again",
    ),
    Check(
        "unread for long",
        "select r.channel || ' ' || r.key from raw_message r where r.state = 'received' and r.next_try_at < :overdue",
        "No worker reads what came in. Start one: `hub worker` or `hub run`",
    ),
    Check(
        "channel in trouble",
        "select s.channel || ': ' || s.trouble from sender s where s.trouble <> ''",
        "Mend what it says, then try it with `hub check`",
    ),
    Check(
        "background job given up",
        GIVEN_UP,
        "A file could not be fetched or a campaign not be fed, for hours. The log of the worker says why",
    ),
    Check(
        "schedule that stands still",
        "select s.name from schedule s where s.next_at + make_interval(secs => 2 * s.every_seconds + 3600) < :now",
        "No worker keeps the time. Start one: `hub worker` or `hub run`",
    ),
    Check(
        "webhooks that wait",
        "select d.event || ' ' || d.message_id from webhook_delivery d join webhook_endpoint e on e.id = d.endpoint_id "
        "where e.state = 'on' and d.state = 'waiting' and d.next_at + interval '1 hour' < :now",
        "Other programs are not told. Is a worker running? See Settings, Webhooks",
    ),
    Check(
        "last contact does not fit the log",
        "select customer_id::text from (select customer_id, "
        "max(id::text collate \"C\") filter (where direction <> 'note' and origin <> 'test' and was_left) as contact, "
        "max(id::text collate \"C\") filter (where direction = 'in' and auto = '') as word, "
        "max(id::text collate \"C\") filter (where kind = 'voice' and origin not in ('test', 'campaign') and was_left) "
        "as call from (select id, customer_id, direction, origin, kind, auto, "
        "state not in ('withheld', 'expired', 'cancelled', 'queued') as was_left from interaction) i "
        "where id < (select until from last_contact_until) group by customer_id) i "
        "full join last_contact k using (customer_id) "
        "where (i.contact, i.word, i.call) is distinct from (k.contact::text, k.word::text, k.call::text) "
        "and customer_id in (select id from customer) and customer_id not in (select customer_id from stale_contact) "
        "and exists (select from last_contact_until)",
        "Segments mean others than they say. Have it made anew, `truncate last_contact_until` in psql, and report a "
        "fault of the hub",
    ),
)


async def doctor(session: AsyncSession, *, now: datetime) -> list[Problem]:
    """Everything that is not as it should be; empty when all is well. Each check is one statement, so one moment."""
    known = _moments(now)
    found = [await _run(session, check, known) for check in CHECKS]
    return [problem for problem in found if problem is not None]


async def scattered(session: AsyncSession) -> Problem | None:
    """Workers of several machines at once: asked about where `lies_apart`."""
    if (await session.execute(text("select to_regclass('worker')"))).scalar_one() is None:
        return None  # a database that has yet to be migrated
    found = await session.execute(text("select distinct split_part(name, ':', 1) from worker order by 1"))
    machines = list(found.scalars())
    if len(machines) < 2:
        return None
    remedy = "Set storage.url to a bucket or to a folder that all of them share: what one keeps the others cannot read"
    return Problem("files in a folder of each machine's own", len(machines), ", ".join(machines[:5]), remedy)


def lies_apart(settings: Settings) -> bool:
    """Is the database everybody's, and are the files each machine's own?"""
    return settings.database.url is not None and settings.storage.url is None


async def _run(session: AsyncSession, check: Check, known: Mapping[str, object]) -> Problem | None:
    asked = {name: value for name, value in known.items() if f":{name}" in check.sql}
    counted = text(f"select count(*), min(line) from ({check.sql}) as wrong(line)")  # noqa: S608 - our own table above
    count, example = (await session.execute(counted, asked)).one()
    return Problem(check.name, count, example, check.remedy) if count else None


def _moments(now: datetime) -> Mapping[str, object]:
    ranks = ", ".join(f'"{state.value}": {state.rank}' for state in State)
    return {
        "now": now,
        "lapsed": now - timedelta(minutes=5),
        "overdue": now - timedelta(hours=1),
        "week": first_uuid7(now - timedelta(days=7)),
        "bulk": BULK,
        "ranks": f"{{{ranks}}}",
    }
