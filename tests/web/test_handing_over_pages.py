"""A person's data at the desk: asked for, made, fetched by who may."""

from __future__ import annotations

import io
from typing import Any
from zipfile import ZipFile

from sqlmodel import col, select

from hub import clock
from hub.models import Audit
from hub.models.vocabulary import Role
from hub.personal import handing_over
from hub.personal.archive import Sources


async def test_an_archive_is_asked_for_made_and_fetched(world: Any, signed_in: Any, visitor: Any) -> None:
    desk, ana = await signed_in(Role.SUPERVISOR), world.customers["ana"]
    here = f"/customers/{ana}/personal-data"
    assert (await desk.see(f"/customers/{ana}")).find("a", href=here) is not None
    assert "can be had for 7 days" in (await desk.see(here)).text
    assert (await desk.send(here)).headers["location"] == here
    assert "begins in a moment" in (await desk.see(here)).text
    row = await _made(world, ana)
    link = (await desk.see(here)).find("a", download=True)["href"]
    assert link == f"/personal-data/{row.id}.zip"
    answer = await desk.client.get(link)
    assert answer.headers["content-type"] == "application/zip"
    with ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert "Co Meadow &amp; Sons wie o Tobie" in archive.read("index.html").decode()
    assert (await visitor.get(link)).status_code == 303
    agent = await signed_in(Role.AGENT)
    assert (await agent.client.get(link)).status_code == 403
    async with world.hub.database.unit() as session:
        noted = await session.exec(select(Audit.action).where(col(Audit.action).startswith("customer.hand")))
        assert noted.all() == ["customer.hand-over", "customer.handed-over"]


async def _made(world: Any, customer: Any) -> Any:
    hub = world.hub
    async with hub.database.unit() as session:
        (row,) = await handing_over.of(session, customer, now=clock.now())
    await handing_over.make(Sources(hub.database, hub.storage, hub.settings.hub.name), row.id, now=clock.now(), days=7)
    return row
