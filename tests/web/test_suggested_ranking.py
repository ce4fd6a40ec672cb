"""How a customer is reached best, on their page: said with reasons, taken over by one click, never over their word."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hub import clock
from hub.clock import uuid7
from hub.customers import preferences
from hub.interactions import record
from hub.models import Interaction
from hub.models.vocabulary import Direction, Kind, Origin, Purpose, Role, State

BUTTON = 'form[action$="/suggested-ranking"]'


async def _calls_are_taken(world: Any) -> str:
    ana, at = world.customers["ana"], clock.now() - timedelta(days=40)
    async with world.hub.database.unit() as session:
        for n in range(12):
            kind, state = (Kind.VOICE, State.DELIVERED) if n % 2 else (Kind.EMAIL, State.SENT)
            when = at + timedelta(days=n)
            about: dict[str, Any] = {"direction": Direction.OUT, "origin": Origin.AGENT, "state": state, "kind": kind}
            row = Interaction(id=uuid7(when), at=when, state_at=when, customer_id=ana, **about)
            await record.add(session, row)
    return f"/customers/{ana}"


async def test_the_page_says_why_and_one_click_takes_it_over_as_our_suggestion(world: Any, signed_in: Any) -> None:
    desk, path = await signed_in(Role.AGENT), await _calls_are_taken(world)
    seen = await desk.see(path)
    first = " ".join(seen.select_one("#suggested li").get_text(" ").split())
    assert first.startswith("Call 6 of 6 answered"), first
    offered = [form.select_one('[name="purpose"]')["value"] for form in seen.select(BUTTON)]
    assert "marketing" in offered
    await desk.send(f"{path}/suggested-ranking", purpose="marketing")
    async with world.hub.database.unit() as session:
        ranked = await preferences.rankings(session, world.customers["ana"])
    assert ranked[Purpose.MARKETING][0] is Kind.VOICE
    after = await desk.see(path)
    assert ("(our suggestion)" in after.text, len(after.select(BUTTON))) == (True, len(offered) - 1)


async def test_what_the_customer_chose_stays_whoever_sends_the_form(world: Any, signed_in: Any) -> None:
    desk, path = await signed_in(Role.AGENT), await _calls_are_taken(world)
    async with world.hub.database.unit() as session:
        await preferences.rank(session, world.customers["ana"], Purpose.SERVICE, [Kind.SMS], now=clock.now())
    offered = [form.select_one('[name="purpose"]')["value"] for form in (await desk.see(path)).select(BUTTON)]
    assert "service" not in offered
    await desk.send(f"{path}/suggested-ranking", purpose="service")
    async with world.hub.database.unit() as session:
        ranked = await preferences.rankings(session, world.customers["ana"])
    assert ranked[Purpose.SERVICE] == (Kind.SMS,)


async def test_who_may_not_change_customers_takes_nothing_over(world: Any, signed_in: Any) -> None:
    desk, path = await signed_in(Role.MARKETER), await _calls_are_taken(world)
    seen = await desk.see(path)
    assert (seen.select_one("#suggested li") is not None, seen.select(BUTTON)) == (True, [])
