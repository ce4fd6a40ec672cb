"""Somebody asks to be forgotten, in Chromium: their data is handed over, then a worker erases them, and a word of
theirs is found nowhere; what they write afterwards is a stranger's.
"""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID
from zipfile import ZipFile

import aiosmtplib
import pytest
from playwright.async_api import Page, expect

from channels.message import Kind
from hub.customers import directory
from hub.models.vocabulary import AddressKind
from hub.staff import audit
from tests.flows.browsing import chromium, in_chromium, sit_down
from tests.flows.town import OURS, Town, town, working
from tests.hub.personal.marked import MARK, left

MAIL = f"{MARK}@example.org"
pytestmark = in_chromium


@pytest.fixture
async def meadow(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path) as meadow, working(meadow.hub):
        yield meadow


async def test_who_asks_to_be_forgotten_gets_their_data_and_is_found_nowhere(
    meadow: Town, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    await meadow.staff()
    await _writes(meadow)
    ana = await meadow.until(lambda: _known(meadow))
    assert ana is not None
    await meadow.say(ana, Kind.EMAIL, f"Dear {MARK}, it is on its way.")
    await meadow.until(lambda: _answered(meadow))
    async with chromium() as browser:
        page = await sit_down(browser, meadow.url, "admin", path=f"/customers/{ana}")
        assert MARK in await _handed_over(page, tmp_path)
        await _erased(page, meadow)
    async with meadow.hub.database.unit() as session:
        assert await left(session, MARK) == {}
        assert await audit.verify(session) is None
    stored = [file for file in (meadow.hub.settings.hub.data_dir / "blobs").rglob("*") if file.is_file()]
    assert [file for file in stored if MARK.encode() in file.read_bytes()] == []
    assert MARK not in "".join(capfd.readouterr()), "no log says what somebody wrote, or who they are"
    await _writes(meadow, "Do you know me?")
    assert await meadow.until(lambda: _known(meadow)) != ana


async def _writes(meadow: Town, words: str = f"I am {MARK}, where is my order?") -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"{MARK} Kowalska <{MAIL}>", OURS, f"Order of {MARK}"
    mail["Message-ID"] = f"<{len(words)}@example.org>"
    mail.set_content(words)
    mail.add_attachment(f"name\n{MARK}\n".encode(), maintype="text", subtype="csv", filename=f"{MARK}.csv")
    port = meadow.world.mail.smtp_port
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, local_hostname="theirs") as client:
        await client.send_message(mail, sender=MAIL, recipients=[OURS])


async def _known(meadow: Town) -> UUID | None:
    async with meadow.hub.database.unit() as session:
        found = await directory.find(session, AddressKind.EMAIL, MAIL)
    return found.id if found else None


async def _answered(meadow: Town) -> bool:
    return any(row.direction == "out" and row.state == "sent" for row in await meadow.log())


async def _handed_over(page: Page, folder: Path) -> str:
    """The page to read, out of the archive that the browser was given."""
    await page.get_by_role("link", name="Hand over their data").click()
    await page.get_by_role("button", name="Put it together").click()
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download").click()
    file = folder / "theirs.zip"
    await (await download.value).save_as(file)
    with ZipFile(io.BytesIO(file.read_bytes())) as archive:
        assert sorted(one.rpartition("/")[2] for one in archive.namelist() if one.startswith("files/"))
        return archive.read("index.html").decode()


async def _erased(page: Page, meadow: Town) -> None:
    await page.get_by_role("link", name="Back to the customer").click()
    await page.get_by_role("link", name="Erase this person").click()
    await page.get_by_label("Type the name").fill(f"{MARK} kowalska")
    await page.get_by_role("button", name="Erase for good").click()
    await expect(page.get_by_role("heading", name="What went")).to_be_visible()
    await expect(page.get_by_role("row", name=re.compile("Digest"))).to_contain_text(re.compile("[0-9a-f]{64}"))
    assert MARK not in await page.content()
    await page.goto(f"{meadow.url}/settings/erasures")
    await expect(page.get_by_role("table").get_by_role("link")).to_have_count(1)
