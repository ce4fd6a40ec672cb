"""Business hours, as supervisors type them."""

from __future__ import annotations

from typing import Any

from hub import clock
from hub.models.vocabulary import Role
from hub.staff import teams, timetables

WEEK = ("09:00–12:00, 13:00–17:00", "9-17", "9-17", "9-17", "9-15", "", "")


async def test_a_supervisor_sets_the_companys_hours_and_a_teams_own(empty: Any, signed_in: Any) -> None:
    async with empty.hub.database.unit() as session:
        team = (await teams.create(session, "Night", now=clock.now())).id
    desk = await signed_in(Role.SUPERVISOR)
    unset = await desk.see("/hours")
    assert unset.select_one(f"#hours-{team} input[name=zone]")["value"] == "Europe/Warsaw"  # what it would begin with
    fields = {"zone": "Europe/Warsaw", "country": "PL", "closed": "2026-12-24 Christmas Eve", "day": WEEK}
    assert (await desk.send("/hours", **fields)).status_code == 303
    assert (await desk.send("/hours", **fields | {"team": team, "zone": "Europe/Sofia"})).status_code == 303
    seen = await desk.see("/hours")
    typed = [field["value"] for field in seen.select("#hours-0 input[name=day]")]
    assert typed == [WEEK[0], *["09:00–17:00"] * 3, "09:00–15:00", "", ""]
    assert seen.select_one("#hours-0 option[selected]")["value"] == "PL"
    assert seen.select_one(f"#hours-{team} input[name=zone]")["value"] == "Europe/Sofia"
    assert (await desk.send(f"/hours/{team}/drop")).status_code == 303
    async with empty.hub.database.unit() as session:
        assert [one.team_id for one in await timetables.listing(session)] == [None]


async def test_hours_that_are_refused_are_still_in_the_form(empty: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    answer = await desk.send("/hours", zone="Europe/Warsaw", day=("9 to 5", *WEEK[1:]), country="PL")
    assert answer.status_code == 422
    assert "is not a range of hours" in answer.text
    assert 'value="9 to 5"' in answer.text


async def test_an_agent_does_not_arrange_hours(empty: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    assert (await desk.send("/hours", zone="UTC", day=WEEK)).status_code == 403
