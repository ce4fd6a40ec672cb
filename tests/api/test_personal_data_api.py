"""/api/v1: a person's data handed over, and a person erased, by a program."""

from __future__ import annotations

import io
from uuid import UUID
from zipfile import ZipFile

import httpx

from hub import clock
from hub.bootstrap import Hub
from hub.models.vocabulary import Role
from hub.personal import erasing, handing_over
from hub.personal.archive import Sources
from tests.api.conftest import Bearer, Headers


async def _ana(client: httpx.AsyncClient, headers: Headers) -> str:
    new = {"name": "Ana Nowak", "emails": ["ana@nowak.example"]}
    return str((await client.post("/api/v1/customers", json=new, headers=headers)).json()["id"])


async def test_an_archive_is_asked_for_and_fetched_when_it_is_ready(
    client: httpx.AsyncClient, headers: Headers, hub: Hub
) -> None:
    ana = await _ana(client, headers)
    asked = await client.post(f"/api/v1/customers/{ana}/personal-data", headers=headers)
    here = asked.headers["location"]
    assert (asked.status_code, (await client.get(f"{here}/file", headers=headers)).status_code) == (202, 409)
    sources = Sources(hub.database, hub.storage, hub.settings.hub.name)
    await handing_over.make(sources, UUID(asked.json()["id"]), now=clock.now(), days=7)
    told = (await client.get(here, headers=headers)).json()
    file = await client.get(f"{here}/file", headers=headers)
    assert file.headers["cache-control"] == "private, no-store"
    with ZipFile(io.BytesIO(file.content)) as archive:
        assert "identity.json" in archive.namelist()
    assert told["size"] == len(file.content)


async def test_a_person_is_erased_by_their_name_and_certified(
    client: httpx.AsyncClient, bearer: Bearer, hub: Hub
) -> None:
    headers = await bearer(Role.ADMIN)
    ana = await _ana(client, headers)
    path = f"/api/v1/customers/{ana}/erasure"
    assert (await client.post(path, json={"name": "Bea"}, headers=headers)).status_code == 409
    asked = await client.post(path, json={"name": "Ana Nowak"}, headers=headers)
    assert (asked.status_code, asked.json()["state"], asked.json()["certificate"]) == (202, "asked", None)
    await erasing.carry_out(hub.database, hub.storage, UUID(asked.json()["id"]), clock=clock.now)
    done = (await client.get(asked.headers["location"], headers=headers)).json()
    assert (done["state"], done["certificate"]["rows"]["identity"]) == ("done", 1)
    assert (await client.get(f"/api/v1/customers/{ana}", headers=headers)).status_code == 404


async def test_what_is_not_there_is_refused(client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = await bearer(Role.ADMIN)
    nobody = UUID(int=7)
    answers = [
        await client.post(f"/api/v1/customers/{nobody}/personal-data", headers=headers),
        await client.get(f"/api/v1/personal-data/{nobody}", headers=headers),
        await client.get(f"/api/v1/personal-data/{nobody}/file", headers=headers),
        await client.post(f"/api/v1/customers/{nobody}/erasure", json={"name": "x"}, headers=headers),
        await client.get(f"/api/v1/erasures/{nobody}", headers=headers),
        await client.get(f"/api/v1/erasures/{nobody}"),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 404, 404, 401]
