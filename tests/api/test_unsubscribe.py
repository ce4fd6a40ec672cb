"""/u/{token}: one click leaves, looking does not (requirements U1, U2; RFC 8058)."""

from __future__ import annotations

import re
import string
from uuid import uuid4

import httpx
from sqlmodel import select

from hub import clock
from hub.bootstrap import Hub
from hub.customers import consent
from hub.customers.consent import Statement
from hub.models import Consent, Customer
from hub.models.vocabulary import Kind, Purpose
from hub.outbound import unsubscribe_links

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def _path(hub: Hub, customer: Customer) -> str:
    """The link as it stands in a mail, below the public address."""
    link = unsubscribe_links.address(hub.gate, customer.id, Purpose.MARKETING, Kind.EMAIL)
    return link.removeprefix(hub.settings.hub.public_url)


async def _ledger(hub: Hub) -> list[tuple[bool, Purpose | None, Kind | None, str, str]]:
    async with hub.database.unit() as session:
        rows = (await session.exec(select(Consent).order_by(Consent.id))).all()  # type: ignore[arg-type]
    return [(r.granted, r.purpose, r.channel, r.source, r.evidence) for r in rows]


async def test_a_mail_program_s_one_click_is_enough(client: httpx.AsyncClient, hub: Hub, ana: Customer) -> None:
    response = await client.post(_path(hub, ana), data=ONE_CLICK)
    assert response.status_code == 200
    assert not response.cookies
    assert await _ledger(hub) == [(False, Purpose.MARKETING, Kind.EMAIL, "one-click", "203.0.113.9")]


async def test_one_click_may_come_as_multipart_too(client: httpx.AsyncClient, hub: Hub, ana: Customer) -> None:
    """RFC 8058 3.2."""
    response = await client.post(_path(hub, ana), files={"List-Unsubscribe": (None, "One-Click")})
    assert response.status_code == 200
    assert [row[3] for row in await _ledger(hub)] == ["one-click"]


async def test_looking_shows_a_button_in_the_customer_s_language_and_changes_nothing(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    looked = await client.get(_path(hub, ana))
    scanned = await client.head(_path(hub, ana))
    assert (looked.status_code, scanned.status_code) == (200, 200)
    assert '<html lang="pl">' in looked.text
    assert "Nie chcę tych wiadomości" in looked.text
    assert "Meadow &amp; &lt;Sons&gt;" in looked.text
    assert await _ledger(hub) == []


async def test_the_page_s_own_button_does_it(client: httpx.AsyncClient, hub: Hub, ana: Customer) -> None:
    shown = (await client.get(_path(hub, ana))).text
    (button,) = re.findall(r'<button name="([^"]+)" value="([^"]+)">', shown)
    response = await client.post(_path(hub, ana), data=dict([button]))
    assert "Gotowe" in response.text
    assert [row[3] for row in await _ledger(hub)] == ["unsubscribe page"]


async def test_twice_is_the_same_as_once_and_a_new_yes_can_be_taken_back_again(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    for _ in range(3):
        assert (await client.post(_path(hub, ana), data=ONE_CLICK)).status_code == 200
    assert len(await _ledger(hub)) == 1
    yes = Statement(ana.id, Purpose.MARKETING, Kind.EMAIL, granted=True, source="shop")
    async with hub.database.unit() as session:
        await consent.record(session, yes, now=clock.now())
    await client.post(_path(hub, ana), data=ONE_CLICK)
    assert [row[0] for row in await _ledger(hub)] == [False, True, False]


async def test_who_comes_back_is_told_that_it_is_done_and_asked_again_only_after_a_new_yes(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    path, shown = _path(hub, ana), list[str]()
    await client.post(path, data=ONE_CLICK)
    shown.append((await client.get(path)).text)
    yes = Statement(ana.id, Purpose.MARKETING, Kind.EMAIL, granted=True, source="shop")
    async with hub.database.unit() as session:
        await consent.record(session, yes, now=clock.now())
    shown.append((await client.get(path)).text)
    assert [("Gotowe" in text, "<button" in text) for text in shown] == [(True, False), (False, True)]
    assert len(await _ledger(hub)) == 2


async def test_the_page_needs_no_script_no_cookie_and_nothing_from_elsewhere(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    response = await client.get(_path(hub, ana))
    assert response.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert "<script" not in response.text
    assert re.findall(r'(?:<link [^>]*href|src)="([^"]*)"', response.text) == [
        "/api/plain.css",
        "/brand/0054a6.svg",
    ]
    assert (await client.get("/api/plain.css")).headers["content-type"].startswith("text/css")


async def test_a_token_changed_by_one_bit_opens_nothing(client: httpx.AsyncClient, hub: Hub, ana: Customer) -> None:
    path = _path(hub, ana)
    token = path.removeprefix("/u/")
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    for place in range(0, len(token), 6):
        other = alphabet[alphabet.index(token[place]) ^ 1]
        forged = f"/u/{token[:place]}{other}{token[place + 1 :]}"
        assert (await client.post(forged, data=ONE_CLICK)).status_code == 404
        assert (await client.get(forged)).status_code == 404
    assert await _ledger(hub) == []


async def test_a_made_up_token_shows_a_plain_page(client: httpx.AsyncClient) -> None:
    for token in ("x", "a" * 5000, "%00", "%2e%2e", "%ff", "<script>"):
        response = await client.post(f"/u/{token}", data=ONE_CLICK)
        assert (token, response.status_code) == (token, 404)
        assert "<script>" not in response.text


async def test_tokens_for_other_things_do_not_unsubscribe(client: httpx.AsyncClient, hub: Hub, ana: Customer) -> None:
    others = [
        hub.signer.link_token("something else", ana.id, "me") + "me",
        hub.signer.link_token(unsubscribe_links.UNSUBSCRIBE, ana.id, "me") + "ms",
        hub.signer.link_token(unsubscribe_links.UNSUBSCRIBE, ana.id, "xx") + "xx",
        hub.signer.message_token(ana.id),
    ]
    assert [(await client.post(f"/u/{t}", data=ONE_CLICK)).status_code for t in others] == [404] * 4
    assert await _ledger(hub) == []


async def test_the_ledger_keeps_what_was_shown_and_in_which_version(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    yes = Statement(ana.id, Purpose.MARKETING, Kind.EMAIL, granted=True, source="shop")
    for body in ({"unsubscribe": "yes"}, ONE_CLICK):
        async with hub.database.unit() as session:
            await consent.record(session, yes, now=clock.now())
        await client.post(_path(hub, ana), data=body)
    async with hub.database.unit() as session:
        rows = [(r.wording, r.wording_version) for r in await consent.ledger(session, ana.id) if not r.granted]
    assert rows == [
        ("List-Unsubscribe=One-Click (RFC 8058)", "one-click/1"),
        (
            "Naciśnij przycisk, jeśli nie chcesz już otrzymywać od nas nowości i ofert e-mailem. "
            "[Nie chcę tych wiadomości]",
            "unsubscribe/1/pl",
        ),
    ]


_NOTHING = [
    (b"", "application/x-www-form-urlencoded"),
    (b"List-Unsubscribe=No", "application/x-www-form-urlencoded"),
    (b"List-Unsubscribe=One-Click&" * 1000, "application/x-www-form-urlencoded"),
    (b"a=b&" * 100_000, "application/x-www-form-urlencoded"),
    (b'{"List-Unsubscribe": "One-Click"}', "application/json"),
    (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
]


async def test_a_post_that_asks_for_nothing_changes_nothing(client: httpx.AsyncClient, hub: Hub, ana: Customer) -> None:
    for body, kind in _NOTHING:
        response = await client.post(_path(hub, ana), content=body, headers={"Content-Type": kind})
        assert (body[:40], response.status_code) == (body[:40], 400)
    assert await _ledger(hub) == []


async def test_who_is_gone_is_told_that_it_is_done(client: httpx.AsyncClient, hub: Hub, ana: Customer) -> None:
    gone = Customer(id=uuid4(), name="gone", created_at=clock.now(), updated_at=clock.now())
    assert (await client.post(_path(hub, gone), data=ONE_CLICK)).status_code == 200
    assert await _ledger(hub) == []
