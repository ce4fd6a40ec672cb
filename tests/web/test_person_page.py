"""Settings, one member of staff: an administrator puts their name right and gives a new password."""

from __future__ import annotations

from typing import Any

from hub.models.vocabulary import Role
from hub.staff import accounts, passwords
from tests.web.conftest import PASSWORD

FRESH = "a new one for Olga, twice as long"


async def test_an_administrator_puts_a_colleagues_name_language_and_zone_right(world: Any, signed_in: Any) -> None:
    desk, olga = await signed_in(Role.ADMIN), world.staff[Role.AGENT]
    assert (await desk.see("/settings")).select_one(f"a[href='/settings/people/{olga}']").text == "Olga Agent"
    changed = {"name": "Olga  Wąs", "language": "pl", "timezone": "Europe/Sofia"}
    assert (await desk.send(f"/settings/people/{olga}/details", **changed)).status_code == 303
    async with world.hub.database.unit() as session:
        known = await accounts.get(session, olga)
    assert (known.name, known.language, known.timezone) == ("Olga Wąs", "pl", "Europe/Sofia")


async def test_wrong_details_of_a_colleague_come_back_as_they_were_typed(world: Any, signed_in: Any) -> None:
    desk, olga = await signed_in(Role.ADMIN), world.staff[Role.AGENT]
    typed = {"name": "Olga Wąs", "language": "pl", "timezone": "Europe/Nowhere"}
    refused = await desk.send(f"/settings/people/{olga}/details", **typed)
    assert refused.status_code == 422
    assert "is not a time zone" in refused.text
    assert "Olga Wąs" in refused.text
    assert (await desk.send(f"/settings/people/{olga}/details", **typed | {"language": "xx"})).status_code == 422
    assert (await desk.client.get("/settings/people/99999")).status_code == 404


async def test_whoever_forgot_their_password_gets_a_new_one_and_is_signed_out(world: Any, signed_in: Any) -> None:
    agent, desk, olga = await signed_in(Role.AGENT), await signed_in(Role.ADMIN), world.staff[Role.AGENT]
    short = await desk.send(f"/settings/people/{olga}/password", password="short")
    assert (short.status_code, "too short" in short.text) == (422, True)
    assert (await agent.client.get("/account")).status_code == 200, "a refused password signs nobody out"
    assert (await desk.send(f"/settings/people/{olga}/password", password=FRESH)).status_code == 303
    assert "/sign-in" in (await agent.client.get("/account")).headers["location"]
    assert await _opens(world, "agent@meadow.example", FRESH)
    assert not await _opens(world, "agent@meadow.example", PASSWORD)


async def test_ones_own_password_asks_for_the_one_before(world: Any, signed_in: Any) -> None:
    desk, ada = await signed_in(Role.ADMIN), world.staff[Role.ADMIN]
    sent = await desk.send(f"/settings/people/{ada}/password", password=FRESH)
    assert (sent.status_code, sent.headers["location"]) == (303, "/account#password")
    assert await _opens(world, "admin@meadow.example", PASSWORD)


async def test_nobody_else_changes_a_colleagues_account(world: Any, signed_in: Any) -> None:
    desk, ada = await signed_in(Role.SUPERVISOR), world.staff[Role.ADMIN]
    for path, form in (("details", {"name": "Nobody"}), ("password", {"password": FRESH})):
        assert (await desk.send(f"/settings/people/{ada}/{path}", **form)).status_code == 403


async def _opens(world: Any, email: str, password: str) -> bool:
    async with world.hub.database.unit() as session:
        found = await accounts.by_email(session, email)
    return found is not None and await passwords.holds(found.password_hash, password)
