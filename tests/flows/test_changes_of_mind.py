"""People and staff change their minds while a campaign runs: what leaves then, on a real mail server (F17, F18)."""

from __future__ import annotations

import asyncio
import email
import random
import time as timing
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from email.message import Message
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from channels.errors import TryLater
from channels.message import Kind
from hub import clock
from hub.bootstrap import Hub
from hub.campaigns import feeding, lifecycle
from hub.campaigns.lifecycle import Plan
from hub.customers import consent, directory
from hub.models import Identity
from hub.models.vocabulary import CampaignState, Purpose
from hub.outbound import templates
from hub.outbound.delivery import Delivery
from hub.reports.health import doctor
from tests.flows.mail_account import PATIENCE, hub_with, mail_server, until, until_state, working

PEOPLE, LEAVING = 500, 150
IN_FLIGHT = 20  # what one pump holds at most
WAY_OUT = "\nNo more: {{ unsubscribe_url }}"
OLD = {
    "en": {"subject": "The old offer", "body": "Dear {{ customer.name }}, the old offer, until {{ day }}." + WAY_OUT}
}
NEW = {
    "en": {"subject": "The new offer", "body": "Dear {{ customer.name }}, the new offer, until {{ day }}." + WAY_OUT}
}
SEGMENT = ({"field": "label", "op": "eq", "value": "spring"},)

_TOWN = (
    """insert into customer (id, name, given_name, language, timezone, attributes, labels, provisional, vip, deceased,
      do_not_contact, created_at, updated_at)
    select (to_char(n, 'FM00000000') || '-0000-7000-8000-000000000000')::uuid, 'Person ' || n, '', 'en', 'UTC', '{}',
      '{spring}', false, false, false, false, now(), now() from generate_series(1, :people) n""",
    """insert into identity (customer_id, kind, value, label, preferred, state, soft_bounces, created_at)
    select id, 'email', 'p' || substr(id::text, 1, 8) || '@people.example', '', true, 'ok', 0, now() from customer""",
    """insert into consent (customer_id, at, granted, wording, wording_version, source, evidence)
    select id, now(), true, '', '', 'import', '' from customer""",
)


@dataclass
class Inbox:
    """What the mail server took and when, written down before it answers."""

    mails: list[Message] = field(default_factory=list)
    arrived: dict[str, float] = field(default_factory=dict)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        async with self.news:
            (recipient,) = envelope.rcpt_tos
            assert recipient not in self.arrived, "nobody gets it twice"
            self.arrived[recipient] = timing.monotonic()
            self.mails.append(email.message_from_bytes(envelope.content))
            self.news.notify_all()
        return "250 OK"

    async def holds(self, count: int) -> None:
        async with self.news:
            await self.news.wait_for(lambda: len(self.mails) >= count)


@pytest.fixture
async def inbox() -> AsyncIterator[tuple[Inbox, int]]:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        yield inbox, port


@pytest.fixture
async def hub(database_url: str, tmp_path: Path, inbox: tuple[Inbox, int]) -> AsyncIterator[Hub]:
    """A hub with five hundred people and one mail account, at no particular hour."""
    async with hub_with(inbox[1], database_url, tmp_path, rate=150, burst=20) as hub:
        async with hub.database.unit() as session:
            for statement in _TOWN:
                await session.execute(text(statement), {"people": PEOPLE} if ":people" in statement else {})
        yield hub


async def begun(hub: Hub) -> int:
    async with hub.database.unit() as session:
        version = await templates.save(session, "offer", OLD, now=clock.now())
        plan = Plan("Offer", version.id, SEGMENT, Purpose.MARKETING, {"day": "Monday"})
        campaign = await lifecycle.create(session, plan, staff_id=None, now=clock.now())
        assert campaign.id is not None
        await lifecycle.start(session, campaign.id, gate=hub.gate, now=clock.now())
    return campaign.id


async def addresses(hub: Hub) -> list[tuple[UUID, str]]:
    async with hub.database.unit() as session:
        people = select(Identity.customer_id, Identity.value).order_by(col(Identity.value))
        return list(await session.exec(people))


async def opt_out(hub: Hub, customer: UUID, address: str, way: int) -> float:
    """By the link in a mail, by STOP, or told to an agent; when it was committed."""
    now = clock.now()
    async with hub.database.unit() as session:
        if way == 0:
            said = consent.Statement(customer, Purpose.MARKETING, Kind.EMAIL, granted=False, source="one-click")
            await consent.record(session, said, now=now)
        elif way == 1:
            await consent.suppress(session, Kind.EMAIL, address, purpose=None, reason="STOP", source="test", now=now)
        else:
            await directory.change(session, customer, {"do_not_contact": True}, now=now)
    return timing.monotonic()


async def test_nothing_leaves_a_second_after_an_opt_out(hub: Hub, inbox: tuple[Inbox, int]) -> None:
    """At random instants of a campaign to five hundred, a hundred and fifty of them want no more of it."""
    chance, committed = random.Random(17), dict[str, float]()
    leaving = chance.sample(await addresses(hub), LEAVING)

    async def leave(customer: UUID, address: str) -> None:
        await inbox[0].holds(chance.randint(0, PEOPLE // 2))
        committed[address] = await opt_out(hub, customer, address, chance.randint(0, 2))

    async with asyncio.timeout(PATIENCE), working(hub):
        campaign = await begun(hub)
        await asyncio.gather(*(leave(*one) for one in leaving))
        await until_state(hub, campaign, CampaignState.FINISHED)
    late = {one for one, at in committed.items() if inbox[0].arrived.get(one, at) > at + 1}
    async with hub.database.unit() as session:
        counts = await lifecycle.counts(session, campaign)
        assert await doctor(session, now=clock.now()) == []
    spared = committed.keys() - inbox[0].arrived.keys()
    assert (late, counts.sent, counts.held) == (set(), PEOPLE - len(spared), len(spared))
    assert len(spared) > LEAVING / 4


async def test_a_mail_that_waited_for_the_wire_is_asked_about_again(hub: Hub, inbox: tuple[Inbox, int]) -> None:
    """Its `sending` was committed; before its turn on the wire came, half of those in hand opted out."""
    campaign = await begun(hub)
    delivery = Delivery(hub.database, hub.channels, hub.storage, hub.gate, "a worker")
    async with hub.database.unit() as session:
        await feeding.feed(session, campaign, gate=hub.gate, now=clock.now(), slice=10)
    _, ready = await delivery.claim("mail", 10)
    people = {str(one.message.to.value): one for one in ready}
    leaving = sorted(people)[: len(people) // 2]
    for customer, address in await addresses(hub):
        if address in leaving:
            await opt_out(hub, customer, address, 0)
    waited = [replace(one, asked=one.asked - 1) for one in people.values()]
    outcomes = await asyncio.gather(*map(delivery.deliver, waited))
    await delivery.settle(outcomes)
    assert sorted(inbox[0].arrived) == sorted(people.keys() - set(leaving))
    stale = [one.result for one in outcomes if isinstance(one.result, TryLater)]
    assert [one.stale for one in stale] == [True] * len(leaving)
    await delivery.claim("mail", 10)  # where the gate says why
    async with hub.database.unit() as session:
        counts = await lifecycle.counts(session, campaign)
    assert counts.withheld == {"opted_out": len(leaving)}


async def test_a_campaign_paused_reworded_and_cancelled_on_its_way_mixes_nothing(
    hub: Hub, inbox: tuple[Inbox, int]
) -> None:
    """After a pause and after a cancellation at most what was in the sender's hands goes; every mail is of one text."""
    box, chance = inbox[0], random.Random(18)

    async def stopped(stop: Callable[..., Awaitable[Any]]) -> tuple[int, int]:
        """How many had arrived when it was committed, and how many when nothing was in flight any more."""
        async with hub.database.unit() as session:
            await stop(session, campaign, now=clock.now())
        then = len(box.mails)

        async def landed() -> bool:
            async with hub.database.unit() as session:
                counts = await lifecycle.counts(session, campaign)
            # What was drawn ahead of the wire when it was cancelled is seen to as it is about to begin.
            return counts.sending == 0 and (stop is lifecycle.pause or counts.queued == 0)

        await until(hub, landed)
        return then, len(box.mails)

    async with asyncio.timeout(PATIENCE), working(hub):
        campaign = await begun(hub)
        await box.holds(chance.randint(50, 150))
        then, paused = await stopped(lifecycle.pause)
        assert paused <= then + IN_FLIGHT
        async with hub.database.unit() as session:
            version = await templates.save(session, "offer", NEW, now=clock.now())
            plan = Plan("Offer", version.id, SEGMENT, Purpose.MARKETING, {"day": "Friday"})
            await lifecycle.edit(session, campaign, plan, gate=hub.gate, now=clock.now())
            assert len(box.mails) == paused, "nothing leaves while it is paused"
            await lifecycle.resume(session, campaign, gate=hub.gate, now=clock.now())
        await box.holds(paused + chance.randint(50, 150))
        then, cancelled = await stopped(lifecycle.cancel)
        assert cancelled <= then + IN_FLIGHT
    texts = {(str(mail["Subject"]), _words(mail)) for mail in box.mails}
    assert texts == {("The old offer", "old offer, until Monday"), ("The new offer", "new offer, until Friday")}
    async with hub.database.unit() as session:
        counts = await lifecycle.counts(session, campaign)
        assert await doctor(session, now=clock.now()) == []
    assert (counts.sent, counts.sent + counts.cancelled, len(box.mails)) == (cancelled, PEOPLE, cancelled)


def _words(mail: Message) -> str:
    part = next(one for one in mail.walk() if one.get_content_type() == "text/plain")
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().split(", the ", 1)[1].split(".", 1)[0]
