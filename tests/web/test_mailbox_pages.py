"""Connecting a mailbox from the settings page, against a real provider and real mail servers on loopback."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect
from sqlmodel import select

from channels.sandbox.authority import App, Authority
from channels.sandbox.mail import Account, MailWorld
from hub.bootstrap import Hub, open_hub
from hub.jobs import listen
from hub.models import Audit, MailboxGrant, MailboxQuestion, RawMessage, SenderRow
from hub.models.vocabulary import Role
from hub.settings import Settings
from tests.web.conftest import serving

BACK = "http://127.0.0.1:8000/settings/mailboxes/callback"
OWN = "support@meadow.example"
PAGE = "/settings/mailboxes"


@dataclass
class Outside:
    """The provider, and the mail servers that believe its tokens."""

    authority: Authority
    mail: MailWorld
    base: str

    async def decide(self, url: str, decision: str = "allow", account: str = OWN) -> str:
        """What the owner's browser is sent back to."""
        words = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
        async with httpx.AsyncClient() as browser:
            assert (await browser.get(url)).status_code == 200
            form = words | {"decision": decision, "account": account}
            answer = await browser.post(f"{self.base}/oauth/authorize", data=form)
        return answer.headers["location"]


@pytest.fixture
def door(request: pytest.FixtureRequest) -> Iterator[socket.socket | None]:
    """Where the hub listens, for tests with a real browser."""
    if "opening" not in request.fixturenames:
        yield None
        return
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def public_url(door: socket.socket | None) -> str:
    return f"http://127.0.0.1:{door.getsockname()[1] if door else 8000}"


@pytest.fixture
async def served(hub: Hub, door: socket.socket) -> AsyncIterator[str]:
    async with serving(hub, door) as base:
        yield base


@pytest.fixture
async def outside(public_url: str) -> AsyncIterator[Outside]:
    back = f"{public_url}/settings/mailboxes/callback"
    authority = Authority([OWN, "other@meadow.example"], [App("hub", "app-secret", (back,))])
    mail = MailWorld({OWN: Account(OWN, "")}, delay_seconds=0, authority=authority)
    await mail.start()
    app = web.Application()
    app.add_routes(authority.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Outside(authority, mail, f"http://127.0.0.1:{runner.addresses[0][1]}")
    await runner.cleanup()
    await mail.stop()


@pytest.fixture
async def hub(tmp_path: Path, database_url: str, outside: Outside, public_url: str) -> AsyncIterator[Hub]:
    at = {"host": "127.0.0.1", "security": "none", "timeout_seconds": 5}
    oauth = {"provider": "custom", "client_id": "hub", "client_secret": "app-secret", "scopes": ["mail"]}
    urls = {f"{name}_url": f"{outside.base}/oauth/{name}" for name in ("authorize", "token", "device", "revoke")}
    settings = Settings.model_validate(
        {
            "hub": {"name": "Meadow & Sons", "data_dir": tmp_path, "public_url": public_url},
            "channels": {
                "mail": {
                    "kind": "email",
                    "provider": "smtp",
                    "address": OWN,
                    "smtp": at | {"port": outside.mail.smtp_port},
                    "imap": at | {"port": outside.mail.imap_port},
                    "oauth": oauth | urls,
                },
                "old": {
                    "kind": "email",
                    "provider": "smtp",
                    "address": "old@meadow.example",
                    "smtp": at | {"port": 9, "username": "old", "password": "kept-in-config"},
                },
            },
        }
    )
    async with open_hub(settings, database_url) as opened:
        yield opened


async def leaving(desk: Any) -> str:
    """Press "Connect this mailbox"; the provider's address."""
    answer = await desk.send(f"{PAGE}/mail/connect")
    assert answer.status_code == 200
    assert answer.headers["refresh"].startswith("0;url=http://127.0.0.1:")
    return str(answer.headers["refresh"].removeprefix("0;url="))


async def connect(desk: Any, outside: Outside) -> httpx.Response:
    back = await outside.decide(await leaving(desk))
    return await desk.client.get(back)  # type: ignore[no-any-return]


async def grant(hub: Hub) -> MailboxGrant | None:
    async with hub.database.unit() as session:
        return (await session.exec(select(MailboxGrant))).first()


async def test_an_owner_s_yes_connects_the_mailbox_and_mail_goes_out(
    empty: Any, hub: Hub, outside: Outside, signed_in: Callable[..., Any]
) -> None:
    desk = await signed_in(Role.ADMIN)
    before = await desk.see(PAGE)
    assert BACK in before.text
    assert "not connected" in before.select_one("#mail").text
    answer = await connect(desk, outside)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}#mail")
    shown = (await desk.see(PAGE)).select_one("#mail").text
    assert f"as {OWN} through 127.0.0.1" in " ".join(shown.split())
    assert "Ada Min" in shown
    tested = await desk.send(f"{PAGE}/mail/test")
    assert tested.text.count("works") == 5
    assert "fails" not in tested.text
    assert "not yet" not in tested.text  # the token was renewed by the test


async def test_the_permission_is_sealed_and_in_no_page_and_no_audit_row(
    empty: Any, hub: Hub, outside: Outside, signed_in: Callable[..., Any]
) -> None:
    desk = await signed_in(Role.ADMIN)
    await connect(desk, outside)
    (token,) = [one for one, (_, newest) in outside.authority._refresh.items() if newest]
    kept = await grant(hub)
    assert kept is not None
    assert token.encode() not in kept.sealed
    assert hub.sealer.open("mailbox_grant:mail", kept.sealed) == token
    assert hub.sealer.open("mailbox_grant:other", kept.sealed) is None
    async with hub.database.unit() as session:
        rows = (await session.exec(select(Audit))).all()
    mine = [(row.action, row.subject, row.detail) for row in rows if row.action.startswith("mailbox.")]
    assert mine == [("mailbox.connect", "channel:mail", "")]
    assert token not in f"{rows!r} {(await desk.see(PAGE))!s} {kept!r}"


async def test_a_no_of_the_owner_changes_nothing_and_says_so(
    empty: Any, hub: Hub, outside: Outside, signed_in: Callable[..., Any]
) -> None:
    desk = await signed_in(Role.ADMIN)
    answer = await desk.client.get(await outside.decide(await leaving(desk), "deny"))
    assert answer.status_code == 422
    assert "the permission was refused" in answer.text
    assert await grant(hub) is None


async def test_a_return_is_good_once(empty: Any, hub: Hub, outside: Outside, signed_in: Callable[..., Any]) -> None:
    desk = await signed_in(Role.ADMIN)
    back = await outside.decide(await leaving(desk))
    assert (await desk.client.get(back)).status_code == 303
    again = await desk.client.get(back)
    assert again.status_code == 422
    assert "belongs to no question" in again.text
    assert len(outside.authority.asked) == 1


async def test_somebody_else_s_return_and_a_forged_state_are_worth_nothing(
    empty: Any, hub: Hub, outside: Outside, signed_in: Callable[..., Any]
) -> None:
    mine, other = await signed_in(Role.ADMIN), await signed_in(Role.ADMIN)
    back = await outside.decide(await leaving(mine))
    assert (await other.client.get(back)).status_code == 422
    forged = re.sub(r"state=\w{6}", "state=aaaaaa", back)
    assert (await mine.client.get(forged)).status_code == 422
    assert (await mine.client.get(f"{PAGE}/callback?code=x")).status_code == 422
    assert outside.authority.asked == []
    assert (await mine.client.get(back)).status_code == 303


async def test_an_old_question_is_answered_no_more(
    empty: Any, hub: Hub, outside: Outside, signed_in: Callable[..., Any]
) -> None:
    desk = await signed_in(Role.ADMIN)
    back = await outside.decide(await leaving(desk))
    async with hub.database.unit() as session:
        row = (await session.exec(select(MailboxQuestion))).one()
        row.expires_at = row.expires_at.replace(year=2020)
        session.add(row)
    assert (await desk.client.get(back)).status_code == 422
    assert await grant(hub) is None


async def test_what_a_return_says_is_shown_as_text(
    empty: Any, hub: Hub, outside: Outside, signed_in: Callable[..., Any]
) -> None:
    desk = await signed_in(Role.ADMIN)
    state = parse_qs(urlsplit(await leaving(desk)).query)["state"][0]
    words = {"state": state, "error": "server_error", "error_description": "<script>alert(1)</script>"}
    answer = await desk.client.get(f"{PAGE}/callback", params=words)
    assert answer.status_code == 422
    assert "&lt;script&gt;" in answer.text
    assert "<script>alert" not in answer.text


async def test_connecting_as_somebody_else_is_found_by_the_test(
    empty: Any, hub: Hub, outside: Outside, signed_in: Callable[..., Any]
) -> None:
    desk = await signed_in(Role.ADMIN)
    await desk.client.get(await outside.decide(await leaving(desk), account="other@meadow.example"))
    tested = await desk.send(f"{PAGE}/mail/test")
    assert tested.text.count("does not let us in as support@meadow.example") == 2


async def test_disconnecting_gives_the_permission_back_and_forgets_it(
    empty: Any, hub: Hub, outside: Outside, signed_in: Callable[..., Any]
) -> None:
    desk = await signed_in(Role.ADMIN)
    await connect(desk, outside)
    assert (await desk.send(f"{PAGE}/mail/disconnect")).status_code == 303
    assert await grant(hub) is None
    assert [one.standing for one, _ in outside.authority._refresh.values()] == [False]
    assert "not connected" in (await desk.see(PAGE)).select_one("#mail").text


async def test_connecting_again_ends_the_trouble_it_was_in(
    empty: Any, hub: Hub, outside: Outside, signed_in: Callable[..., Any]
) -> None:
    desk = await signed_in(Role.ADMIN)
    await connect(desk, outside)
    outside.authority.withdraw(OWN)
    tested = await desk.send(f"{PAGE}/mail/test")
    assert "127.0.0.1 no longer accepts the permission" in tested.text
    shown = (await desk.see(PAGE)).select_one("#mail").text
    assert "needs you" in shown
    assert "Connect it: http://127.0.0.1:8000/settings/mailboxes" in shown
    async with hub.database.unit() as session:
        row = (await session.exec(select(SenderRow).where(SenderRow.channel == "mail"))).one()
        row.trouble = "mailbox: cannot be read"
        session.add(row)
    await connect(desk, outside)
    assert "needs you" not in (await desk.see(PAGE)).select_one("#mail").text
    assert (await desk.send(f"{PAGE}/mail/test")).text.count("fails") == 0


async def test_connecting_starts_the_reading_and_disconnecting_ends_it_without_a_restart(
    empty: Any, hub: Hub, outside: Outside, signed_in: Callable[..., Any]
) -> None:
    desk, stop = await signed_in(Role.ADMIN), asyncio.Event()
    await outside.mail.write("ana@people.example", OWN, "First", "Hello")
    listening = asyncio.create_task(listen.run(hub, stop))
    await until(hub, select(SenderRow).where(SenderRow.trouble.contains("not connected")))  # type: ignore[attr-defined]
    await connect(desk, outside)
    await until(hub, select(RawMessage))
    await desk.send(f"{PAGE}/mail/disconnect")
    await until(hub, select(SenderRow).where(SenderRow.trouble.contains("not connected")))  # type: ignore[attr-defined]
    stop.set()
    await listening


async def until(hub: Hub, query: Any) -> None:
    """Until the query finds something: far sooner than a mailbox in trouble is tried again by itself."""
    async with asyncio.timeout(listen.UNMENDED / 2):
        while True:
            async with hub.database.unit() as session:
                if (await session.exec(query)).first() is not None:
                    return
            await asyncio.sleep(0.05)


async def test_a_mailbox_with_a_password_is_listed_and_tested_and_has_nothing_to_connect(
    empty: Any, hub: Hub, outside: Outside, signed_in: Callable[..., Any]
) -> None:
    desk = await signed_in(Role.ADMIN)
    box = (await desk.see(PAGE)).select_one("#old")
    assert [form["action"] for form in box.select("form")] == [f"{PAGE}/old/test"]
    tested = await desk.send(f"{PAGE}/old/test")
    assert "smtp 127.0.0.1:9" in tested.text
    assert "fails" in tested.text
    assert "kept-in-config" not in tested.text
    assert (await desk.send(f"{PAGE}/old/connect")).status_code == 404
    assert (await desk.send(f"{PAGE}/nothing/test")).status_code == 404


@pytest.mark.parametrize("role", [Role.AGENT, Role.MARKETER, Role.SUPERVISOR])
async def test_only_administrators_see_or_change_mailboxes(
    role: Role, empty: Any, hub: Hub, signed_in: Callable[..., Any]
) -> None:
    desk = await signed_in(role)
    assert (await desk.client.get(PAGE)).status_code == 403
    assert (await desk.client.get(f"{PAGE}/callback?state=x&code=y")).status_code == 403
    for what in ("connect", "disconnect", "test"):
        assert (await desk.send(f"{PAGE}/mail/{what}")).status_code == 403
    admin = await signed_in(Role.ADMIN)
    assert (await admin.client.post(f"{PAGE}/mail/connect", data={"csrf": "guessed"})).status_code == 403


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_in_a_browser_the_button_leads_to_the_provider_and_back(
    width: int, dark: bool, empty: Any, opening: Callable[..., Any], complaints: list[str]
) -> None:
    page = await opening(PAGE, Role.ADMIN, width=width, dark=dark)
    await look(page)
    await page.get_by_role("button", name="Connect mail").click()
    await page.get_by_role("button", name="Allow").click()
    await expect(page.locator("#mail .state")).to_contain_text("connected")
    await expect(page.locator("#notice")).to_contain_text("mail is connected")
    await page.get_by_role("button", name="Test mail").click()
    await expect(page.locator("#mail [role=status] .state.good")).to_have_count(5)
    await look(page)
    assert complaints == []


async def look(page: Any) -> None:
    """Accessible, and no wider than the window."""
    results = await Axe().run(page)
    assert [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in results.response["violations"]] == []
    assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth")
