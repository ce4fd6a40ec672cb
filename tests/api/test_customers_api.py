"""/api/v1/customers and /api/v1/appointments, as a shop's program uses them."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from hub import clock
from hub.bootstrap import Hub
from hub.conversations import notes
from hub.models import Customer
from hub.staff import accounts

Headers = dict[str, str]
_ANA = {
    "name": "Ana Kowalska",
    "language": "pl",
    "timezone": "Europe/Warsaw",
    "birthday": "--02-29",
    "labels": ["gardening"],
    "attributes": {"shoe size": 38},
    "external_id": "C-1042",
    "emails": ["Ana@Example.ORG"],
    "phones": ["+48 601 123 456"],
}


async def test_a_customer_comes_back_as_it_was_made(client: httpx.AsyncClient, headers: Headers) -> None:
    made = await client.post("/api/v1/customers", json=_ANA, headers=headers)
    assert made.status_code == 201
    found = (await client.get(made.headers["Location"], headers=headers)).json()
    assert found == made.json()
    asked = {k: found[k] for k in _ANA if k not in ("emails", "phones")}
    assert asked == {k: v for k, v in _ANA.items() if k not in ("emails", "phones")}
    assert [(a["kind"], a["value"]) for a in found["addresses"]] == [
        ("email", "ana@example.org"),
        ("phone", "+48601123456"),
    ]


@pytest.mark.parametrize("again", [{"emails": ["ana@example.org"]}, {"external_id": "C-1042"}])
async def test_an_address_or_number_of_somebody_else_is_a_conflict(
    client: httpx.AsyncClient, headers: Headers, again: dict[str, object]
) -> None:
    await client.post("/api/v1/customers", json=_ANA, headers=headers)
    response = await client.post("/api/v1/customers", json={"name": "Eve", **again}, headers=headers)
    assert response.status_code == 409
    listed = (await client.get("/api/v1/customers", headers=headers)).json()
    assert [c["name"] for c in listed["items"]] == ["Ana Kowalska"]


async def test_only_the_fields_that_are_sent_change_and_null_empties(
    client: httpx.AsyncClient, headers: Headers
) -> None:
    made = (await client.post("/api/v1/customers", json=_ANA, headers=headers)).json()
    changes = {"vip": True, "birthday": None, "external_id": "C-1042"}
    changed = (await client.patch(f"/api/v1/customers/{made['id']}", json=changes, headers=headers)).json()
    assert {k for k in made if made[k] != changed[k]} == {"vip", "birthday", "updated_at"}
    assert (changed["vip"], changed["birthday"]) == (True, None)


async def test_the_list_is_whole_page_by_page_and_found_by_words(client: httpx.AsyncClient, headers: Headers) -> None:
    for name in ("Cyd", "ana", "Bea", "bea", "Dan"):
        await client.post("/api/v1/customers", json={"name": name}, headers=headers)
    names: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = (await client.get("/api/v1/customers", params={"limit": 2, **after}, headers=headers)).json()
        names += [c["name"] for c in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert sorted(names) == ["Bea", "Cyd", "Dan", "ana", "bea"]
    found = (await client.get("/api/v1/customers", params={"query": "be"}, headers=headers)).json()
    assert len(found["items"]) == 2


_ATTACKS = ["' or '1'='1", "'; drop table customer; --", "%", "_", "\\", "a\x00' or 1=1", "\u202e", "$1", ":words"]


async def test_a_query_is_only_ever_words(client: httpx.AsyncClient, headers: Headers, ana: Customer) -> None:
    for attack in _ATTACKS:
        found = await client.get("/api/v1/customers", params={"query": attack, "after": attack}, headers=headers)
        assert (attack, found.status_code, found.json()["items"]) == (attack, 200, [])
    whole = (await client.get("/api/v1/customers", params={"query": "\x00"}, headers=headers)).json()
    assert [c["name"] for c in whole["items"]] == [ana.name]


async def test_consent_is_a_ledger_that_only_grows(client: httpx.AsyncClient, headers: Headers, ana: Customer) -> None:
    """Requirement G3."""
    url = f"/api/v1/customers/{ana.id}/consents"
    for granted in (True, False):
        said = {"granted": granted, "purpose": "marketing", "channel": "email", "source": "shop", "evidence": "order 7"}
        assert (await client.post(url, json=said, headers=headers)).status_code == 201
    items = (await client.get(url, headers=headers)).json()["items"]
    assert [(i["granted"], i["purpose"], i["channel"], i["source"], i["evidence"]) for i in items] == [
        (False, "marketing", "email", "shop", "order 7"),
        (True, "marketing", "email", "shop", "order 7"),
    ]
    assert all(i["staff_id"] for i in items)


async def test_preferences_are_told_with_the_customer(
    client: httpx.AsyncClient, headers: Headers, ana: Customer
) -> None:
    url = f"/api/v1/customers/{ana.id}"
    ranked = await client.put(f"{url}/preferences/marketing", json={"channels": ["sms", "email"]}, headers=headers)
    assert ranked.status_code == 204
    assert (await client.get(url, headers=headers)).json()["preferences"] == {"marketing": ["sms", "email"]}


async def test_the_timeline_is_read_newest_first_page_by_page(
    client: httpx.AsyncClient, hub: Hub, headers: Headers, ana: Customer
) -> None:
    async with hub.database.unit() as session:
        (staff,) = await accounts.listing(session)
        for number in range(3):
            at = clock.now() + timedelta(milliseconds=10 * number)
            await notes.add(session, ana.id, None, f"note {number}", staff_id=staff.id or 0, now=at)
    url = f"/api/v1/customers/{ana.id}/timeline"
    first = (await client.get(url, params={"limit": 2, "kind": "note"}, headers=headers)).json()
    second = (await client.get(url, params={"limit": 2, "before": first["next"]}, headers=headers)).json()
    assert [e["text"] for e in first["items"] + second["items"]] == ["note 2", "note 1", "note 0"]
    assert second["next"] is None
    one = (await client.get(f"/api/v1/interactions/{first['items'][0]['id']}", headers=headers)).json()
    assert one == first["items"][0]
    log = (await client.get("/api/v1/interactions", params={"state": "noted", "limit": 2}, headers=headers)).json()
    assert [e["text"] for e in log["items"]] == ["note 2", "note 1"]
    none = (await client.get("/api/v1/interactions", params={"kind": "sms"}, headers=headers)).json()
    assert none["items"] == []


async def test_an_appointment_is_booked_and_ahead(client: httpx.AsyncClient, headers: Headers, ana: Customer) -> None:
    booking = {"customer_id": str(ana.id), "title": "Fitting", "starts_at": "2099-01-01T10:00:00+01:00",
               "timezone": "Europe/Warsaw"}  # fmt: skip
    booked = await client.post("/api/v1/appointments", json=booking, headers=headers)
    assert (booked.status_code, booked.json()["starts_at"]) == (201, "2099-01-01T09:00:00Z")
    ahead = await client.get("/api/v1/appointments", params={"customer_id": str(ana.id)}, headers=headers)
    assert ahead.json()["items"] == [booked.json()]


_IMPOSSIBLE = [
    ("starts_at", "2020-01-01T10:00:00Z"),
    ("starts_at", "2099-01-01T10:00:00"),
    ("timezone", "Mars/Base"),
    ("timezone", "../../etc/passwd"),
    ("customer_id", "0195a0c4-7c1e-7d3a-9f52-3b1c7e5a9d10"),
    ("title", ""),
]


async def test_an_appointment_that_cannot_be_is_refused(
    client: httpx.AsyncClient, headers: Headers, ana: Customer
) -> None:
    good = {"customer_id": str(ana.id), "title": "Fitting", "starts_at": "2099-01-01T10:00:00Z", "timezone": "UTC"}
    for field, value in _IMPOSSIBLE:
        response = await client.post("/api/v1/appointments", json={**good, field: value}, headers=headers)
        assert (field, response.status_code) == (field, 422)
    assert (await client.get("/api/v1/appointments", headers=headers)).json()["items"] == []


async def test_the_proof_of_consent_names_what_holds_and_the_statements_behind_it(
    client: httpx.AsyncClient, headers: Headers, ana: Customer
) -> None:
    url = f"/api/v1/customers/{ana.id}"
    said = {"granted": True, "purpose": "marketing", "channel": "email", "source": "shop"}
    number = (await client.post(f"{url}/consents", json=said, headers=headers)).json()["id"]
    proof = (await client.get(f"{url}/consent-proof", headers=headers)).json()
    assert (proof["customer_id"], proof["name"]) == (str(ana.id), "Ana Kowalska")
    assert set(proof["addresses"]) == {"ana@example.org", "+48601123456"}
    holding = [one for one in proof["holds"] if one["granted"] is not None]
    assert holding == [{"purpose": "marketing", "channel": "email", "granted": True, "consent_id": number}]
    (row,) = proof["statements"]
    assert (row["wording"], row["wording_version"]) == ("marketing by email: yes", "api/1")
    assert proof["staff"] == {str(row["staff_id"]): "supervisor"}
    missing = await client.get(f"/api/v1/customers/{uuid4()}/consent-proof", headers=headers)
    assert missing.status_code == 404
