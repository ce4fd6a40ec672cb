"""Business hours and working time for programs."""

from __future__ import annotations

import httpx

from hub.models.vocabulary import Role
from tests.api.conftest import Bearer

HOURS = {
    "timezone": "Europe/Warsaw",
    "week": ["9-12, 13-17", "9-17", "9-17", "9-17", "9-17", "", ""],
    "country": "PL",
    "closed": {"2026-12-24": "Christmas Eve"},
}


async def test_hours_are_set_listed_and_asked_for_working_time(client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = await bearer(Role.SUPERVISOR)
    kept = await client.put("/api/v1/business-hours", json=HOURS, headers=headers)
    expected = {
        "team_id": None,
        "timezone": "Europe/Warsaw",
        "week": ["09:00–12:00, 13:00–17:00", *["09:00–17:00"] * 4, "", ""],
        "country": "PL",
        "subdivision": "",
        "closed": {"2026-12-24": "Christmas Eve"},
    }
    assert (kept.status_code, kept.json()) == (200, expected)
    assert (await client.get("/api/v1/business-hours", headers=headers)).json()["items"] == [expected]
    span = {"start": "2026-11-10T16:00:00+01:00", "end": "2026-11-12T10:00:00+01:00"}  # Independence Day between
    worked = await client.get("/api/v1/working-time", params=span, headers=headers)
    assert worked.json()["seconds"] == 2 * 3600


async def test_what_is_refused_says_why(client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = await bearer(Role.SUPERVISOR)
    wrong = await client.put("/api/v1/business-hours", json=HOURS | {"timezone": "Mars"}, headers=headers)
    nobody = await client.put("/api/v1/business-hours?team_id=99", json=HOURS, headers=headers)
    endless = {"start": "2000-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}
    long = await client.get("/api/v1/working-time", params=endless, headers=headers)
    assert [one.status_code for one in (wrong, nobody, long)] == [422, 404, 422]
    for start, end in (
        ("0001-01-01T00:00:00+14:00", "0001-01-02T00:00:00+14:00"),
        ("9999-12-31T00:00:00-12:00", "9999-12-31T23:00:00-12:00"),
        ("9999-12-31T00:00:00Z", "9999-12-31T23:59:59Z"),
    ):
        beyond = await client.get("/api/v1/working-time", params={"start": start, "end": end}, headers=headers)
        assert beyond.status_code == 422
    assert "IANA" in wrong.json()["detail"]


async def test_an_agents_token_reads_hours_and_sets_none(client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = await bearer(Role.AGENT)
    assert (await client.get("/api/v1/business-hours", headers=headers)).status_code == 200
    assert (await client.put("/api/v1/business-hours", json=HOURS, headers=headers)).status_code == 403
    assert (await client.delete("/api/v1/business-hours/1", headers=headers)).status_code == 403
