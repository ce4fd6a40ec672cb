"""A company's own list of customers in Chromium: uploaded, a column mended, its first rows looked at, imported by a
worker while the page follows, the wrong rows mended, and a person found.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from channels.message import Kind
from hub.customers import consent, directory
from hub.models.vocabulary import AddressKind, Purpose, Role
from tests.flows.browsing import chromium, in_chromium, sit_down
from tests.flows.town import Town, town, working

pytestmark = in_chromium
PEOPLE = (
    "ФИО;Почта;Мобильный;Рассылка\r\n"
    "Мария Лисова;maria@lisova.example;+7 912 345 67 89;marketing:email\r\n"
    "Anna;anna@known.example;;marketing\r\n"
    "Пётр;not an address;;\r\n"
)


@pytest.fixture
async def meadow(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path) as meadow, working(meadow.hub):
        yield meadow


async def test_from_an_empty_hub_to_a_person_that_is_found(meadow: Town, tmp_path: Path) -> None:
    await meadow.staff(Role.ADMIN)
    sheet = tmp_path / "клиенты.csv"
    sheet.write_text(PEOPLE, encoding="utf-8-sig")
    async with chromium() as browser:
        desk = await sit_down(browser, meadow.url, "admin", path="/customers")
        await desk.get_by_role("main").get_by_role("link", name="Import a file").last.click()
        await meadow.customer("Anna Known", email="anna@known.example")
        await desk.get_by_label("A CSV file in UTF-8").set_input_files(sheet)
        await desk.get_by_role("button", name="Upload").click()

        tried = desk.locator("#tried")
        await expect(desk.get_by_label("What “Мобильный” holds")).to_have_value("phone")
        await expect(desk.get_by_label("What “Рассылка” holds")).to_have_value("attributes.Рассылка")
        await desk.get_by_label("What “Рассылка” holds").select_option("Consents")
        await desk.get_by_role("button", name="Look at the first rows").click()
        await expect(tried).to_contain_text("Say where the people agreed")
        await desk.get_by_label("Where they agreed").fill("Form in the shop")
        await desk.get_by_label("The words they agreed to").fill("Write to me about offers")
        await desk.get_by_label("Bring customers who are known already up to date").check()
        await desk.get_by_role("button", name="Look at the first rows").click()
        await expect(tried.locator("tbody tr")).to_have_count(3)
        await expect(tried).to_contain_text("This is Anna Known")
        await expect(tried).to_contain_text("is not a mail address")

        await desk.get_by_role("button", name="Import 3 rows").click()
        await expect(desk.locator("#progress h2").first).to_have_text("Done")
        await expect(desk.locator("#progress")).to_contain_text("1 added")
        await expect(desk.locator("#progress")).to_contain_text("1 changed")
        async with desk.expect_download() as download:
            await desk.locator("#rejected").get_by_role("link", name="Download").click()
        mended = tmp_path / "mended.csv"
        rejected = await (await download.value).path()
        mended.write_text(rejected.read_text("utf-8").replace("not an address", "petr@lisov.example"), encoding="utf-8")

        await desk.goto(f"{meadow.url}/imports/customers")
        await desk.get_by_label("A CSV file in UTF-8").set_input_files(mended)
        await desk.get_by_role("button", name="Upload").click()
        await desk.get_by_role("button", name="Import 1 row").click()
        await expect(desk.locator("#progress h2").first).to_have_text("Done")
        await desk.locator("#people").get_by_role("link", name="Пётр").click()
        await expect(desk.get_by_role("heading", name="Пётр")).to_be_visible()

        await desk.goto(f"{meadow.url}/customers")
        await desk.get_by_label("Search the customers").fill("maria@lisova")
        await expect(desk.get_by_role("link", name="Мария Лисова")).to_be_visible()
    async with meadow.hub.database.unit() as session:
        maria = await directory.find(session, AddressKind.EMAIL, "maria@lisova.example")
        assert maria is not None
        said = consent.standing(await consent.ledger(session, maria.id), Purpose.MARKETING, Kind.EMAIL)
    assert said is not None
    assert (said.granted, said.source, said.wording) == (True, "Form in the shop", "Write to me about offers")
    assert said.evidence == "клиенты.csv, line 2"
