"""/files/{id}: for those who may, to be saved, never to be run (ASVS 3.2.1, 5.4, 8.2.2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from sqlmodel import select

from channels.message import Attachment
from hub import clock
from hub.bootstrap import Hub
from hub.interactions import record
from hub.models import Audit, Customer, Interaction
from hub.models.vocabulary import Role
from hub.outbound.composing import file_link
from tests.log_rows import heard

Headers = dict[str, str]
Cookie = Callable[[Role], Awaitable[Headers]]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


async def _attach(hub: Hub, ana: Customer, name: str, media_type: str, content: bytes) -> UUID:
    now = clock.now()
    word = heard(ana.id, now)
    await hub.storage.put(content)
    async with hub.database.unit() as session:
        await record.add(session, word)
        (row,) = await record.attach(session, word.id, [Attachment(name, media_type, content)])
    return row.id


async def test_a_file_is_saved_under_its_name_and_the_reading_is_written_down(
    client: httpx.AsyncClient, hub: Hub, ana: Customer, cookie: Cookie
) -> None:
    file_id = await _attach(hub, ana, "zamówienie 7.pdf", "application/pdf", b"%PDF-1.7")
    response = await client.get(f"/files/{file_id}", headers=await cookie(Role.AGENT))
    assert (response.status_code, response.content) == (200, b"%PDF-1.7")
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-disposition"] == (
        "attachment; filename=\"zam?wienie 7.pdf\"; filename*=UTF-8''zam%C3%B3wienie%207.pdf".replace("?", "_")
    )
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"] == "sandbox; default-src 'none'"
    async with hub.database.unit() as session:
        (row,) = (await session.exec(select(Audit).where(Audit.action == "file.read"))).all()
    assert (row.subject, row.detail, row.ip) == (f"customer:{ana.id}", f"file:{file_id}", "203.0.113.9")


_SHOWN = [
    ("image/png", PNG, "image/png"),
    ("IMAGE/PNG; name=x", PNG, "image/png"),
    ("audio/x-wav", b"RIFF....WAVE", "audio/wav"),
    ("audio/mpeg", b"\xff\xfb\x90", "audio/mpeg"),
    ("image/png", b"<script>alert(1)</script>", None),
    ("image/svg+xml", b"<svg onload='alert(1)'/>", None),
    ("text/html", b"<script>alert(1)</script>", None),
    ("application/pdf", b"%PDF-1.7", None),
    ("application/xhtml+xml", b"<html/>", None),
    ("", PNG, None),
]


async def test_only_pictures_and_sounds_that_are_what_they_claim_are_shown_in_place(
    client: httpx.AsyncClient, hub: Hub, ana: Customer, cookie: Cookie
) -> None:
    signed_in = await cookie(Role.AGENT)
    for media_type, content, shown in _SHOWN:
        file_id = await _attach(hub, ana, "x", media_type, content)
        response = await client.get(f"/files/{file_id}?inline=1", headers=signed_in)
        how = response.headers["content-disposition"].partition(";")[0]
        told = (media_type, response.headers["content-type"], how)
        assert told == (media_type, shown or "application/octet-stream", "inline" if shown else "attachment")


_NAMES = [
    "../../etc/passwd",
    "..\\..\\boot.ini",
    ".htaccess",
    "\u200b.htaccess",
    'a".exe; filename=b',
    "a\r\nSet-Cookie: x=1",
    "",
    "\u202egpj.exe",
    "n" * 300,
    "\x7f",
    "=?utf-8?q?x?=",
]


async def test_no_name_leaves_its_header_or_its_folder(
    client: httpx.AsyncClient, hub: Hub, ana: Customer, cookie: Cookie
) -> None:
    """Section 2.2 rows 2 and 4: zero-click names, traversal."""
    signed_in = await cookie(Role.AGENT)
    for name in _NAMES:
        file_id = await _attach(hub, ana, name, "text/html", b"x")
        response = await client.get(f"/files/{file_id}", headers=signed_in)
        disposition = response.headers["content-disposition"]
        plain = disposition.partition('filename="')[2].partition('"')[0]
        assert (response.status_code, "set-cookie" in response.headers) == (200, False)
        assert plain.strip(".")
        assert not plain.startswith(".")
        assert not set(plain) & set('/\\"\r\n;')
        assert disposition.isascii()
        assert "%E2%80%AE" not in disposition
        assert len(disposition) < 1500


async def test_only_signed_in_staff_who_may_read_conversations_get_files(
    client: httpx.AsyncClient, hub: Hub, ana: Customer, cookie: Cookie, headers: Headers
) -> None:
    file_id = await _attach(hub, ana, "x.png", "image/png", PNG)
    asked = [{}, {"Cookie": "hub_session=wrong"}, headers, await cookie(Role.MARKETER), await cookie(Role.AGENT)]
    statuses = [(await client.get(f"/files/{file_id}", headers=h)).status_code for h in asked]
    assert statuses == [401, 401, 401, 403, 200]


async def test_ids_nobody_gave_out_are_not_found(
    client: httpx.AsyncClient, hub: Hub, ana: Customer, cookie: Cookie
) -> None:
    """CVE-2026-40496: neighbours of a file's name."""
    file_id = await _attach(hub, ana, "x.png", "image/png", PNG)
    signed_in = await cookie(Role.AGENT)
    wrong = [UUID(int=file_id.int ^ 1), uuid4(), "1", "../files", "%00", f"{file_id}'--"]
    statuses = [(await client.get(f"/files/{one}", headers=signed_in)).status_code for one in wrong]
    assert statuses == [404] * 6


async def test_bytes_that_are_gone_are_told_and_not_a_crash(
    client: httpx.AsyncClient, hub: Hub, ana: Customer, cookie: Cookie
) -> None:
    file_id = await _attach(hub, ana, "x.png", "image/png", PNG)
    async with hub.database.unit() as session:
        digest = (await record._files(session, (await session.exec(select(Interaction.id))).one())).pop()[1]
    await hub.storage.delete(digest)
    response = await client.get(f"/files/{file_id}", headers=await cookie(Role.AGENT))
    assert (response.status_code, response.json()["title"]) == (404, "File")


async def test_a_file_that_goes_out_by_link_is_fetched_without_signing_in_for_a_day(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    """A carrier fetches the pictures of an MMS itself; it has no account here."""
    file_id = await _attach(hub, ana, "plan.png", "image/png", PNG)
    now = clock.now()
    links = [file_link(hub.gate, file_id, at) for at in (now, now - timedelta(days=2))]
    paths = [link.removeprefix(hub.gate.public_url) for link in links]
    forged = paths[0][:-1] + ("a" if paths[0][-1] != "a" else "b")
    fresh, old, wrong = [await client.get(path) for path in (*paths, forged)]
    assert (fresh.status_code, fresh.content, fresh.headers["content-type"]) == (200, PNG, "image/png")
    assert fresh.headers["content-disposition"].startswith("attachment;")
    assert (old.status_code, wrong.status_code) == (404, 404)


async def test_a_player_gets_the_part_it_asks_for_and_one_reading_is_written_down(
    client: httpx.AsyncClient, hub: Hub, ana: Customer, cookie: Cookie
) -> None:
    file_id = await _attach(hub, ana, "voicemail.wav", "audio/wav", b"RIFF56789")
    signed_in = await cookie(Role.AGENT)
    asked = ["bytes=0-3", "bytes=4-", "bytes=4-99", "bytes=9-", "bytes=x-"]
    parts = [await client.get(f"/files/{file_id}?inline=1", headers=signed_in | {"Range": one}) for one in asked]
    told = [(part.status_code, part.content, part.headers.get("content-range", "")) for part in parts]
    assert told[:3] == [
        (206, b"RIFF", "bytes 0-3/9"),
        (206, b"56789", "bytes 4-8/9"),
        (206, b"56789", "bytes 4-8/9"),
    ]
    assert [part.status_code for part in parts[3:]] == [200, 200]
    async with hub.database.unit() as session:
        assert len((await session.exec(select(Audit).where(Audit.action == "file.read"))).all()) == 1


@pytest.mark.parametrize("asked", ["bytes=1-", "bytes=00-", "bytes=0-0", "nonsense"])
async def test_no_way_of_asking_for_a_part_keeps_a_reading_out_of_the_audit_log_g6(
    asked: str, client: httpx.AsyncClient, hub: Hub, ana: Customer, cookie: Cookie
) -> None:
    file_id = await _attach(hub, ana, "voicemail.wav", "audio/wav", b"RIFF56789")
    signed_in = await cookie(Role.AGENT)
    for _ in range(2):
        await client.get(f"/files/{file_id}", headers=signed_in | {"Range": asked})
    async with hub.database.unit() as session:
        assert len((await session.exec(select(Audit).where(Audit.action == "file.read"))).all()) == 1
