"""A channel's page where something is missing, and the page of roles."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import Any

import pytest
from playwright.async_api import Page

from hub import clock
from hub.customers import directory
from hub.customers.directory import NewCustomer
from hub.inbound import mailbox
from hub.models.vocabulary import AddressKind, Role
from hub.staff import accounts
from hub.staff.roles import Action, may
from hub.web import findings, translations
from hub.web.settings.roles import RIGHTS


async def test_a_server_that_cannot_be_reached_is_told_with_what_to_do(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    answered = await desk.send("/settings/channels/mail/check")
    assert answered.status_code == 200
    assert "fails" in answered.text
    assert "127.0.0.1:9" in answered.text


async def test_what_is_wrong_with_a_channel_is_told_in_the_language_of_the_desk(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    async with world.hub.database.unit() as session:
        await accounts.change(session, world.staff[Role.ADMIN], {"language": "pl"}, now=clock.now())
    for path in ("/settings/channels/mail/check", "/settings/mailboxes/mail/test"):
        said = (await desk.send(path)).text
        assert "smtp 127.0.0.1:9: połączenie, bez TLS" in said, path
        assert "Sprawdź smtp.host, smtp.port, smtp.security" in said, path


@pytest.mark.parametrize(
    ("line", "polish"),
    [
        ("imap mail.example:993: login as a@b.example", "imap mail.example:993: logowanie jako a@b.example"),
        ("[channels.mail] imap.username: login refused: no such user",
         "[channels.mail] imap.username: odmowa logowania: no such user"),
        ("Twilio 20003: Authenticate. Look at the account, the token and the number in Twilio's console",
         "Twilio 20003: Authenticate. Sprawdź konto, token i numer w konsoli Twilio"),
        ("Check the account first", "Najpierw sprawdź konto"),
        ("mailbox: [channels.mail] imap.username: login refused: no such user. Ask Bob. Check username and password",
         "skrzynka: [channels.mail] imap.username: odmowa logowania: no such user. Ask Bob. "
         "Sprawdź username i password"),
        ("mailbox: it cannot be read: imap.b.example: no answer in 10 s. It is tried again by itself",
         "skrzynka: nie można jej odczytać: imap.b.example: brak odpowiedzi przez 10 s. Kolejna próba nastąpi sama"),
        ("what nobody foresaw", "what nobody foresaw"),
    ],
)  # fmt: skip
def test_a_servers_own_words_stay_as_they_came(line: str, polish: str) -> None:
    def said() -> str:
        translations.speak("pl")
        return findings.told(line)

    assert copy_context().run(said) == polish


async def test_a_channels_standing_trouble_is_told_in_the_language_of_the_desk(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    async with world.hub.database.unit() as session:
        await accounts.change(session, world.staff[Role.ADMIN], {"language": "pl"}, now=clock.now())
        await mailbox.trouble(
            session, "mail", "[channels.mail] imap.folders: Sent cannot be opened: NO. Check its spelling"
        )
    for path in ("/settings", "/settings/channels/mail", "/settings/mailboxes", "/inbox/all"):
        said = (await desk.see(path)).get_text()
        assert "skrzynka: [channels.mail] imap.folders: Nie można otworzyć Sent: NO. Sprawdź pisownię" in said, path


async def test_whoever_has_no_telephone_is_told_where_to_add_one_and_nothing_leaves(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    await desk.send(f"/settings/people/{world.staff[Role.ADMIN]}", phone="")
    page = await desk.see("/settings/channels/sms")
    assert page.select_one("#tests a[href='/settings#people']") is not None
    refused = await desk.send("/settings/channels/sms/test")
    assert refused.status_code == 422
    assert "Your account has no telephone number" in refused.text


async def test_a_channel_that_is_none_is_not_found(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    for path in ("/settings/channels/nothing", "/settings/channels/%00"):
        assert (await desk.client.get(path)).status_code == 404
    assert (await desk.send("/settings/channels/nothing/test")).status_code == 404


def test_every_right_stands_on_the_page_of_roles_once() -> None:
    listed = [action for actions in RIGHTS.values() for action in actions]
    assert sorted(listed) == sorted(Action)


@pytest.mark.parametrize("role", list(Role))
async def test_the_page_of_roles_says_what_the_server_allows(role: Role, world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    page = await desk.see("/settings/roles")
    column = [role.value for role in Role].index(role)
    rows = [row for row in page.select("table.rights tbody tr") if row.select("td")]
    ticked = [bool(row.select("td")[column].select("[aria-label=yes]")) for row in rows]
    assert ticked == [may(role, action) for actions in RIGHTS.values() for action in actions]


async def test_tests_by_mail_and_by_telephone_stand_with_one_card(world: Any, signed_in: Any) -> None:
    desk, admin = await signed_in(Role.ADMIN), world.staff[Role.ADMIN]
    await desk.send(f"/settings/people/{admin}", phone="+48601777666")
    for channel in ("mail", "sms", "voice"):
        assert (await desk.send(f"/settings/channels/{channel}/test")).status_code == 303, channel
    async with world.hub.database.unit() as session:
        cards = [one for one in await directory.listing(session, query="Ada Min", limit=5) if one.provisional]
    assert [(one.emails, one.phones) for one in cards] == [(("admin@meadow.example",), ("+48601777666",))]


async def test_a_test_leaves_the_card_of_a_customer_as_it_is(world: Any, signed_in: Any) -> None:
    desk, admin = await signed_in(Role.ADMIN), world.staff[Role.ADMIN]
    async with world.hub.database.unit() as session:
        new = NewCustomer("Ada the customer", emails=("admin@meadow.example",))
        known = await directory.create(session, new, now=clock.now())
    await desk.send(f"/settings/people/{admin}", phone="+48601777666")
    await desk.send("/settings/channels/sms/test")
    async with world.hub.database.unit() as session:
        owner = await directory.find(session, AddressKind.PHONE, "+48601777666")
    assert owner is not None
    assert owner.id != known.id


@pytest.mark.browser
async def test_what_each_role_may_do_is_on_the_screen_of_a_telephone(
    world: Any, opening: Callable[..., Awaitable[Page]]
) -> None:
    async with world.hub.database.unit() as session:
        await accounts.change(session, world.staff[Role.ADMIN], {"language": "pl"}, now=clock.now())
    page = await opening("/settings/roles", Role.ADMIN, width=390)
    last = page.get_by_role("columnheader", name="Administrator")
    for seen in (last, page.locator(".rules [aria-current]")):
        box = await seen.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
