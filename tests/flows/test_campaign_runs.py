"""The worker's loops together on a real mail server: campaigns, greetings and reminders leave by themselves."""

from __future__ import annotations

import email
from collections import Counter
from collections.abc import AsyncIterator
from datetime import time, timedelta
from email.message import Message
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from hub import clock
from hub.bootstrap import Hub
from hub.campaigns import lifecycle
from hub.campaigns.counting import Counts
from hub.campaigns.lifecycle import Plan
from hub.conversations import appointments, tasks
from hub.customers import consent, directory
from hub.models.vocabulary import CampaignState, Purpose, Withheld
from hub.occasions import rules
from hub.outbound import templates
from hub.reports.health import doctor
from tests.flows.mail_account import hub_with, mail_server, until, until_state, working

OFFER = {"en": {"subject": "Spring", "body": "Dear {{ customer.name }}, everything costs less. {{ unsubscribe_url }}"}}
SEGMENT = ({"field": "label", "op": "eq", "value": "spring"},)


class Inbox:
    """What the mail server took, counted before it answers."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.recipients: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.recipients += envelope.rcpt_tos
        self.mails.append(email.message_from_bytes(envelope.content))
        return "250 OK"

    @property
    def subjects(self) -> Counter[str]:
        return Counter(str(mail["Subject"]) for mail in self.mails)


@pytest.fixture
async def inbox() -> AsyncIterator[tuple[Inbox, int]]:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        yield inbox, port


@pytest.fixture
async def hub(database_url: str, tmp_path: Path, inbox: tuple[Inbox, int]) -> AsyncIterator[Hub]:
    """A hub with one mail account and no quiet hours, so that the hour of the day decides nothing."""
    async with hub_with(inbox[1], database_url, tmp_path, rate=500, burst=500) as hub:
        yield hub


async def enrol(hub: Hub, name: str, *, agreed: bool = True, **more: Any) -> UUID:
    new = directory.NewCustomer(
        name=name, emails=(f"{name.lower()}@example.org",), timezone="UTC", labels=("spring",), **more
    )
    async with hub.database.unit() as session:
        customer = await directory.create(session, new, now=clock.now())
        if agreed:
            said = consent.Statement(customer.id, None, None, granted=True, source="test")
            await consent.record(session, said, now=clock.now())
    return customer.id


async def scheduled(hub: Hub) -> int:
    async with hub.database.unit() as session:
        version = await templates.save(session, "spring", OFFER, now=clock.now())
        plan = Plan("Spring", version.id, SEGMENT, Purpose.MARKETING)
        campaign = await lifecycle.create(session, plan, staff_id=None, now=clock.now())
        assert campaign.id is not None
        await lifecycle.schedule(session, campaign.id, clock.now(), gate=hub.gate, now=clock.now())
    return campaign.id


async def healthy(hub: Hub) -> None:
    async with hub.database.unit() as session:
        assert await doctor(session, now=clock.now()) == []


async def test_a_scheduled_campaign_starts_is_sent_and_finishes_by_itself(hub: Hub, inbox: tuple[Inbox, int]) -> None:
    for n in range(12):
        await enrol(hub, f"Person{n}", agreed=n >= 2)
    campaign = await scheduled(hub)

    async with working(hub):
        await until_state(hub, campaign, CampaignState.FINISHED)
    async with hub.database.unit() as session:
        counts = await lifecycle.counts(session, campaign)
    assert counts == Counts(fed=12, audience=12, sent=10, withheld={Withheld.NO_CONSENT: 2})
    assert sorted(inbox[0].recipients) == sorted(f"person{n}@example.org" for n in range(2, 12))
    await healthy(hub)


async def test_a_scheduled_campaign_that_nobody_would_get_becomes_a_draft_and_a_task(hub: Hub) -> None:
    customer = await enrol(hub, "Ada")
    campaign = await scheduled(hub)
    async with hub.database.unit() as session:
        await directory.change(session, customer, {"labels": ["autumn"]}, now=clock.now())

    async with working(hub):
        await until_state(hub, campaign, CampaignState.DRAFT)
    async with hub.database.unit() as session:
        (task,) = await tasks.listing(session)
    assert task.title.startswith("A campaign did not start: Nobody is in the segment of “Spring”")


async def test_greetings_and_reminders_leave_once_although_two_workers_keep_the_time(
    hub: Hub, inbox: tuple[Inbox, int]
) -> None:
    now = clock.now()
    ada = await enrol(hub, "Ada", birthday=(1990, now.month, now.day))
    async with hub.database.unit() as session:
        words = {"en": {"subject": "Happy birthday", "body": "Dear {{ given_name }}"}}
        await templates.save(session, "ours", words, now=now)
        await rules.change_birthdays(session, template="ours", at_hour=time(0), now=clock.now())
        # Booked a minute ago, to be reminded of a second ago.
        hour, booked = timedelta(hours=1), now - timedelta(minutes=1)
        starts_at = now + hour - timedelta(seconds=1)
        await appointments.book(session, ada, "Eye test", starts_at, "UTC", remind_before=[hour], now=booked)

    async def both() -> bool:
        return len(inbox[0].mails) >= 2

    async with working(hub), working(hub):
        await until(hub, both)
    subjects = inbox[0].subjects
    assert subjects.pop("Happy birthday") == 1
    assert list(subjects.values()) == [1]
    assert "Eye test" in next(iter(subjects))
    await healthy(hub)
