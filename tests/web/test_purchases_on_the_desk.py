"""What a customer bought, on their page: added up, scored with the three parts, and the whole list."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hub import clock
from hub.customers import purchases
from hub.customers.finding import Whom
from hub.customers.purchases import Told
from hub.models.vocabulary import Role


async def _buys(world: Any, *amounts: str) -> str:
    ana, now = world.customers["ana"], clock.now()
    told = [
        Told(Whom(id=ana), "shop", str(n), now - timedelta(days=n), Decimal(total), "EUR", f"<b>Chair {n}</b>")
        for n, total in enumerate(amounts)
    ]
    async with world.hub.database.unit() as session:
        await purchases.record(session, told)
    return f"/customers/{ana}"


async def test_the_page_says_what_was_bought_and_how_the_score_comes_about(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    panel = (await desk.see(await _buys(world, "20", "500"))).select_one("#purchases")
    said = " ".join(panel.get_text(" ").split())
    assert "2 purchases · 520.00 EUR" in said
    assert "RFM score: 43" in said
    assert "the last purchase is 0 days old 24" in said
    assert "2 purchases in 365 days, 4 for each 8" in said
    assert "10 % of each amount, at most 9 for each 11" in said
    assert (panel.select_one("b"), "<b>Chair 0</b>" in said) == (None, True)


async def test_few_stand_on_the_page_and_all_on_their_own(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    path = await _buys(world, *["1"] * 52)
    panel = (await desk.see(path)).select_one("#purchases")
    assert (len(panel.select(".sentence")), panel.select_one("header a")["href"]) == (5, f"{path}/purchases")
    whole = await desk.see(f"{path}/purchases")
    assert len(whole.select("tbody tr:not(#older) time")) == 50
    rest = await desk.see(whole.select_one("#older a")["href"])
    assert [row.text for row in rest.select(".scroll td:nth-child(2)")] == ["50", "51"]


async def test_where_nothing_was_bought_it_is_said_where_purchases_come_from(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    path = f"/customers/{world.customers['ana']}"
    assert "from another program by the API" in (await desk.see(path)).select_one("#purchases").text
    assert (await desk.see(f"{path}/purchases")).select_one("main a[href='/imports/purchases']") is None
    marketer = await signed_in(Role.MARKETER)
    assert (await marketer.see(f"{path}/purchases")).select_one("main a[href='/imports/purchases']")
