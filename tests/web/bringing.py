"""Bringing a file in at the desk, as somebody does it and as a worker carries it out."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from hub.customers import imports
from hub.jobs import background
from hub.models.vocabulary import Brought


async def upload(desk: Any, kind: Brought, content: str | bytes, name: str = "") -> Any:
    """The answer to a file in the form."""
    whole = content.encode() if isinstance(content, str) else content
    files = {"file": (name or f"{kind}.csv", whole, "text/csv")}
    return await desk.client.post(f"/imports/{kind}", data={"csrf": desk.csrf}, files=files)


async def work(world: Any, path: str) -> None:
    """What a worker does when the job is there."""
    await background.BODIES[imports.JOB](world.hub, {"import": path.rpartition("/")[2]})


async def by_hand(page: Page, world: Any, content: str, *, column: str, holds: str, rows: int) -> None:
    """In a browser, from the upload to the end: one column is named, no page on the way has a fault."""
    file = {"name": "sheet.csv", "mimeType": "text/csv", "buffer": content.encode()}
    await page.get_by_label("A CSV file in UTF-8").set_input_files(file)  # type: ignore[arg-type]
    await page.get_by_role("button", name="Upload").click()
    await page.get_by_label(f"What “{column}” holds").select_option(holds)
    await page.get_by_role("button", name="Look at the first rows").click()
    await expect(page.locator("#tried tbody tr")).to_have_count(rows)
    await _is_sound(page)
    await page.get_by_role("button", name=f"Import {rows} rows").click()
    await expect(page.locator("#progress")).to_contain_text(f"0 of {rows} rows")
    await work(world, page.url)
    await expect(page.locator("#rejected")).to_be_visible()
    await _is_sound(page)


async def _is_sound(page: Page) -> None:
    assert (await Axe().run(page)).response["violations"] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
