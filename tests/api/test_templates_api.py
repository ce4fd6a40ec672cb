"""Templates over the API: made, drafted, judged, published, read with their versions, tried out on a colleague."""

from __future__ import annotations

from typing import Any

import httpx
from sqlmodel import select

from hub.bootstrap import Hub
from hub.models import Interaction
from hub.models.vocabulary import Origin, Role
from tests.api.conftest import Bearer

FIT = {"en": {"subject": "Tulips", "body": "Dear {{ customer.name }}, see {{ unsubscribe_url }}", "sms": "Tulips"}}
BROKEN = {"en": {"subject": "Tulips", "body": "Dear {{ customer.nmae.first }}"}}


async def test_a_template_is_written_judged_published_and_read_with_its_versions(
    client: httpx.AsyncClient, bearer: Bearer
) -> None:
    marketer = await bearer(Role.MARKETER)
    made = await client.post("/api/v1/templates", json={"title": "Spring tulips"}, headers=marketer)
    assert (made.status_code, made.json()["name"], made.json()["published"]) == (201, "spring-tulips", False)
    path = "/api/v1/templates/spring-tulips"
    first = await client.put(f"{path}/draft", json={"variants": FIT, "seen": 1}, headers=marketer)
    assert (first.json()["revision"], first.json()["variants"]) == (2, FIT)
    overtaken = await client.post(f"{path}/publish?seen=1", headers=marketer)
    assert (overtaken.status_code, "changed or published meanwhile" in overtaken.text) == (409, True)
    published = await client.post(f"{path}/publish?seen=2", headers=marketer)
    assert (published.status_code, published.json()["number"]) == (200, 1)
    again = {"en": FIT["en"] | {"sms": "More tulips"}}
    await client.put(f"{path}/draft", json={"variants": again, "seen": 0}, headers=marketer)
    await client.post(f"{path}/publish", headers=marketer)
    whole = (await client.get(path, headers=marketer)).json()
    assert (whole["variants"], [one["number"] for one in whole["versions"]]) == (again, [2, 1])
    assert whole["channels"] == {"email": ["en"], "sms": ["en"]}
    assert (await client.get(f"{path}/versions/1", headers=marketer)).json() == {"number": 1, "variants": FIT}
    listed = await client.get("/api/v1/templates?query=more tulips", headers=marketer)
    assert [one["name"] for one in listed.json()["items"]] == ["spring-tulips"]


async def test_what_cannot_be_rendered_is_told_and_not_published(client: httpx.AsyncClient, bearer: Bearer) -> None:
    marketer = await bearer(Role.MARKETER)
    await client.post("/api/v1/templates", json={"title": "Spring"}, headers=marketer)
    path = "/api/v1/templates/spring"
    draft = (await client.put(f"{path}/draft", json={"variants": BROKEN, "seen": 1}, headers=marketer)).json()
    errors = [(one["language"], one["part"], one["line"]) for one in draft["findings"] if one["level"] == "error"]
    assert ("en", "body", 1) in errors
    refused = await client.post(f"{path}/publish", headers=marketer)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "en.body")
    assert (await client.get(path, headers=marketer)).json()["versions"] == []


async def test_a_draft_that_a_colleague_changed_is_kept_from_who_has_not_seen_it(
    client: httpx.AsyncClient, bearer: Bearer
) -> None:
    marketer, lead = await bearer(Role.MARKETER), await bearer(Role.SUPERVISOR)
    await client.post("/api/v1/templates", json={"title": "Spring"}, headers=marketer)
    path = "/api/v1/templates/spring/draft"
    await client.put(path, json={"variants": FIT, "seen": 1}, headers=marketer)
    late: dict[str, Any] = {"variants": {"en": {"sms": "Roses"}}, "seen": 1}
    assert (await client.put(path, json=late, headers=lead)).status_code == 409
    over = await client.put(path, json=late | {"anyway": True}, headers=lead)
    assert (over.status_code, over.json()["revision"]) == (200, 3)
    assert (await client.delete(path, headers=lead)).status_code == 204
    assert (await client.get(path, headers=lead)).json()["revision"] == 0


async def test_a_test_leaves_for_a_colleague_and_for_no_customer(
    client: httpx.AsyncClient, bearer: Bearer, hub: Hub
) -> None:
    marketer = await bearer(Role.MARKETER)
    await client.post("/api/v1/templates", json={"title": "Spring"}, headers=marketer)
    path = "/api/v1/templates/spring"
    await client.put(f"{path}/draft", json={"variants": FIT, "seen": 1}, headers=marketer)
    wanted = {"kind": "email", "to": "colleague@meadow.example"}
    sent = await client.post(f"{path}/test", json=wanted, headers=marketer)
    assert sent.status_code == 202
    async with hub.database.unit() as session:
        (row,) = (await session.exec(select(Interaction).where(Interaction.origin == Origin.TEST))).all()
    assert (str(row.id), row.subject, row.recipient) == (
        sent.json()["interaction_id"],
        "[Test] Tulips",
        "colleague@meadow.example",
    )
    silent = await client.post(f"{path}/test", json=wanted | {"kind": "voice", "to": "+48601000001"}, headers=marketer)
    assert silent.status_code == 422  # there are no words for a call


async def test_a_name_that_leads_nowhere_is_not_found_and_an_agent_writes_no_templates(
    client: httpx.AsyncClient, bearer: Bearer
) -> None:
    marketer, agent = await bearer(Role.MARKETER), await bearer(Role.AGENT)
    for path in ("/nothing", "/nothing/draft", "/nothing/versions/1", "/birthday/versions/99"):
        assert (await client.get(f"/api/v1/templates{path}", headers=marketer)).status_code == 404
    assert (await client.get("/api/v1/templates", headers=agent)).status_code == 403
    assert (await client.post("/api/v1/templates", json={"title": "x"}, headers=agent)).status_code == 403
