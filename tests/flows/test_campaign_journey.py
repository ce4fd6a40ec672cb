"""A campaign's links and steps end to end: real SMTP, a real carrier, links followed over HTTP, the worker's loops."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlmodel import col, select

from channels.message import Kind
from hub import clock
from hub.campaigns import lifecycle, reactions, steps
from hub.campaigns.lifecycle import Plan
from hub.campaigns.reactions import Totals
from hub.campaigns.steps import Step
from hub.customers import consent, directory
from hub.customers.consent import Statement
from hub.models import Interaction, ShortLink
from hub.models.vocabulary import CampaignState, Purpose, State, When
from hub.outbound import templates
from tests.flows.town import Town, town, working

SHOP = "https://shop.example/spring?from=hub&kind=tulips"
WORDS = {
    "en": {
        "subject": "Spring",
        "body": f"Tulips: {SHOP}\nNo more: {{{{ unsubscribe_url }}}}",
        "html": f'<p>Tulips: <a href="{SHOP.replace("&", "&amp;")}">the shop</a></p><p>{{{{ unsubscribe_url }}}}</p>',
        "sms": f"Tulips! {SHOP}",
    }
}
SEGMENT = ({"field": "label", "op": "eq", "value": "spring"},)
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@pytest.fixture
async def meadow(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path) as found:
        yield found


async def test_a_mail_that_is_refused_goes_as_an_sms_whose_short_link_leads_to_the_shop(meadow: Town) -> None:
    refused = await _enrol(meadow, "refuse-ada", "+48601000101")
    fine = await _enrol(meadow, "bea", "+48601000102")
    unwatched = await _enrol(meadow, "cleo", "+48601000103", untracked=True)
    campaign = await _started(meadow, Step(timedelta(0), When.NOT_DELIVERED, next_channel=True))

    async def finished() -> bool:
        async with meadow.hub.database.unit() as session:
            return (await lifecycle.get(session, campaign)).state is CampaignState.FINISHED

    async with working(meadow.hub):
        await meadow.until(finished)
    assert [row.kind for row in await _messages(meadow, refused)] == [Kind.EMAIL, Kind.SMS]
    assert [row.kind for row in await _messages(meadow, fine)] == [Kind.EMAIL]
    (text,) = meadow.world.carrier.texts("+48601000101")
    assert re.fullmatch(rf"Tulips! {re.escape(meadow.url)}/l/[a-z2-7]{{12}}", text.body)

    (watched,), (plain,) = (meadow.world.mail.mailbox(f"{name}@example.org") for name in ("bea", "cleo"))
    assert SHOP in plain.text
    assert "/o/" not in plain.html
    link, dot = (re.search(rf'"({re.escape(meadow.url)}/{kind}/[^"]+)"', watched.html) for kind in ("l", "o"))
    assert link is not None
    assert dot is not None
    await _an_hour_ago(meadow)
    async with httpx.AsyncClient(headers=BROWSER) as reader:
        for address in (link[1], text.body.split()[-1]):
            answer = await reader.get(address)
            assert (answer.status_code, answer.headers["location"]) == (302, SHOP)
        assert (await reader.get(dot[1])).headers["content-type"] == "image/gif"
        assert (await reader.get(link[1][:-1] + "x")).status_code == 404
    async with meadow.hub.database.unit() as session:
        assert await reactions.totals(session, campaign) == Totals(opened=2, clicked=2, bounced=1)
        assert {one.url for one in await reactions.links(session, campaign)} == {SHOP}
        assert [one.url for one in await session.exec(select(ShortLink))] == [SHOP]
    assert (await _messages(meadow, unwatched))[0].state is State.SENT


async def _enrol(meadow: Town, name: str, phone: str, *, untracked: bool = False) -> UUID:
    new = directory.NewCustomer(
        name, emails=(f"{name}@example.org",), phones=(phone,), timezone="UTC", labels=("spring",)
    )
    now = clock.now()
    async with meadow.hub.database.unit() as session:
        customer = await directory.create(session, new, now=now)
        await directory.change(session, customer.id, {"untracked": untracked}, now=now)
        said = Statement(customer.id, Purpose.MARKETING, None, granted=True, source="test")
        await consent.record(session, said, now=now)
    return customer.id


async def _started(meadow: Town, *later: Step) -> int:
    now = clock.now()
    async with meadow.hub.database.unit() as session:
        version = await templates.save(session, "spring", WORDS, now=now)
        plan = Plan("Spring", version.id, SEGMENT, kinds=(Kind.EMAIL, Kind.SMS))
        campaign = await lifecycle.create(session, plan, staff_id=None, now=now)
        await steps.arrange(session, campaign.id or 0, later, now=now)
        await lifecycle.start(session, campaign.id or 0, gate=meadow.hub.gate, now=now)
    return campaign.id or 0


async def _messages(meadow: Town, customer: UUID) -> list[Interaction]:
    async with meadow.hub.database.unit() as session:
        mine = select(Interaction).where(col(Interaction.customer_id) == customer)
        return list(await session.exec(mine.order_by(col(Interaction.id))))


async def _an_hour_ago(meadow: Town) -> None:
    """Everything left an hour ago: a click now is no machine's for being too soon."""
    async with meadow.hub.database.unit() as session:
        for row in await session.exec(select(Interaction)):
            row.state_at = row.state_at - timedelta(hours=1)
            session.add(row)
