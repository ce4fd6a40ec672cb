"""Who is available, and how a team's work is given out."""

from __future__ import annotations

from typing import Any

from hub import clock
from hub.models.vocabulary import Assigning, Role
from hub.staff import accounts, teams


async def test_a_team_gives_out_its_conversations_as_its_page_says(empty: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    agent = empty.staff[Role.AGENT]
    async with empty.hub.database.unit() as session:
        team = (await teams.create(session, "Support", now=clock.now())).id
    fields = {"name": "Support", "members": agent, "assigning": "least_busy"}
    assert (await desk.send(f"/teams/{team}", **fields, capacity="5")).status_code == 303
    async with empty.hub.database.unit() as session:
        (kept,) = await teams.listing(session)
    assert (kept.assigning, kept.capacity) == (Assigning.LEAST_BUSY, 5)
    seen = await desk.see("/teams")
    assert "away" in seen.select_one(f"#team-{team} .ticks").text  # nobody has opened a page as Olga
    await (await signed_in(Role.AGENT)).see("/account")
    assert "away" not in (await desk.see("/teams")).select_one(f"#team-{team} .ticks").text
    answer = await desk.send(f"/teams/{team}", **fields, capacity="many")
    assert (answer.status_code, "is not a whole number" in answer.text) == (422, True)


async def test_everybody_says_whether_they_are_away(empty: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    await desk.send("/me", away="1", back="/account")
    assert "Away: no new conversations" in (await desk.see("/account")).select_one("nav .me").text
    async with empty.hub.database.unit() as session:
        assert (await accounts.get(session, empty.staff[Role.AGENT])).away
    await desk.send("/me", away="0", back="/account")
    assert "Available for new conversations" in (await desk.see("/account")).select_one("nav .me").text
