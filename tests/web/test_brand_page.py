"""Settings → Brand: seen before it is kept; and public pages that wear one, in a browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect
from sqlmodel import col, select

from hub import clock
from hub.branding import brands, logos
from hub.branding.brands import Brand, Wanted
from hub.conversations import appointment_links, appointments
from hub.gatherings import inviting, links, plans
from hub.gatherings.plans import Plan
from hub.models import Audit
from hub.models.vocabulary import Kind, Purpose, Role
from hub.outbound import preference_links, unsubscribe_links
from tests import drawn
from tests.web.conftest import PATIENCE
from tests.web.test_every_page_in_a_browser import WCAG

HERE = "/settings/brand"
GOOD = {"accent": "#1d6f42", "footer.en": "Meadow Ltd., Main St 4", "privacy_url": "https://meadow.example/privacy"}
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


async def _kept(world: Any) -> Brand:
    async with world.hub.database.unit() as session:
        return await brands.read(session)


async def _upload(desk: Any, content: bytes, **fields: str) -> httpx.Response:
    data, file = {"csrf": desk.csrf, **fields}, {"logo": ("logo.png", content, "image/png")}
    answer: httpx.Response = await desk.client.post(f"{HERE}/logo", data=data, files=file)
    return answer


async def test_an_administrator_gives_public_pages_a_brand_and_the_trail_says_who(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    assert (await desk.send(HERE, **GOOD)).status_code == 303
    assert (await _upload(desk, drawn.png(480, 64))).status_code == 303
    seen = await desk.see(HERE)
    assert seen.select_one("#accent")["value"] == "#1d6f42"
    assert (seen.select_one("img.company-logo")["width"], seen.select_one("img.company-logo")["height"]) == (
        "240",
        "32",
    )
    kept = await _kept(world)
    assert (kept.accent, kept.footers, kept.logo and kept.logo.width) == ("#1d6f42", {"en": GOOD["footer.en"]}, 240)
    assert (await _upload(desk, b"", act="drop")).status_code == 303
    assert (await _kept(world)).logo is None
    async with world.hub.database.unit() as session:
        said = select(Audit.action).where(col(Audit.action).startswith("brand.")).order_by(col(Audit.id))
        assert (await session.exec(said)).all() == ["brand.change", "brand.logo", "brand.no_logo"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("accent", "tomato"), ("privacy_url", "http://meadow.example"), ("footer.en", "x" * 301), ("accent", "<script>")],
)
async def test_what_cannot_be_comes_back_as_it_was_typed(world: Any, signed_in: Any, field: str, value: str) -> None:
    desk = await signed_in(Role.ADMIN)
    answer = await desk.send(HERE, **GOOD | {field: value})
    assert (answer.status_code, await _kept(world)) == (422, Brand())
    shown = await desk.send(f"{HERE}/preview", **GOOD | {field: value})
    for page in (answer, shown):
        assert f'name="{field}"' in page.text
        assert "aria-invalid" in page.text
        assert "<script>" not in page.text
        assert value.replace("<", "&lt;").replace(">", "&gt;") in page.text


@pytest.mark.parametrize("content", [SVG, b"", drawn.jpeg(9_000, 9_000), drawn.png() + bytes(logos.LARGEST)])
async def test_a_logo_that_cannot_be_is_refused_with_the_reason(world: Any, signed_in: Any, content: bytes) -> None:
    desk = await signed_in(Role.ADMIN)
    answer = await _upload(desk, content)
    assert (answer.status_code, 'role="alert"' in answer.text, await _kept(world)) == (422, True, Brand())


async def test_looking_first_keeps_nothing(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    shown = await desk.send(f"{HERE}/preview", **GOOD | {"accent": "ffd400"})
    assert (shown.status_code, await _kept(world)) == (200, Brand())
    assert "/brand/ffd400.css" in shown.text
    assert "black" in shown.text


# ---- in a browser ---------------------------------------------------------------------------


async def _public(world: Any) -> list[str]:
    """One page of each sort, as its reader's link leads to it."""
    hub, ana, now = world.hub, world.customers["ana"], clock.now()
    async with hub.database.unit() as session:
        booked = await appointments.book(session, ana, "Fitting", now + timedelta(days=3), "UTC", now=now)
        event = await plans.create(session, Plan("Garden", now + timedelta(days=3), "UTC"), staff_id=None, now=now)
        await inviting.choose(session, event.id or 0, [ana], now=now)
        (seen,) = await inviting.guests(session, event.id or 0)
    found = [
        preference_links.address(hub.gate, ana, now=now),
        unsubscribe_links.address(hub.gate, ana, Purpose.MARKETING, Kind.EMAIL),
        appointment_links.address(hub.gate, booked.id or 0),
        links.address(hub.gate, seen.guest.id or 0),
    ]
    paths = [one.removeprefix(hub.settings.hub.public_url) for one in found]
    return [*paths, "/join/newsletter?language=ru", "/survey/wrong", "/l/wrong/wrong"]


@pytest.mark.browser
@pytest.mark.parametrize("accent", ["#ffd400", "#0a0a3c", "#808080"])
@pytest.mark.parametrize(("width", "look"), [(1440, "light"), (390, "dark")])
async def test_no_public_page_in_a_brand_has_a_fault_that_machines_find(
    world: Any, served: str, browser: Browser, accent: str, width: int, look: Any
) -> None:
    hub, paths, found = world.hub, await _public(world), dict[str, object]()
    sha256 = await hub.storage.put(drawn.png(300, 60))
    async with hub.database.unit() as session:
        long = "Meadow & Sons Ltd., " + "Llanfairpwllgwyngyll" * 6
        wanted = Wanted(accent, {"en": long}, "https://meadow.example/privacy")
        await brands.change(session, wanted, by=world.staff[Role.ADMIN], ip="", now=clock.now())
        logo = logos.read(drawn.png(300, 60))
        await brands.set_logo(session, logo, sha256, by=world.staff[Role.ADMIN], ip="", now=clock.now())
    context = await browser.new_context(viewport={"width": width, "height": 844}, color_scheme=look)
    context.set_default_timeout(PATIENCE)
    page, said = await context.new_page(), list[str]()
    page.on("console", lambda line: said.append(line.text) if line.type == "error" and "404" not in line.text else None)
    for path in paths:
        await page.goto(served + path)
        ran = await Axe().run(page, options={"runOnly": WCAG})
        faults: list[object] = [(v["id"], v["nodes"][0]["html"][:150]) for v in ran.response["violations"]]
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append("wider than the screen")
        if await page.evaluate("[...document.images].some(one => !one.naturalWidth)"):
            faults.append("no logo")
        if faults + said:
            found[path] = faults + said
        said.clear()
    assert found == {}


@pytest.mark.browser
async def test_the_sample_follows_what_is_typed_before_anything_is_kept(
    world: Any, opening: Any, complaints: list[str]
) -> None:
    page = await opening(HERE, Role.ADMIN)
    light = page.frame_locator("#preview iframe").first
    await page.fill("#accent", "#ffd400")
    await expect(light.locator("button")).to_have_css("background-color", "rgb(255, 212, 0)")
    await expect(light.locator("button")).to_have_css("color", "rgb(0, 0, 0)")
    await page.fill("#footer-en", "Meadow Ltd.")
    await expect(light.locator("footer")).to_contain_text("Meadow Ltd.")
    await page.fill("#accent", "tomato")
    await expect(page.locator("#preview .bad")).to_contain_text("is no colour")
    assert (await _kept(world), complaints) == (Brand(), [])
