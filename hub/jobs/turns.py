"""What recurs: every schedule with how often it comes round and what its turn does. `tick` keeps them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from hub.bootstrap import Hub
from hub.campaigns import lifecycle, thresholds
from hub.conversations import assignment, calendar_feeds, current_calls, due, held, keeping, routing, surveying, tasks
from hub.database.outage import is_away
from hub.gatherings import inviting, seats
from hub.interactions import partitions, reach_log, receipts
from hub.joining import confirming
from hub.occasions import greeting, reminders
from hub.occasions.schedules import Session
from hub.outbound import colleagues, evidence, silent
from hub.personal import erasing, files, retention
from hub.queue import enqueue
from hub.reports import mailing, subscriptions
from hub.segments import rolling_up
from hub.staff import repeats, throttle

Body = Callable[[Hub, Session, datetime], Awaitable[None]]

_log = structlog.get_logger("tick")
SHORTEST, _LONGEST = 1.0, 60.0  # seconds between two looks at a schedule


@dataclass(frozen=True, slots=True)
class Tick:
    """One schedule. `topic`: a live happening that is a reason to look before the time is up."""

    every: timedelta
    body: Body
    topic: str = ""

    @property
    def pause(self) -> float:
        """Seconds between two looks: a tenth of the interval, within reason."""
        return min(max(self.every.total_seconds() / 10, SHORTEST), _LONGEST)


async def greet(hub: Hub, session: Session, now: datetime) -> None:
    """See to it that birthdays and all other occasions are greeted, wherever it is time."""
    await enqueue(session, greeting.JOB, payload={}, dedupe=greeting.JOB)


async def remind(hub: Hub, session: Session, now: datetime) -> None:
    """Appointments that come near."""
    count = await reminders.remind(session, gate=hub.gate, now=now)
    if count:
        _log.info("reminded", count=count)


async def invite(hub: Hub, session: Session, now: datetime) -> None:
    """Guests of events: those who were chosen are asked, those who come are reminded or told that it is called off."""
    asked = await inviting.send(session, gate=hub.gate, now=now)
    reminded = await inviting.remind(session, gate=hub.gate, now=now)
    told_off = await inviting.tell_off(session, gate=hub.gate, now=now)
    if asked or reminded or told_off:
        _log.info("guests", asked=asked, reminded=reminded, told_off=told_off)


async def fill_seats(hub: Hub, session: Session, now: datetime) -> None:
    """Of guests who are there no more: whoever waits moves up. Apart from `invite`: it locks events before guests."""
    count = await seats.fill_freed(session, gate=hub.gate, now=now)
    if count:
        _log.info("moved up", count=count)


async def fetch_calendars(hub: Hub, session: Session, now: datetime) -> None:
    """See to it that calendars elsewhere are looked at; nothing is fetched in here."""
    for feed in await calendar_feeds.due(session, now=now):
        await enqueue(session, "fetch-calendar", payload={"feed": feed}, dedupe=f"fetch-calendar:{feed}")


async def advance_campaigns(hub: Hub, session: Session, now: datetime) -> None:
    """Start those whose time has come, and see to it that the running ones are fed."""
    for campaign in await lifecycle.ready(session, now=now):
        await _start(hub, session, campaign, now)
    for campaign, reason in await thresholds.watch(session, hub.settings.campaigns, now=now):
        _log.warning("a campaign paused itself", campaign=campaign, reason=reason)
    for campaign in await lifecycle.strayed(session, now=now):
        await enqueue(session, "follow-campaign", payload={"campaign": campaign}, dedupe=f"follow-campaign:{campaign}")
    for campaign in await lifecycle.running(session):
        await enqueue(session, "feed-campaign", payload={"campaign": campaign}, dedupe=f"feed-campaign:{campaign}")


async def _start(hub: Hub, session: Session, campaign: int, now: datetime) -> None:
    """In a savepoint of its own: one that fails unexpectedly keeps no other from starting or being fed."""
    try:
        async with session.begin_nested():
            problem = await lifecycle.start_ready(session, campaign, gate=hub.gate, now=now)
    except Exception as e:
        if is_away(e):
            raise
        _log.exception("a campaign could not be started", campaign=campaign, error=type(e).__name__)
        return
    if problem:
        _log.warning("a campaign did not start", campaign=campaign, problem=problem)


async def look_for_evidence(hub: Hub, session: Session, now: datetime) -> None:
    """See to it that providers are asked about messages whose fate is unknown; nothing is asked in here."""
    if await evidence.waiting(session, now=now):
        await enqueue(session, "look-for-evidence", payload={}, dedupe="look-for-evidence")


async def ask_about_the_silent(hub: Hub, session: Session, now: datetime) -> None:
    """See to it that providers are asked about messages of which no callback came; nothing is asked in here."""
    if await silent.waiting(session, now=now):
        await enqueue(session, "ask-about-the-silent", payload={}, dedupe="ask-about-the-silent")


async def make_months(hub: Hub, session: Session, now: datetime) -> None:
    """The log's partitions for the coming months."""
    made = await partitions.ensure_months(session, now)
    if made:
        _log.info("months made", names=made)


async def wake_snoozed(hub: Hub, session: Session, now: datetime) -> None:
    """Conversations that were put away until now."""
    await assignment.wake(session, now=now)


async def give_out(hub: Hub, session: Session, now: datetime) -> None:
    """New conversations, to the people of teams that take turns."""
    await routing.give_out(session, now=now)


async def ask_for_satisfaction(hub: Hub, session: Session, now: datetime) -> None:
    """The question after a matter was settled."""
    count = await surveying.ask(session, gate=hub.gate, now=now)
    if count:
        _log.info("asked for satisfaction", count=count)


async def keep_promises(hub: Hub, session: Session, now: datetime) -> None:
    """Reckon the promises of conversations in which something happened; warn before one is broken, escalate after."""
    await keeping.reckon_anew(session, now=now)
    warned, broken = await keeping.watch(session, now=now)
    if broken:
        _log.info("answers are late", warned=warned, escalated=broken)


async def match_customers(hub: Hub, session: Session, now: datetime) -> None:
    """See to it that customers of whom something changed are compared with the others."""
    await enqueue(session, "match-customers", payload={}, dedupe="match-customers")


async def go_on_erasing(hub: Hub, session: Session, now: datetime) -> None:
    """People who wait to be erased until what is under way is over, or whose worker died."""
    for erasure in await erasing.unfinished(session):
        await erasing.hurry(session, erasure)


async def keep_no_longer(hub: Hub, session: Session, now: datetime) -> None:
    """See to it that what is not kept for ever goes."""
    await enqueue(session, retention.JOB, payload={}, dedupe=retention.JOB)


async def forget_sign_ups(hub: Hub, session: Session, now: datetime) -> None:
    """Those that nobody confirmed."""
    await confirming.forget(session, now=now)


async def learn_channels(hub: Hub, session: Session, now: datetime) -> None:
    """See to it that what customers in general answer is reckoned anew."""
    await enqueue(session, reach_log.JOB, payload={}, dedupe=reach_log.JOB)


async def keep_last_contacts(hub: Hub, session: Session, now: datetime) -> None:
    """See to it that segments need not read the whole log for the last contact."""
    await enqueue(session, rolling_up.JOB, payload={}, dedupe=rolling_up.JOB)


async def mail_reports(hub: Hub, session: Session, now: datetime) -> None:
    """See to it that reports leave for who subscribed to them, and to no others."""
    ended = await subscriptions.end_lost(session, now=now)
    if ended:
        _log.info("reports are mailed no more", subscriptions=ended)
    for number in await subscriptions.due(session, now=now):
        await enqueue(session, mailing.JOB, payload={"subscription": number}, dedupe=f"{mailing.JOB}:{number}")


async def forget_letters(hub: Hub, session: Session, now: datetime) -> None:
    """Old letters to colleagues, and their files."""
    await files.let_go(session, await colleagues.forget(session, now=now))


async def end_lost_calls(hub: Hub, session: Session, now: datetime) -> None:
    """Calls of whose end no news came: who had one can take others again."""
    count = await current_calls.end_lost(session, now=now)
    if count:
        _log.info("calls ended without news", count=count)


async def forget_replies(hub: Hub, session: Session, now: datetime) -> None:
    """What agents could take back until it left."""
    await held.forget_left(session, now=now)


async def remind_of_tasks(hub: Hub, session: Session, now: datetime) -> None:
    """People, of what they have to do."""
    await due.strike(session, now=now)


async def forget_tasks(hub: Hub, session: Session, now: datetime) -> None:
    """Deleted ones that nobody brings back any more."""
    await tasks.forget_deleted(session, now=now)


async def forget_failures(hub: Hub, session: Session, now: datetime) -> None:
    """Failed sign-ins that no longer count."""
    await throttle.prune(session, now=now)


async def forget_keys(hub: Hub, session: Session, now: datetime) -> None:
    """Keys by which programs sent requests again."""
    await repeats.prune(session, now=now)


async def forget_reports(hub: Hub, session: Session, now: datetime) -> None:
    """Receipts of messages that nobody knows."""
    await receipts.forget_early(session, now=now)


TICKS: Mapping[str, Tick] = {
    "greetings": Tick(timedelta(seconds=60), greet),
    "reminders": Tick(timedelta(seconds=30), remind),
    "invitations": Tick(timedelta(seconds=5), invite, topic="gathering"),
    "freed-seats": Tick(timedelta(seconds=10), fill_seats),
    "calendars": Tick(timedelta(seconds=60), fetch_calendars),
    "campaigns": Tick(timedelta(seconds=5), advance_campaigns, topic="campaign"),
    "evidence": Tick(timedelta(seconds=30), look_for_evidence),
    "silent": Tick(timedelta(minutes=1), ask_about_the_silent),
    "snoozes": Tick(timedelta(seconds=30), wake_snoozed),
    "routing": Tick(timedelta(seconds=5), give_out, topic="conversation"),
    "satisfaction": Tick(timedelta(seconds=60), ask_for_satisfaction),
    "promises": Tick(timedelta(seconds=10), keep_promises, topic="conversation"),
    "same-customers": Tick(timedelta(days=1), match_customers),
    "task-reminders": Tick(timedelta(seconds=10), remind_of_tasks),
    "deleted-tasks": Tick(timedelta(days=1), forget_tasks),
    "erasures": Tick(timedelta(seconds=10), go_on_erasing),
    "retention": Tick(timedelta(days=1), keep_no_longer),
    "sign-ups": Tick(timedelta(hours=1), forget_sign_ups),
    "best-channels": Tick(timedelta(days=1), learn_channels),
    "last-contacts": Tick(timedelta(minutes=10), keep_last_contacts),
    "reports": Tick(timedelta(seconds=30), mail_reports),
    "old-letters": Tick(timedelta(days=1), forget_letters),
    "lost-calls": Tick(timedelta(seconds=60), end_lost_calls),
    "held-replies": Tick(timedelta(hours=1), forget_replies),
    "partitions": Tick(timedelta(days=1), make_months),
    "sign-in-failures": Tick(timedelta(days=1), forget_failures),
    "requests-made-once": Tick(timedelta(hours=1), forget_keys),
    "unclaimed-receipts": Tick(timedelta(days=1), forget_reports),
}
