"""The pictures of a mail in the desk: its own at once, those from elsewhere when asked, none from our own network."""

from __future__ import annotations

import re
import struct
import zlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import expect

from channels.message import Address, Attachment, Inbound, Kind
from hub import clock
from hub.conversations import inbox
from hub.inbound import messages, receive
from hub.models.vocabulary import Role
from hub.web import gallery
from hub.web.gallery import PURPOSE
from hub.web.messages import markup


def _png() -> bytes:
    """Four by four red points."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\0" + b"\xff\0\0" * 4) * 4)
    head = struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


PNG = _png()
HTML = (
    '<p style="color: rgb(10, 20, 30); background: url(https://spy.example/a.png)">Our <b>logo</b>:</p>'
    '<img src="cid:logo%40meadow" alt="logo"><img src="CID:missing"><img src="https://spy.example/p.gif?a=1&amp;b=2">'
    '<img src="//spy.example/q.gif"><img src="/pictures/abc"><p>src="https://in.text.example/"</p>'
)


def _inline(content: bytes, name: str = "logo.png", content_id: str = "logo@meadow") -> Attachment:
    return Attachment(name, "image/png", content, inline=True, content_id=content_id)


FILES = (_inline(PNG), _inline(b"<script>alert(1)</script>", "bad.png", "bad"))


async def arrive(world: Any, html: str = HTML, files: tuple[Attachment, ...] = FILES) -> UUID:
    """A mail with one inline picture and one that only claims to be one; its conversation."""
    event = Inbound(
        kind=Kind.EMAIL,
        provider_id="<p@x.example>",
        sender=Address(Kind.EMAIL, "pictures@x.example", "Pia"),
        recipients=(Address(Kind.EMAIL, "support@meadow.example"),),
        subject="Pictures",
        text="Our logo",
        html=html,
        message_id="<p@x.example>",
        attachments=files,
    )
    await messages.store_files(world.hub.storage, event)
    async with world.hub.database.unit() as session:
        await receive.receive(session, world.hub.channels["mail"], event, world.hub.reception, now=clock.now())
    async with world.hub.database.unit() as session:
        return (await inbox.lines(session, "all", staff_id=0, limit=1))[0].id


def pictures(page: str) -> list[str]:
    return re.findall(r'<img src="([^"]*)"', page)


async def test_an_inline_picture_is_shown_and_one_from_elsewhere_is_not(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    page = await desk.see(f"/inbox/all/{await arrive(world)}")
    frame = await desk.client.get(page.select_one("iframe")["src"])
    own, missing, remote = pictures(frame.text)
    assert own.startswith("/pictures/")
    assert missing == remote == gallery._NOTHING
    assert "spy.example" not in frame.text
    assert "1 picture from elsewhere is not shown" in frame.text
    assert "color:rgb(10, 20, 30)" in frame.text
    assert 'src="https://in.text.example/"' in frame.text
    shown = await desk.client.get(own)
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")


async def test_pictures_from_elsewhere_come_through_our_proxy_when_asked(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    page = await desk.see(f"/inbox/all/{await arrive(world)}")
    wish = page.select_one(".designed a")
    assert wish["target"] == page.select_one("iframe")["name"]
    frame = await desk.client.get(wish["href"])
    remote = pictures(frame.text)[2]
    value = world.hub.signer.read(PURPOSE, remote.removeprefix("/pictures/"), now=clock.now())
    assert value == "https://spy.example/p.gif?a=1&b=2"
    assert "not shown" not in frame.text


async def test_a_mail_without_pictures_from_elsewhere_offers_none(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    page = await desk.see(f"/inbox/all/{await arrive(world, '<p>Plain</p><img src=cid:logo@meadow>')}")
    assert page.select_one("iframe") is not None
    assert page.select_one(".designed a") is None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/a.png", "http://localhost/a.png", "http://[::1]/", "file:///etc/passwd"]
)
async def test_a_picture_inside_our_network_is_not_fetched(world: Any, signed_in: Any, url: str) -> None:
    desk = await signed_in(Role.AGENT)
    token = world.hub.signer.sign(PURPOSE, url, expires=clock.now() + timedelta(hours=1))
    assert (await desk.client.get(f"/pictures/{token}")).status_code == 404


async def test_a_picture_needs_a_token_that_we_signed_and_that_still_holds(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    await arrive(world)
    old = world.hub.signer.sign(PURPOSE, "https://spy.example/a", expires=clock.now() - timedelta(seconds=1))
    other = world.hub.signer.sign("unsubscribe", "https://spy.example/a")
    for token in (old, other, "abc", "a" * 5000):
        assert (await desk.client.get(f"/pictures/{token}")).status_code == 404


async def test_what_only_claims_to_be_a_picture_is_not_served_as_one(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    page = await desk.see(f"/inbox/all/{await arrive(world, '<img src=cid:bad>')}")
    frame = await desk.client.get(page.select_one("iframe")["src"])
    assert (await desk.client.get(pictures(frame.text)[0])).status_code == 404


@pytest.mark.parametrize(
    "style", ["background:url(x)", r"background:u\72l(x)", "background:image(x)", "behavior:url(#a)", "position:fixed"]
)
def test_a_style_that_would_fetch_or_leave_its_place_is_dropped_and_the_rest_stays(style: str) -> None:
    assert '<p style="color:red">' in markup.document(f'<p style="{style};color:red">x</p>').replace(
        "color: red", "color:red"
    )


async def test_the_frame_shows_the_inline_picture_in_a_browser(world: Any, opening: Any) -> None:
    page = await opening(f"/inbox/all/{await arrive(world)}")
    await page.click(".designed summary")
    picture = page.frame_locator(".designed iframe").locator("img").first
    await expect(picture).to_be_visible()
    assert await picture.evaluate("async one => { await one.decode(); return one.naturalWidth; }") == 4


async def test_a_screenshot_is_seen_at_once_and_an_ornament_only_in_its_design(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    page = await desk.see(
        f"/inbox/all/{await arrive(world, files=(_inline(PNG), _inline(PNG + bytes(9000), 'shot.png')))}"
    )
    shown = page.select(".pictures img")
    assert [one["alt"] for one in shown] == ["shot.png"]
    assert (await desk.client.get(shown[0]["src"])).content == PNG + bytes(9000)


async def test_a_pdf_that_calls_itself_inline_is_still_a_file_to_open(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    file = Attachment("bill.pdf", "application/pdf", b"%PDF-1.4", inline=True)
    page = await desk.see(f"/inbox/all/{await arrive(world, files=(file,))}")
    assert "bill.pdf" in page.select_one(".files").text
