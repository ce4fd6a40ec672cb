"""What is remarked of a campaign's text stands on its page before it begins; what must be mended holds it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub import clock
from hub.campaigns import feeding, lifecycle, steps
from hub.campaigns.lifecycle import NotStartable, Plan
from hub.campaigns.steps import Step
from hub.models.vocabulary import CampaignState, Kind, Role
from hub.outbound import templates

OUT = "Out: {{ unsubscribe_url }}"


async def campaign(world: Any, **parts: str) -> int:
    """A draft that says this to everybody."""
    now: datetime = clock.now()
    async with world.hub.database.unit() as session:
        version = await templates.save(session, "said", {"en": parts}, now=now)
        made = await lifecycle.create(session, Plan("Said", version.id), staff_id=None, now=now)
        return made.id or 0


async def test_warnings_stand_on_the_page_and_hold_nothing_back(world: Any, signed_in: Any) -> None:
    number = await campaign(world, subject="SPRING IS HERE", body=f"Hello. {OUT}")
    desk = await signed_in(Role.MARKETER)
    seen = await desk.see(f"/campaigns/{number}")
    said = [one.text.strip() for one in seen.select("#findings li")]
    assert "Subject of the mail, English: capitals only look like unwanted mail. Write it as a sentence" in said
    assert "Mail, Polish: not written. Whoever speaks it gets the English one: translate it" in said
    assert (await desk.send(f"/campaigns/{number}/start")).status_code == 303
    async with world.hub.database.unit() as session:
        assert (await lifecycle.get(session, number)).state is not CampaignState.DRAFT


async def test_an_offer_without_a_way_out_is_not_started_from_the_desk(world: Any, signed_in: Any) -> None:
    number = await campaign(world, subject="Spring", body="Hello.")
    desk = await signed_in(Role.MARKETER)
    seen = await desk.see(f"/campaigns/{number}")
    assert "It cannot start: Mail, English: no way out" in seen.text
    assert seen.select(f'form[action="/campaigns/{number}/start"]') == []
    answer = await desk.send(f"/campaigns/{number}/start")
    assert "no way out" in answer.text or answer.status_code == 303
    async with world.hub.database.unit() as session:
        assert (await lifecycle.get(session, number)).state is CampaignState.DRAFT


async def test_what_a_channel_says_that_is_not_used_holds_nothing_back(world: Any) -> None:
    now = clock.now()
    async with world.hub.database.unit() as session:
        both = {"en": {"subject": "Spring", "body": "Hello.", "sms": "Spring. STOP ends this."}}
        version = await templates.save(session, "said", both, now=now)
        by_sms = Plan("By SMS", version.id, kinds=(Kind.SMS,))
        by_all = Plan("By all", version.id)
        one = await lifecycle.create(session, by_sms, staff_id=None, now=now)
        two = await lifecycle.create(session, by_all, staff_id=None, now=now)
        await lifecycle.start(session, one.id or 0, gate=world.hub.gate, now=now)
        with pytest.raises(NotStartable, match="no way out"):
            await lifecycle.start(session, two.id or 0, gate=world.hub.gate, now=now)


async def test_a_step_without_a_way_out_holds_a_paused_campaign_back_and_not_for_ever(
    world: Any, signed_in: Any
) -> None:
    """Steps are arranged while it is paused: they are looked at when it goes on, as all it says was when it began."""
    number, gate = await campaign(world, subject="Spring", body=f"Hello. {OUT}"), world.hub.gate
    async with world.hub.database.unit() as session:
        await lifecycle.start(session, number, gate=gate, now=clock.now())
        await lifecycle.pause(session, number, now=clock.now())
        bad = await templates.save(session, "later", {"en": {"subject": "Again", "body": "Hello."}}, now=clock.now())
        step = Step(timedelta(days=1), template_version_id=bad.id)
        await steps.arrange(session, number, [step], now=clock.now())
    desk = await signed_in(Role.MARKETER)
    await desk.send(f"/campaigns/{number}/resume")
    seen = await desk.see(f"/campaigns/{number}")
    assert "“Said” cannot go on: Mail, English: no way out" in seen.select_one("#notice").text
    async with world.hub.database.unit() as session:
        assert (await lifecycle.get(session, number)).state is CampaignState.PAUSED
        good = await templates.save(session, "later", {"en": {"subject": "Again", "body": OUT}}, now=clock.now())
        await steps.arrange(session, number, [replace(step, template_version_id=good.id)], now=clock.now())
    await desk.send(f"/campaigns/{number}/resume")
    async with world.hub.database.unit() as session:
        assert (await lifecycle.get(session, number)).state is CampaignState.RUNNING


async def test_a_campaign_whose_segment_has_emptied_goes_on_with_those_whom_it_meant(world: Any) -> None:
    number, gate = await campaign(world, subject="Spring", body=f"Hello. {OUT}"), world.hub.gate
    async with world.hub.database.unit() as session:
        await lifecycle.start(session, number, gate=gate, now=clock.now())
        while await feeding.feed(session, number, gate=gate, now=clock.now()):
            pass
        await lifecycle.pause(session, number, now=clock.now())
        found = await lifecycle.get(session, number)
        found.segment = [{"field": "language", "op": "eq", "value": "xx"}]
        await session.flush()
        await lifecycle.resume(session, number, gate=gate, now=clock.now())
        assert found.state is CampaignState.RUNNING
