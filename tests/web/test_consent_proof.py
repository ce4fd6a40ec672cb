"""The proof of consent on one page, and a customer's quiet hours at the desk."""

from __future__ import annotations

from datetime import time
from typing import Any

from sqlmodel import col, select

from hub.customers import directory
from hub.models import Audit
from hub.models.vocabulary import Role


async def test_the_proof_shows_what_holds_and_every_word_it_comes_from(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    ana = world.customers["ana"]
    await desk.send(f"/customers/{ana}/consent", purpose="marketing", channel="sms", granted="0")
    page = await desk.see(f"/customers/{ana}/consent/proof")
    holds, said = ([[c.get_text(" ", strip=True) for c in row("td")] for row in t("tr")[1:]] for t in page("table"))
    (offers,) = [line for line in holds if line[:2] == ["Offers", "SMS"]]
    assert offers[2] == "no"
    number, _when, *rest = said[-1]
    assert offers[4] == number
    assert rest[:5] == ["Offers · SMS", "no", "marketing by sms: no", "desk/1", "told us on the phone · Olga Agent"]
    assert [int(line[0]) for line in said] == sorted(int(line[0]) for line in said)
    async with world.hub.database.unit() as session:
        noted = (await session.exec(select(Audit).where(col(Audit.action) == "consent.proof"))).all()
    assert [(row.subject, row.staff_id) for row in noted] == [(f"customer:{ana}", world.staff[Role.AGENT])]


async def test_the_card_leads_to_the_proof_and_nobody_without_an_account_sees_it(
    world: Any, signed_in: Any, visitor: Any
) -> None:
    path = f"/customers/{world.customers['ana']}/consent/proof"
    desk = await signed_in(Role.MARKETER)
    assert (await desk.see(f"/customers/{world.customers['ana']}")).find("a", href=path) is not None
    assert (await visitor.get(path)).status_code == 303


async def test_quiet_hours_are_set_and_taken_away_on_the_card(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    ana, found = world.customers["ana"], []
    for begins, ends in (("20:30", "09:00"), ("", "")):
        await desk.send(f"/customers/{ana}/quiet-hours", quiet_from=begins, quiet_until=ends)
        async with world.hub.database.unit() as session:
            card = await directory.get(session, ana)
        found.append((card.quiet_from, card.quiet_until))
        field = (await desk.see(f"/customers/{ana}")).find(id="quiet_from")
        assert field is not None
        assert field["value"] == begins
    assert found == [(time(20, 30), time(9)), (None, None)]


async def test_quiet_hours_that_make_no_sense_are_told_and_kept_in_the_form(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    path = f"/customers/{world.customers['ana']}/quiet-hours"
    for begins, ends, told in (
        ("25:00", "09:00", "is not a time of day"),
        ("21:00", "", "a beginning and an end"),
        ("21:00", "21:00", "must not be the hour"),
    ):
        answer = await desk.send(path, quiet_from=begins, quiet_until=ends)
        assert (answer.status_code, told in answer.text, f'value="{begins}"' in answer.text) == (422, True, True)
