"""Messages of which nobody knows whether they left: listed, decided about, written down who decided."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from hub import clock
from hub.bootstrap import Hub
from hub.models import Audit, Interaction, Outbox
from hub.models.vocabulary import Kind, Origin, Purpose, Role
from hub.outbound import request
from hub.outbound.request import Request, Words


async def lost(hub: Hub, customer: UUID, campaign: int | None = None) -> UUID:
    """A message that a provider was asked to send, and never answered."""
    async with hub.database.unit() as session:
        asked = Request(customer, Purpose.SERVICE, Origin.AGENT, Words("Hello", subject="Hello"), kinds=(Kind.EMAIL,))
        answer = await request.send(session, asked, gate=hub.gate, now=clock.now())
        values = {"id": answer.interaction_id, "campaign": campaign}
        await session.execute(text("delete from outbox where interaction_id = :id"), values)
        unknown = "state = 'unknown', state_rank = 2, detail = 'no answer', campaign_id = :campaign"
        await session.execute(text(f"update interaction set {unknown} where id = :id"), values)
    return answer.interaction_id


async def row(hub: Hub, number: UUID) -> Interaction:
    async with hub.database.unit() as session:
        return (await session.exec(select(Interaction).where(col(Interaction.id) == number))).one()


async def test_an_agent_sends_one_again_and_leaves_another(world: Any, signed_in: Any) -> None:
    one, two = await lost(world.hub, world.customers["ana"]), await lost(world.hub, world.customers["georgi"])
    desk = await signed_in(Role.AGENT)
    inbox = await desk.see("/inbox/all")
    assert inbox.select_one('.views a[href="/uncertain"] .num').text == "2"
    seen = await desk.see("/uncertain")
    assert [link.text for link in seen.select(".entry-row a")] == ["Георги Петров", "Ana Nowak"]
    assert (await desk.send(f"/uncertain/{one}/again")).status_code == 303
    assert (await desk.send(f"/uncertain/{two}/leave")).status_code == 303
    assert ((await row(world.hub, one)).flag, (await row(world.hub, two)).reason) == ("may be double", "left")
    async with world.hub.database.unit() as session:
        assert list(await session.exec(select(Outbox.interaction_id).where(col(Outbox.interaction_id) == one))) == [one]
        done = list(await session.exec(select(Audit.action, Audit.detail).where(col(Audit.action).startswith("uncer"))))
    assert done == [("uncertain.again", f"interaction:{one}"), ("uncertain.leave", f"interaction:{two}")]
    left = await desk.see("/uncertain")
    assert [link.text for link in left.select(".entry-row a")] == ["Ana Nowak"]  # it waits to be sent again


async def test_the_bubble_of_such_a_message_leads_to_the_decision(world: Any, signed_in: Any) -> None:
    number = await lost(world.hub, world.customers["ana"])
    desk = await signed_in(Role.AGENT)
    seen = await desk.see(f"/customers/{world.customers['ana']}")
    assert seen.select_one(f'#m-{number} a[href="/uncertain#m-{number}"]') is not None
    await desk.send(f"/uncertain/{number}/leave")
    seen = await desk.see(f"/customers/{world.customers['ana']}")
    assert "A colleague decided to leave it" in seen.select_one(f"#m-{number} .why").text
    assert seen.select_one(f'#m-{number} a[href^="/uncertain"]') is None


async def test_a_campaigns_messages_are_decided_about_by_who_runs_campaigns(world: Any, signed_in: Any) -> None:
    number = await lost(world.hub, world.customers["ana"], world.campaigns["running"])
    agent, marketer = await signed_in(Role.AGENT), await signed_in(Role.MARKETER)
    assert (await agent.see("/uncertain")).select(".entry-row") == []
    assert (await agent.send(f"/uncertain/{number}/again")).status_code == 403
    single = await lost(world.hub, world.customers["georgi"])
    seen = await marketer.see("/uncertain")
    assert [link.text for link in seen.select(".entry-row a")] == ["Ana Nowak"]
    assert (await marketer.send(f"/uncertain/{single}/leave")).status_code == 403
    assert (await marketer.send(f"/uncertain/{number}/leave")).status_code == 303


async def test_what_is_decided_already_is_said_and_done_once(world: Any, signed_in: Any) -> None:
    number = await lost(world.hub, world.customers["ana"])
    desk = await signed_in(Role.SUPERVISOR)
    await desk.send(f"/uncertain/{number}/leave")
    answer = await desk.send(f"/uncertain/{number}/again")
    assert (answer.status_code, answer.headers["location"]) == (303, "/uncertain")
    assert (await row(world.hub, number)).reason == "left"
