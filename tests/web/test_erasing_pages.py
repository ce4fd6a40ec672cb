"""Erasing a person at the desk: read, name typed, done, certified."""

from __future__ import annotations

from typing import Any

from hub import clock
from hub.models.vocabulary import Role
from hub.personal import certificate, erasing


async def test_a_person_is_erased_in_two_steps_and_certified(world: Any, signed_in: Any) -> None:
    desk, georgi = await signed_in(Role.ADMIN), world.customers["georgi"]
    assert (await desk.see(f"/customers/{georgi}")).find("a", href=f"/customers/{georgi}/erase") is not None
    page = await desk.see(f"/customers/{georgi}/erase")
    assert "Messages, calls and notes" in page.text
    wrong = await desk.send(f"/customers/{georgi}/erase", name="Georgi")
    assert (wrong.status_code, "not the customer" in wrong.text, 'value="Georgi"' in wrong.text) == (422, True, True)
    asked = await desk.send(f"/customers/{georgi}/erase", name="георги Петров")
    here = asked.headers["location"]
    assert "begins in a moment" in (await desk.see(here)).text
    assert "is being erased" in (await desk.see(f"/customers/{georgi}")).text
    assert (await desk.client.get(f"{here}.json")).status_code == 404
    await _worker(world)
    seen = await desk.see(here)
    assert "Certificate of erasure" in seen.text
    assert "Петров" not in seen.text
    assert (await desk.client.get(f"/customers/{georgi}")).status_code == 404
    assert here in [link["href"] for link in (await desk.see("/settings/erasures"))("a")]
    told = (await desk.client.get(f"{here}.json")).json()
    async with world.hub.database.unit() as session:
        (row,) = await erasing.listing(session)
    assert told == certificate.of(row)
    assert told["rows"]["interaction"] > 0
    assert told["asked_by"] == "Ada Min"


async def test_only_administrators_erase(world: Any, signed_in: Any) -> None:
    ana = world.customers["ana"]
    for role in (Role.AGENT, Role.MARKETER, Role.SUPERVISOR):
        desk = await signed_in(role)
        assert "/erase" not in (await desk.client.get(f"/customers/{ana}")).text
        assert (await desk.send(f"/customers/{ana}/erase", name="Ana Nowak")).status_code == 403


async def _worker(world: Any) -> None:
    """What the background job does."""
    async with world.hub.database.unit() as session:
        waiting = await erasing.unfinished(session)
    for one in waiting:
        await erasing.carry_out(world.hub.database, world.hub.storage, one, clock=clock.now)
