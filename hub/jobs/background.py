"""Background jobs: the literal table of names and bodies. Each may run twice: what it does has to be the same then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from channels import calendars
from channels.errors import Unreadable
from channels.message import Media
from hub import clock, queue
from hub.bootstrap import Hub
from hub.campaigns import costs, dry_runs, feeding, lifecycle
from hub.conversations import appointment_calendars, calendar_feeds
from hub.conversations.appointment_calendars import NoCalendar
from hub.conversations.calendar_feeds import NoSuchFeed
from hub.customers import automatic, import_kinds, import_runs, imports, suggesting
from hub.interactions import history, reach_log, record
from hub.live import publish
from hub.occasions import greeting
from hub.outbound import evidence, silent
from hub.personal import erasing, files, handing_over, retention
from hub.personal.archive import Sources
from hub.reports import mailing
from hub.segments import import_lists, rolling_up
from hub.staff import audit

_log = structlog.get_logger("background")
Body = Callable[[Hub, Mapping[str, Any]], Awaitable[None]]


async def feed_campaign(hub: Hub, payload: Mapping[str, Any]) -> None:
    """Feed slice after slice until enough lies ahead of the senders, or nobody is left; the clock calls again."""
    more = True
    while more:
        async with hub.database.unit() as session:
            more = await feeding.feed(session, int(payload["campaign"]), gate=hub.gate, now=clock.now())


async def greet(hub: Hub, payload: Mapping[str, Any]) -> None:
    """Everybody whose turn it is now, slice by slice; the clock calls again."""
    count = await greeting.greet(hub.database, gate=hub.gate, clock=clock.now)
    if count:
        _log.info("greeted", count=count)


async def follow_campaign(hub: Hub, payload: Mapping[str, Any]) -> None:
    """What waits of a campaign that was paused, resumed or cancelled follows, slice by slice, each in a transaction."""
    more = True
    while more:
        async with hub.database.unit() as session:
            more = await lifecycle.follow(session, int(payload["campaign"]), now=clock.now())


async def dry_run(hub: Hub, payload: Mapping[str, Any]) -> None:
    """Put a campaign's audience to the gate, slice by slice, each in a transaction of its own."""
    more = True
    while more:
        async with hub.database.unit() as session:
            more = await dry_runs.advance(session, int(payload["campaign"]), gate=hub.gate)


async def fetch_media(hub: Hub, payload: Mapping[str, Any]) -> None:
    """Bring a file that lies at the provider and attach it. A file that is there already is not added again."""
    channel = hub.channels.get(str(payload["channel"]))
    if channel is None or channel.webhook is None:
        raise LookupError(f"[channels.{payload['channel']}] is gone from the configuration; its files cannot be had")
    media = Media(str(payload["url"]), str(payload.get("media_type", "")))
    file = await channel.webhook.fetch(media)
    file = replace(file, name=str(payload.get("name") or file.name))
    digest = await hub.storage.put(file.content)
    interaction = UUID(str(payload["interaction"]))
    async with hub.database.unit() as session:
        try:
            entry = await history.entry(session, interaction)
        except history.NoSuchEntry:  # its customer was erased meanwhile
            await files.delete(hub.storage, await files.nobodys(session, [digest]))
            return
        await record.attach(session, interaction, [file])
        if entry.conversation_id is not None:
            await publish(session, "conversation", id=entry.conversation_id, customer=entry.customer_id)


async def fetch_calendar(hub: Hub, payload: Mapping[str, Any]) -> None:
    """Fetch a calendar elsewhere and keep its events; what went wrong stands at the calendar."""
    with suppress(NoSuchFeed):  # it was removed meanwhile: nothing to be tried again for hours
        await _fetch_calendar(hub, int(payload["feed"]), hub.settings.hub.timezone)


async def _fetch_calendar(hub: Hub, feed_id: int, zone: str) -> None:
    async with hub.database.unit() as session:
        url = (await calendar_feeds.get(session, feed_id)).url
    try:
        content = await calendars.fetch(url, loopback=hub.settings.webhooks.loopback)
        events = await asyncio.to_thread(appointment_calendars.read, content, zone)
    except (Unreadable, NoCalendar) as e:
        async with hub.database.unit() as session:
            await calendar_feeds.fail(session, feed_id, str(e))
        return
    async with hub.database.unit() as session:
        await calendar_feeds.keep(session, feed_id, events, zone, now=clock.now())


async def look_for_evidence(hub: Hub, payload: Mapping[str, Any]) -> None:
    """Ask the providers about messages whose fate is unknown."""
    await evidence.look(hub.database, hub.channels, gate=hub.gate, now=clock.now())


async def ask_about_the_silent(hub: Hub, payload: Mapping[str, Any]) -> None:
    """Ask the providers about messages of which no callback came."""
    await silent.ask(hub.database, hub.channels, now=clock.now())


async def match_customers(hub: Hub, payload: Mapping[str, Any]) -> None:
    """Look for customers who may be one person, slice by slice; merge those who are sure, where that is allowed."""
    after: UUID | None = suggesting.NOBODY
    while after is not None:
        async with hub.database.unit() as session:
            after = await suggesting.advance(session, after, now=clock.now())
    while hub.settings.automations.merge_customers and await _merge_next(hub):
        pass


async def erase(hub: Hub, payload: Mapping[str, Any]) -> None:
    """Erase a person, as far as it goes now; the clock calls again while something of theirs is under way."""
    await erasing.carry_out(hub.database, hub.storage, UUID(str(payload["erasure"])), clock=clock.now)


async def hand_over(hub: Hub, payload: Mapping[str, Any]) -> None:
    """Put together everything about a person, for them."""
    sources = Sources(hub.database, hub.storage, hub.settings.hub.name)
    days = hub.settings.retention.exports
    await handing_over.make(sources, UUID(str(payload["export"])), now=clock.now(), days=days)


async def import_file(hub: Hub, payload: Mapping[str, Any]) -> None:
    """Write the rows of a file that was brought in at the desk, batch by batch."""
    usual, number = import_kinds.usual(hub.settings), UUID(str(payload["import"]))
    await import_runs.carry_out(hub.database, hub.storage, number, usual, put=import_lists.put, clock=clock.now)


async def keep_no_longer(hub: Hub, payload: Mapping[str, Any]) -> None:
    """Let go what is not kept for ever, class by class, slice by slice."""
    gone = await retention.let_go(hub.database, hub.storage, hub.settings.retention, now=clock.now())
    if any(gone.values()):
        _log.info("kept no longer", **gone)


async def learn_channels(hub: Hub, payload: Mapping[str, Any]) -> None:
    """Reckon what customers in general answer, by channel and hour."""
    async with hub.database.unit() as session:
        await reach_log.reckon(session, company_zone=hub.settings.hub.timezone, now=clock.now())


async def keep_last_contacts(hub: Hub, payload: Mapping[str, Any]) -> None:
    """Keep beside the log when customers were last in contact, as far as it may be read by now."""
    await rolling_up.roll_up(hub.database, now=clock.now())


async def send_report(hub: Hub, payload: Mapping[str, Any]) -> None:
    """Mail what is due of one subscription to a report: after an outage several issues, one after the other."""
    number, prices = int(payload["subscription"]), costs.prices(hub.settings.channels)
    while await mailing.issue(hub.database, hub.storage, number, gate=hub.gate, prices=prices, now=clock.now()):
        pass


async def _merge_next(hub: Hub) -> bool:
    async def merge(session: Any) -> bool:
        merged = await automatic.merge_next(session, now=clock.now())
        if merged is not None:
            about, detail = f"customer:{merged.into_id}", f"customer:{merged.loser_id}, by itself"
            await audit.write(session, "customer.merge", staff_id=None, subject=about, detail=detail, now=clock.now())
        return merged is not None

    return await hub.database.insisting(merge)


BODIES: Mapping[str, Body] = {
    "dry-run": dry_run,
    erasing.JOB: erase,
    "fetch-calendar": fetch_calendar,
    handing_over.JOB: hand_over,
    reach_log.JOB: learn_channels,
    imports.JOB: import_file,
    retention.JOB: keep_no_longer,
    "feed-campaign": feed_campaign,
    greeting.JOB: greet,
    "follow-campaign": follow_campaign,
    "fetch-media": fetch_media,
    "look-for-evidence": look_for_evidence,
    "ask-about-the-silent": ask_about_the_silent,
    "match-customers": match_customers,
    rolling_up.JOB: keep_last_contacts,
    mailing.JOB: send_report,
}


async def run(hub: Hub, stop: asyncio.Event) -> None:
    """Work off jobs until `stop`."""
    bodies = {name: partial(body, hub) for name, body in BODIES.items()}
    await queue.run(hub.database.url, bodies, stop)
