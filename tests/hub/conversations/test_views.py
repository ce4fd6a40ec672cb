"""Saved views: what they hold, and who sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from channels.message import Kind
from hub.conversations import assignment, inbox, threads, views
from hub.conversations.views import Conditions, NoSuchView, ViewProblem
from hub.customers import directory
from hub.database.engine import Database
from hub.models.vocabulary import ConversationState
from hub.staff import teams
from tests.hub.conversations.conftest import Story

OPEN, RESOLVED = ConversationState.OPEN, ConversationState.RESOLVED


@pytest.fixture
async def names(database: Database, story: Story, now: datetime) -> dict[Any, str]:
    """Ana's mail is Magda's and read; Bob, a VIP by his label, sent an SMS that nobody has; Cy's mail is resolved."""
    async with database.unit() as session:
        people = [directory.NewCustomer("Bob", labels=("vip",)), directory.NewCustomer("Cy 100%")]
        bob, cy = [await directory.create(session, one, now=now) for one in people]
        sms = threads.opened(bob.id, Kind.SMS, "sms", subject="", now=now)
        done = threads.opened(cy.id, Kind.EMAIL, "mail", subject="Done", now=now)
        done.state = RESOLVED
        session.add_all([sms, done])
    async with database.unit() as session:
        await assignment.assign(session, story.conversation, story.magda)
        await assignment.mark_read(session, story.conversation)
    return {story.conversation: "ana", sms.id: "bob", done.id: "cy"}


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        (Conditions(), {"ana", "bob"}),
        (Conditions(states=(OPEN, RESOLVED)), {"ana", "bob", "cy"}),
        (Conditions(assignee="me"), {"ana"}),
        (Conditions(assignee="nobody"), {"bob"}),
        (Conditions(kind="sms"), {"bob"}),
        (Conditions(channel="mail"), {"ana"}),
        (Conditions(label="vip"), {"bob"}),
        (Conditions(unread=True), {"bob"}),
        (Conditions(words="QUESTION"), {"ana"}),
        (Conditions(states=(RESOLVED,), words="100%"), {"cy"}),
        (Conditions(words="1%"), set()),
        (Conditions(kind="sms", assignee="me"), set()),
    ],
)
async def test_a_view_holds_what_fulfils_all_its_conditions(
    conditions: Conditions, found: set[str], names: dict[Any, str], database: Database, story: Story, now: datetime
) -> None:
    async with database.unit() as session:
        number = await views.create(session, "V", conditions, owner=story.magda, now=now)
        lines = await inbox.lines(session, f"saved-{number}", staff_id=story.magda)
        held = [await inbox.holds(session, f"saved-{number}", one, staff_id=story.magda) for one in names]
    assert {names[line.id] for line in lines} == found
    assert {name for name, holds in zip(names.values(), held, strict=True) if holds} == found


async def test_a_teams_view_holds_what_came_by_its_mailboxes(
    names: dict[Any, str], database: Database, story: Story, now: datetime
) -> None:
    async with database.unit() as session:
        team = (await teams.create(session, "Support", now=now)).id or 0
        await teams.set_channels(session, team, ["sms"], now=now)
        number = await views.create(session, "V", Conditions(team=team), owner=story.magda, now=now)
        lines = await inbox.lines(session, f"saved-{number}", staff_id=story.magda)
    assert [names[line.id] for line in lines] == ["bob"]


async def test_a_view_is_ones_own_a_teams_or_everybodys(database: Database, story: Story, now: datetime) -> None:
    async with database.unit() as session:
        team = (await teams.create(session, "Support", now=now)).id or 0
        await teams.set_members(session, team, [story.magda], now=now)
        whose: dict[str, dict[str, Any]] = {"own": {}, "team": {"team_id": team}, "shared": {"shared": True}}
        made = {
            name: await views.create(session, name, Conditions(), owner=story.magda, now=now, **how)
            for name, how in whose.items()
        }
        seen = [[view.name for view in await views.listing(session, one)] for one in (story.magda, story.oleg)]
        assert seen == [["own", "shared", "team"], ["shared"]]
        with pytest.raises(NoSuchView):
            await inbox.lines(session, f"saved-{made['own']}", staff_id=story.oleg)
        with pytest.raises(ViewProblem, match="not in this team"):
            await views.create(session, "x", Conditions(), owner=story.oleg, team_id=team, now=now)


async def test_only_its_owner_deletes_a_view_and_a_lead_a_shared_one(
    database: Database, story: Story, now: datetime
) -> None:
    async with database.unit() as session:
        own = await views.create(session, "own", Conditions(), owner=story.magda, now=now)
        shared = await views.create(session, "all", Conditions(), owner=story.magda, shared=True, now=now)
        for number, everybodys in ((own, True), (own, False), (shared, False)):
            with pytest.raises(NoSuchView):
                await views.remove(session, number, by=story.oleg, everybodys=everybodys, now=now)
        await views.remove(session, shared, by=story.oleg, everybodys=True, now=now)
        await views.remove(session, own, by=story.magda, everybodys=False, now=now)
        assert await views.listing(session, story.magda) == []
