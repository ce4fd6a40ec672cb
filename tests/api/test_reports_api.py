"""Reports over the API: the figures of the pages, as JSON and as CSV, for who may read them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import httpx
import pytest

from hub.bootstrap import Hub
from hub.clock import uuid7
from hub.models import Customer, Interaction
from hub.models.vocabulary import Direction, Kind, Origin, Role, State
from hub.reports.parts import PARTS
from tests.api.conftest import Bearer

WEEK = "first=2026-03-09&last=2026-03-15&zone=Europe/Warsaw"


@pytest.fixture
async def said(hub: Hub, ana: Customer) -> None:
    """Two mails and an SMS on a Tuesday of last March, a mail in the week before."""
    moments = [(10, Kind.EMAIL), (10, Kind.EMAIL), (10, Kind.SMS), (3, Kind.EMAIL)]
    async with hub.database.unit() as session:
        for day, kind in moments:
            at = datetime(2026, 3, day, 12, tzinfo=UTC)
            row = Interaction(
                id=uuid7(at),
                at=at,
                state_at=at,
                customer_id=ana.id,
                direction=Direction.IN,
                kind=kind,
                channel="mail" if kind is Kind.EMAIL else "sms",
                origin=Origin.CUSTOMER,
                state=State.RECEIVED,
            )
            session.add(row)


async def test_a_report_has_its_days_figures_and_tables(client: httpx.AsyncClient, bearer: Bearer, said: None) -> None:
    lead = await bearer(Role.SUPERVISOR)
    found = (await client.get(f"/api/v1/reports/volume?{WEEK}", headers=lead)).json()
    assert (found["first"], found["before_first"], found["zone"]) == ("2026-03-09", "2026-03-02", "Europe/Warsaw")
    assert found["figures"][0] == {"name": "received", "measure": "count", "value": 3, "before": 1}
    by_day, by_channel = found["tables"]
    assert by_day["rows"][1] == ["2026-03-10", 3, 0]
    assert by_channel["rows"] == [["email", 2, 1, 0, 0], ["sms", 1, 0, 0, 0]]
    narrowed = (await client.get(f"/api/v1/reports/volume?{WEEK}&channel=sms", headers=lead)).json()
    assert narrowed["figures"][0]["value"] == 1


async def test_a_table_is_had_as_csv_with_the_columns_names(
    client: httpx.AsyncClient, bearer: Bearer, said: None
) -> None:
    lead = await bearer(Role.SUPERVISOR)
    answer = await client.get(f"/api/v1/reports/volume.csv?{WEEK}&table=by_channel", headers=lead)
    assert answer.headers["content-type"].startswith("text/csv")
    assert list(csv.reader(io.StringIO(answer.text))) == [
        ["kind", "received", "received_before", "sent", "sent_before"],
        ["email", "2", "1", "0", "0"],
        ["sms", "1", "0", "0", "0"],
    ]
    lost = await client.get(f"/api/v1/reports/volume.csv?{WEEK}&table=nothing", headers=lead)
    assert lost.status_code == 404


async def test_who_reads_which_is_as_on_the_desk(client: httpx.AsyncClient, bearer: Bearer) -> None:
    agent, marketer, lead = [await bearer(role) for role in (Role.AGENT, Role.MARKETER, Role.SUPERVISOR)]
    assert (await client.get("/api/v1/reports", headers=agent)).status_code == 403
    listed = await client.get("/api/v1/reports", headers=marketer)
    assert {one["name"] for one in listed.json()["items"]} == set(PARTS) - {"promises", "agents"}
    assert (await client.get("/api/v1/reports/agents", headers=marketer)).status_code == 403
    assert (await client.get("/api/v1/reports/agents", headers=lead)).status_code == 200
    assert (await client.get("/api/v1/reports/agents.csv", headers=marketer)).status_code == 403


@pytest.mark.parametrize("name", PARTS)
async def test_every_report_is_had_without_saying_which_days(
    name: str, client: httpx.AsyncClient, bearer: Bearer
) -> None:
    answer = await client.get(f"/api/v1/reports/{name}", headers=await bearer(Role.SUPERVISOR))
    assert (answer.status_code, answer.json()["name"]) == (200, name)


@pytest.mark.parametrize(
    "query",
    ["first=2026-03-15&last=2026-03-09", "first=2026-03-15", "first=x", "zone=Nowhere", "segment_id=999", "team_id=0"],
)
async def test_what_cannot_be_asked_is_refused_with_its_field(
    query: str, client: httpx.AsyncClient, bearer: Bearer
) -> None:
    lead = await bearer(Role.SUPERVISOR)
    answer = await client.get(f"/api/v1/reports/volume?{query}", headers=lead)
    assert (answer.status_code, answer.json()["errors"][0]["field"].split(".")[0]) == (422, "query")
    assert (await client.get("/api/v1/reports/nothing", headers=lead)).status_code == 404
