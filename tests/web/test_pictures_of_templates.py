"""Pictures of our own mails: uploaded into one, told apart by what they hold, fetched by whoever reads it."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest
from sqlmodel import select

from hub.models import MailPicture
from hub.models.vocabulary import Role
from hub.texts import drafts, pictures

EDIT = "/templates/campaign-spring/edit"
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


async def upload(desk: Any, content: bytes, **fields: str) -> httpx.Response:
    data = {"csrf": desk.csrf, "act": "picture", "language": "en", "text.en.subject": "My words", **fields}
    file = {"picture": ("hat.png", content, "image/png")}
    answer: httpx.Response = await desk.client.post(EDIT, data=data, files=file)
    return answer


async def source(world: Any) -> str:
    async with world.hub.database.unit() as session:
        return (await drafts.read(session, "campaign-spring")).variants["en"].get("mjml", "")


async def test_an_uploaded_picture_stands_in_the_mail_and_is_fetched_by_anybody(
    world: Any, signed_in: Any, visitor: httpx.AsyncClient
) -> None:
    desk = await signed_in(Role.MARKETER)
    assert (await upload(desk, GIF, alt='A "hat"')).status_code == 303
    async with world.hub.database.unit() as session:
        (row,) = (await session.exec(select(MailPicture))).all()
    assert (row.media_type, row.size, row.alt) == ("image/gif", len(GIF), 'A "hat"')
    address = pictures.address(world.hub.gate, row)
    assert f'<mj-image src="{address}" alt="A &quot;hat&quot;" />' in await source(world)
    answer = await visitor.get(address)
    assert (answer.content, answer.headers["content-type"]) == (GIF, "image/gif")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "immutable" in answer.headers["cache-control"]


async def test_a_picture_of_before_is_put_into_another_language(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    await upload(desk, GIF, alt="A hat")
    async with world.hub.database.unit() as session:
        (row,) = (await session.exec(select(MailPicture))).all()
    await desk.send(EDIT, **{"language": "pl", "text.pl.subject": "Lato", "act": f"picture.{row.id}"})
    async with world.hub.database.unit() as session:
        made = (await drafts.read(session, "campaign-spring")).variants["pl"]["mjml"]
    assert pictures.address(world.hub.gate, row) in made


@pytest.mark.parametrize(
    ("content", "fields", "why"),
    [
        (b"", {"alt": "A hat"}, "Choose a picture first"),
        (SVG, {"alt": "A hat"}, "It is no PNG, JPEG, GIF or WebP"),
        (GIF + bytes(pictures.LARGEST), {"alt": "A hat"}, "takes at most 5120 KB"),
        (GIF, {}, "Say what the picture shows"),
        (GIF, {"alt": "A hat", "decorates": "1"}, "Say what the picture shows"),
        (GIF, {"alt": "x" * 301}, "Say what the picture shows"),
    ],
    ids=["none", "svg", "large", "no-alt", "both", "long-alt"],
)
async def test_what_is_no_picture_for_a_mail_is_refused_and_the_words_come_back(
    content: bytes, fields: dict[str, str], why: str, world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.MARKETER)
    answer = await upload(desk, content, **fields)
    assert answer.status_code == 422
    assert why in answer.text
    assert "My words" in answer.text
    async with world.hub.database.unit() as session:
        assert (await session.exec(select(MailPicture))).all() == []


@pytest.mark.parametrize("token", ["x", "x" * 500, "a" * 40], ids=["short", "long", "forged"])
async def test_nobody_fetches_what_was_not_signed(token: str, world: Any, visitor: httpx.AsyncClient) -> None:
    assert (await visitor.get(f"/m/{token}")).status_code == 404
    other = world.hub.signer.sign("picture", "own:0190")
    assert (await visitor.get(f"/m/{other}")).status_code == 404
