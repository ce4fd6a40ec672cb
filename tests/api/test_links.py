"""/l and /o: links lead where their message says and nowhere else, are counted, and change nothing besides."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import col, select

from hub import clock
from hub.bootstrap import Hub
from hub.campaigns import clicks
from hub.campaigns.machines import Verdict
from hub.clock import uuid7
from hub.conversations import appointment_links, surveys
from hub.database.engine import Database
from hub.gatherings import links as invitations
from hub.interactions import partitions
from hub.models import Customer, Reaction, ShortLink
from hub.models.vocabulary import Ground, Kind, Origin, Purpose, Touch
from hub.outbound import unsubscribe_links
from hub.outbound.links import Trail
from tests.api.conftest import Calling
from tests.log_rows import said

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
TARGET = "https://shop.example/spring?a=1&b=2#tulips"


@pytest.fixture
async def message(hub: Hub, ana: Customer) -> UUID:
    """A mail of campaign 7 that left an hour ago."""
    return await _message(hub, ana, clock.now() - timedelta(hours=1))


@pytest.fixture
async def trail(hub: Hub, message: UUID) -> Trail:
    return Trail(hub.gate, message)


async def test_a_link_leads_where_the_message_said_and_is_counted(
    client: httpx.AsyncClient, hub: Hub, trail: Trail
) -> None:
    answer = await client.get(_path(hub, trail.mail(TARGET)), headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (302, TARGET)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "no-store" in answer.headers["cache-control"]
    assert not answer.cookies
    (row,) = await _reactions(hub)
    assert (row.touch, row.url, row.machine, row.ground, row.campaign_id) == (Touch.CLICK, TARGET, False, None, 7)


async def test_every_forged_bit_is_a_link_that_does_not_work(client: httpx.AsyncClient, hub: Hub, trail: Trail) -> None:
    path = _path(hub, trail.mail(TARGET))
    for place in range(len("/l/"), len(path)):
        if path[place] == "/":
            continue
        forged = path[:place] + ("a" if path[place] != "a" else "b") + path[place + 1 :]
        answer = await client.get(forged, headers=BROWSER)
        assert answer.status_code == 404, forged
        assert "location" not in answer.headers
    assert await _reactions(hub) == []


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil.example"])
async def test_even_our_own_signature_sends_nobody_to_what_is_no_web_address(
    client: httpx.AsyncClient, hub: Hub, trail: Trail, url: str
) -> None:
    answer = await client.get(_path(hub, trail.mail(url)), headers=BROWSER)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/l/x",
        f"/l/{'A' * 42}",
        f"/l/{'a' * 35}",
        f"/l/{'a' * 12}",
        f"/l/{'a' * 35}/aaaa",
        f"/l/{'a' * 35}/{'a' * 30_000}",
        "/l/%00/%ff",
    ],
)
async def test_hostile_addresses_get_an_honest_no(client: httpx.AsyncClient, hub: Hub, path: str) -> None:
    assert (await client.get(path, headers=BROWSER)).status_code == 404
    assert (await client.head(path, headers=BROWSER)).status_code == 404


async def test_an_address_beyond_ascii_is_spelled_for_the_browser(
    client: httpx.AsyncClient, hub: Hub, trail: Trail
) -> None:
    answer = await client.get(_path(hub, trail.mail("https://sklep.example/żółw?q=%C5%BC")), headers=BROWSER)
    assert answer.headers["location"] == "https://sklep.example/%C5%BC%C3%B3%C5%82w?q=%C5%BC"


async def test_asking_for_the_head_leads_on_and_is_a_machine(client: httpx.AsyncClient, hub: Hub, trail: Trail) -> None:
    answer = await client.head(_path(hub, trail.mail(TARGET)), headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (302, TARGET)
    (row,) = await _reactions(hub)
    assert (row.machine, row.ground) == (True, Ground.NOT_GET)


async def test_the_dot_is_a_picture_and_an_open(client: httpx.AsyncClient, hub: Hub, trail: Trail) -> None:
    answer = await client.get(_path(hub, trail.picture()), headers=BROWSER)
    assert (answer.headers["content-type"], answer.content[:6]) == ("image/gif", b"GIF89a")
    (row,) = await _reactions(hub)
    assert (row.touch, row.machine) == (Touch.OPEN, False)
    assert (await client.get("/o/" + "a" * 35 + ".gif")).status_code == 404
    assert (await client.get(_path(hub, trail.picture()).removesuffix(".gif"))).status_code == 404


async def test_the_link_that_nobody_sees_leads_nowhere_and_tells_on_who_follows_it(
    client: httpx.AsyncClient, hub: Hub, trail: Trail
) -> None:
    answer = await client.get(_path(hub, trail.trap()), headers=BROWSER)
    assert (answer.status_code, "location" in answer.headers) == (200, False)
    (row,) = await _reactions(hub)
    assert (row.touch, row.machine, row.ground) == (Touch.TRAP, True, Ground.TRAP)


async def test_a_short_address_leads_where_its_sms_said_and_another_s_code_nowhere(
    client: httpx.AsyncClient, hub: Hub, message: UUID, trail: Trail
) -> None:
    code = trail.code(TARGET)
    async with hub.database.unit() as session:
        session.add(ShortLink(code=code, interaction_id=message, url=TARGET))
    for spelled in (code, code.upper()):
        assert (await client.get(f"/l/{spelled}", headers=BROWSER)).headers["location"] == TARGET
    other = Trail(hub.gate, uuid7(clock.now())).code(TARGET)
    assert (await client.get(f"/l/{other}", headers=BROWSER)).status_code == 404


async def test_whoever_guesses_short_addresses_is_made_to_wait_even_for_a_right_one(
    client: httpx.AsyncClient, hub: Hub, message: UUID, trail: Trail
) -> None:
    code = trail.code(TARGET)
    async with hub.database.unit() as session:
        session.add(ShortLink(code=code, interaction_id=message, url=TARGET))
    wrong = Trail(hub.gate, uuid7(clock.now())).code(TARGET)
    answers = [await client.get(f"/l/{wrong}", headers=BROWSER) for _ in range(61)]
    assert [one.status_code for one in answers] == [404] * 60 + [429]
    guessed = await client.get(f"/l/{code}", headers=BROWSER)
    assert (guessed.status_code, guessed.headers["retry-after"], "location" in guessed.headers) == (429, "60", False)
    assert "try again in a few minutes" in guessed.text


async def test_one_message_is_counted_a_hundred_times_and_leads_on_for_ever(
    client: httpx.AsyncClient, hub: Hub, trail: Trail
) -> None:
    for _ in range(102):
        answer = await client.get(_path(hub, trail.mail(TARGET)), headers=BROWSER)
        assert answer.status_code == 302
    assert len(await _reactions(hub)) == 100


async def test_a_host_that_is_not_ascii_is_spelt_as_a_header_can_hold_it(
    client: httpx.AsyncClient, hub: Hub, message: UUID
) -> None:
    url = "https://bücher.example:8443/straße?q=ü#ende"
    answer = await client.get(_path(hub, Trail(hub.gate, message).mail(url)), headers=BROWSER)
    assert answer.headers["location"] == "https://xn--bcher-kva.example:8443/stra%C3%9Fe?q=%C3%BC#ende"


async def test_a_person_reads_of_an_outage_in_words(hub: Hub, ana: Customer, trail: Trail, calling: Calling) -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:9/none")
    leaving = unsubscribe_links.address(hub.gate, ana.id, Purpose.MARKETING, Kind.EMAIL)
    satisfied = f"/survey/{hub.signer.sign(surveys.SIGNED, '1')}"
    answers = (appointment_links.address(hub.gate, 1), invitations.address(hub.gate, 1), satisfied, "/join/news")
    for link in (leaving, f"/l/{trail.code(TARGET)}", *answers):
        path = link.removeprefix(hub.settings.hub.public_url)
        async with calling(dataclasses.replace(hub, database=nowhere)) as client:
            answer = await client.get(path, headers=BROWSER | {"Accept-Language": "pl"})
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True), path
        assert "Spróbuj ponownie" in answer.text


async def test_a_click_sooner_than_a_person_reads_is_a_machine_s(hub: Hub, ana: Customer) -> None:
    now = clock.now()
    fresh = await _message(hub, ana, now - timedelta(seconds=3))
    async with hub.database.unit() as session:
        await clicks.record(session, fresh, Touch.CLICK, Verdict(), now=now, url=TARGET)
        await clicks.record(session, fresh, Touch.CLICK, Verdict(), now=now + timedelta(minutes=1), url=TARGET)
    first, second = await _reactions(hub)
    assert (first.machine, first.ground, second.machine, second.ground) == (True, Ground.TOO_SOON, False, None)


async def test_two_links_within_a_second_are_a_machine_s_and_one_link_twice_is_a_double_click(
    hub: Hub, message: UUID
) -> None:
    now, blink = clock.now(), timedelta(milliseconds=300)
    async with hub.database.unit() as session:
        for place, url in enumerate([TARGET, TARGET, "https://other.example"]):
            await clicks.record(session, message, Touch.CLICK, Verdict(), now=now + place * blink, url=url)
    assert [(row.machine, row.others) for row in await _reactions(hub)] == [(False, 0), (False, 0), (True, 1)]


async def test_asking_ten_thousand_times_fills_no_table(hub: Hub, message: UUID) -> None:
    async with hub.database.unit() as session:
        for n in range(clicks.MOST + 20):
            at = clock.now() + timedelta(seconds=n)
            await clicks.record(session, message, Touch.OPEN, Verdict(), now=at)
    assert len(await _reactions(hub)) == clicks.MOST


async def test_with_its_customer_goes_what_they_did_and_the_link_still_leads_on(
    client: httpx.AsyncClient, hub: Hub, ana: Customer, message: UUID, trail: Trail
) -> None:
    async with hub.database.unit() as session:
        session.add(ShortLink(code=trail.code(TARGET), interaction_id=message, url=TARGET))
    await client.get(_path(hub, trail.mail(TARGET)), headers=BROWSER)
    async with hub.database.unit() as session:
        await session.execute(text("delete from customer where id = :id"), {"id": ana.id})
    assert (await client.get(_path(hub, trail.mail(TARGET)), headers=BROWSER)).status_code == 302
    assert await _reactions(hub) == []
    async with hub.database.unit() as session:
        assert (await session.exec(select(ShortLink))).all() == []


async def test_a_link_of_a_mail_leads_on_while_the_database_is_away(
    client: httpx.AsyncClient, hub: Hub, trail: Trail, away: None
) -> None:
    answer = await client.get(_path(hub, trail.mail(TARGET)), headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (302, TARGET)


@pytest.fixture
async def away(hub: Hub, trail: Trail, server_url: str, database_url: str) -> AsyncIterator[None]:
    """The hub's database takes no connections for a while."""
    import asyncpg
    from sqlalchemy.engine import make_url

    name = make_url(database_url).database
    connection = await asyncpg.connect(server_url)
    await connection.execute(f'alter database "{name}" allow_connections false')
    await connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
    yield
    await connection.execute(f'alter database "{name}" allow_connections true')
    await connection.close()


async def _message(hub: Hub, customer: Customer, sent_at: datetime) -> UUID:
    row = said(customer.id, sent_at, origin=Origin.CAMPAIGN, purpose=Purpose.MARKETING, campaign_id=7)
    async with hub.database.unit() as session:
        await partitions.ensure_months(session, sent_at)
        session.add(row)
    return row.id


async def _reactions(hub: Hub) -> list[Reaction]:
    async with hub.database.unit() as session:
        return list(await session.exec(select(Reaction).order_by(col(Reaction.id))))


def _path(hub: Hub, address: str) -> str:
    return address.removeprefix(hub.settings.hub.public_url)
