"""Pictures from elsewhere are fetched from the open Internet only, within limits (requirement: no request forgery)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from channels import pictures
from channels.errors import Unreadable
from channels.pictures import Picture

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


class Loopback(AbstractResolver):
    """The open Internet of these tests: every name lies on this machine, at the server's port."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=self.port, family=2, proto=0, flags=0)]

    async def close(self) -> None:
        """Holds nothing."""


@dataclass
class Elsewhere:
    answers: dict[str, Callable[[], web.Response]]
    asked: list[tuple[str, dict[str, str]]]
    connector: Callable[[], aiohttp.TCPConnector]

    async def fetch(self, url: str) -> Picture:
        return await pictures.fetch(url, connector=self.connector)


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    answers: dict[str, Callable[[], web.Response]] = {}
    asked: list[tuple[str, dict[str, str]]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(
            (str(request.url.with_port(None)), {name.lower(): value for name, value in request.headers.items()})
        )
        return answers[request.path]()

    app = web.Application()
    app.router.add_get("/{any:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    yield Elsewhere(answers, asked, lambda: aiohttp.TCPConnector(resolver=Loopback(port), force_close=True))
    await runner.cleanup()


async def test_a_picture_comes_by_its_own_first_bytes_whatever_it_was_said_to_be(elsewhere: Elsewhere) -> None:
    elsewhere.answers["/a"] = lambda: web.Response(body=PNG, content_type="text/html")
    assert await elsewhere.fetch("http://shop.example/a") == Picture("image/png", PNG)


async def test_the_owner_of_a_picture_learns_nothing_of_the_reader(elsewhere: Elsewhere) -> None:
    elsewhere.answers["/a"] = lambda: web.Response(body=PNG)
    await elsewhere.fetch("http://shop.example/a")
    headers = elsewhere.asked[0][1]
    assert headers.keys() == {"host", "accept", "accept-encoding", "user-agent", "connection"}


@pytest.mark.parametrize("body", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b"", b"RIFF0000WAVE"])
async def test_what_is_no_picture_we_show_is_refused(elsewhere: Elsewhere, body: bytes) -> None:
    elsewhere.answers["/a"] = lambda: web.Response(body=body, content_type="image/png")
    with pytest.raises(Unreadable, match="no PNG"):
        await elsewhere.fetch("http://shop.example/a")


async def test_a_redirect_is_followed_under_the_same_rules(elsewhere: Elsewhere) -> None:
    elsewhere.answers["/a"] = lambda: web.Response(status=302, headers={"Location": "http://cdn.example/b"})
    elsewhere.answers["/b"] = lambda: web.Response(body=PNG)
    assert (await elsewhere.fetch("http://shop.example/a")).content == PNG
    elsewhere.answers["/b"] = lambda: web.Response(
        status=302, headers={"Location": "http://169.254.169.254/latest/meta-data"}
    )
    with pytest.raises(Unreadable, match="bare network address"):
        await elsewhere.fetch("http://shop.example/a")


async def test_going_round_in_circles_ends(elsewhere: Elsewhere) -> None:
    elsewhere.answers["/a"] = lambda: web.Response(status=302, headers={"Location": "/a"})
    with pytest.raises(Unreadable, match="too often"):
        await elsewhere.fetch("http://shop.example/a")
    assert len(elsewhere.asked) == pictures.MAX_REDIRECTS + 1


async def test_a_picture_over_the_limit_is_left_where_it_is(elsewhere: Elsewhere) -> None:
    elsewhere.answers["/a"] = lambda: web.Response(body=PNG + b"\0" * pictures.MAX_BYTES)
    with pytest.raises(Unreadable, match="larger than 5 MB"):
        await elsewhere.fetch("http://shop.example/a")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a",
        "http://[::1]/a",
        "http://2130706433/a",
        "http://localhost/a",
        "http://shop.example:8000/a",
        "https://shop.example:22/a",
        "ftp://shop.example/a",
        "file:///etc/passwd",
        "http://user:secret@shop.example/a",
        "http://①②⑦.⓪.⓪.①/a",
        "http://",
        "http://[bad/a",
    ],
)
async def test_places_inside_our_network_are_not_even_asked_for(elsewhere: Elsewhere, url: str) -> None:
    with pytest.raises(Unreadable):
        await elsewhere.fetch(url)
    assert elsewhere.asked == []


async def test_a_name_that_leads_into_our_network_is_not_connected_to() -> None:
    with pytest.raises(Unreadable):
        await pictures.fetch("http://localhost.localdomain/a")
