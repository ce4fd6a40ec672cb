"""Teams: their names, people, mailboxes and signatures."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlmodel import select

from hub.database.engine import Database
from hub.models import Audit, Staff
from hub.staff import teams
from hub.staff.teams import Group, NotFound, TeamProblem
from tests.hub.staff.conftest import Hire


async def test_a_team_has_people_and_several_mailboxes(database: Database, hire: Hire, now: datetime) -> None:
    ana, ben = await hire("ana"), await hire("ben")
    async with database.unit() as session:
        team = await teams.create(session, "  Support ", now=now)
        number = team.id or 0
        await teams.set_members(session, number, [ana.id or 0, ben.id or 0], now=now)
        await teams.set_members(session, number, [ben.id or 0], now=now)
        await teams.set_channels(session, number, ["mail", "help", "mail"], now=now)
        await teams.set_signature(session, number, "\r\n{{ name }}  \r\nMeadow\n\n", now=now)
    expected = Group(number, "Support", "{{ name }}\nMeadow", frozenset({ben.id or 0}), ("help", "mail"))
    async with database.unit() as session:
        assert await teams.listing(session) == [expected]
        assert await teams.of(session, ben.id or 0) == [expected]
        assert await teams.of(session, ana.id or 0) == []


async def test_a_mailbox_is_one_teams_and_moves_to_the_one_that_takes_it(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        first, second = [(await teams.create(session, name, now=now)).id or 0 for name in ("Sales", "Support")]
        await teams.set_channels(session, first, ["mail", "sales"], now=now)
        await teams.set_channels(session, second, ["mail"], now=now)
        assert [(team.name, team.channels) for team in await teams.listing(session)] == [
            ("Sales", ("sales",)),
            ("Support", ("mail",)),
        ]


@pytest.mark.parametrize("name", ["", "  \n ", "support", "SUPPORT  "])
async def test_a_team_needs_a_name_of_its_own(name: str, database: Database, now: datetime) -> None:
    async with database.unit() as session:
        await teams.create(session, "Support", now=now)
        other = await teams.create(session, "Sales", now=now)
        with pytest.raises(TeamProblem):
            await teams.create(session, name, now=now)
        with pytest.raises(TeamProblem):
            await teams.rename(session, other.id or 0, name, now=now)
        await teams.rename(session, other.id or 0, "SALES", now=now)


async def test_a_team_that_ends_leaves_its_people_and_an_entry_in_the_audit_trail(
    database: Database, hire: Hire, now: datetime
) -> None:
    ana = await hire("ana")
    async with database.unit() as session:
        number = (await teams.create(session, "Support", now=now)).id or 0
        await teams.set_members(session, number, [ana.id or 0], now=now)
        await teams.set_channels(session, number, ["mail"], now=now)
    async with database.unit() as session:
        await teams.remove(session, number, now=now, by=ana.id)
        with pytest.raises(NotFound):
            await teams.get(session, number)
    async with database.unit() as session:
        assert await teams.listing(session) == []
        assert await session.get(Staff, ana.id) is not None
        last = (await session.exec(select(Audit).order_by(Audit.id.desc()))).first()  # type: ignore[union-attr]
    assert last is not None
    assert (last.action, last.subject, last.detail, last.staff_id) == (
        "team.delete",
        f"team:{number}",
        "Support",
        ana.id,
    )


async def test_somebody_without_an_account_is_in_no_team(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        team = await teams.create(session, "Support", now=now)
        with pytest.raises(TeamProblem):
            await teams.set_members(session, team.id or 0, [77], now=now)


async def test_a_signature_longer_than_a_page_is_refused(database: Database, hire: Hire, now: datetime) -> None:
    ana = await hire("ana")
    async with database.unit() as session:
        with pytest.raises(TeamProblem, match="4000"):
            await teams.set_own_signature(session, ana.id or 0, "x" * 4001, now=now)
