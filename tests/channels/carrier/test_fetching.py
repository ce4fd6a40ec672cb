"""Requirement T5: files come from the provider's own hosts, within limits, and our credentials go nowhere else."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp
import pytest
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from channels.errors import Misconfigured, TryLater, Unreadable
from channels.fetching import MAX_BYTES, Shelf, basic_auth, fetch, is_public
from channels.message import Attachment, Media


@dataclass
class Provider:
    """A provider on loopback; `elsewhere` is its file store, reached by https under a name that resolves to it."""

    shelf: Shelf
    connector: Callable[[], aiohttp.TCPConnector]
    answers: dict[str, web.StreamResponse | Callable[[web.Request], Awaitable[web.StreamResponse]]]
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    async def get(self, path: str) -> Attachment:
        return await fetch(self.shelf, Media(self.shelf.home + path), connector=self.connector)


class Loopback(AbstractResolver):
    """The public network of these tests: every name lies on this machine, at the store's port."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=self.port, family=2, proto=0, flags=0)]

    async def close(self) -> None:
        """Holds nothing."""


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    authority = trustme.CA()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("store.example").configure_cert(served)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    async def answer(request: web.Request) -> web.StreamResponse:
        made.asked.append((request.host, request.headers.get("Authorization")))
        found = made.answers[request.path]
        return await found(request) if callable(found) else found

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=served).start()
    home, store = (address[1] for address in runner.addresses)
    made = Provider(
        Shelf((".provider.example",), f"http://127.0.0.1:{home}", "us", "secret", seconds=5),
        lambda: aiohttp.TCPConnector(resolver=Loopback(store), ssl=trusting),
        {},
    )
    yield made
    await runner.cleanup()


def file(content: bytes = b"png", content_type: str = "image/png", **headers: str) -> web.Response:
    return web.Response(body=content, headers={"Content-Type": content_type, **headers})


def passed_on(url: str) -> web.Response:
    return web.Response(status=307, headers={"Location": url})


async def test_a_file_comes_with_its_type_and_our_credentials_go_with_the_question(provider: Provider) -> None:
    provider.answers["/Media/ME1"] = file(content_type="image/PNG; charset=binary")
    assert await provider.get("/Media/ME1") == Attachment("ME1.png", "image/png", b"png")
    assert provider.asked[0][1] == basic_auth("us", "secret")


async def test_a_redirect_to_the_open_net_is_followed_without_credentials(provider: Provider) -> None:
    provider.answers |= {"/a": passed_on("https://store.example/b?signed=1"), "/b": file()}
    assert (await provider.get("/a")).content == b"png"
    assert [auth is not None for _, auth in provider.asked] == [True, False]


@pytest.mark.parametrize("place", [
    "http://store.example/b", "https://127.0.0.1/b", "https://[::1]/b", "https://169.254.169.254/latest/meta-data",
    "https://[::ffff:10.0.0.1]/", "https://us:secret@store.example/b", "file:///etc/passwd", "https:///b", "",
    "//127.0.0.1/b", "https://store.example:x/", "https://①②⑦.⓪.⓪.①/b", "https://１２７.0.0.1/b", "https://127.1/x",
])  # fmt: skip
async def test_a_redirect_to_anywhere_else_is_not_followed(provider: Provider, place: str) -> None:
    provider.answers |= {"/a": passed_on(place), "/b": file()}
    with pytest.raises(Unreadable):
        await provider.get("/a")
    assert len(provider.asked) == 1


@pytest.mark.parametrize("host", ["localhost", "2130706433", "127.1", "0x7f000001", "localhost.localdomain"])
async def test_a_name_of_our_own_network_is_not_followed(provider: Provider, host: str) -> None:
    """With the connector that is used in earnest: what a name resolves to is what counts."""
    provider.answers["/a"] = passed_on(f"https://{host}/b")
    with pytest.raises((Unreadable, TryLater)):
        await fetch(provider.shelf, Media(provider.shelf.home + "/a"))
    assert len(provider.asked) == 1


async def test_localhost_is_named_unreadable_and_not_tried_again(provider: Provider) -> None:
    provider.answers["/a"] = passed_on("https://localhost/b")
    with pytest.raises(Unreadable, match="public network"):
        await fetch(provider.shelf, Media(provider.shelf.home + "/a"))


async def test_a_file_that_is_passed_on_for_ever_is_given_up(provider: Provider) -> None:
    async def on_and_on(request: web.Request) -> web.StreamResponse:
        return passed_on("https://store.example/b")

    provider.answers |= {"/a": on_and_on, "/b": on_and_on}
    with pytest.raises(Unreadable, match="too often"):
        await provider.get("/a")
    assert len(provider.asked) == 4


async def test_a_file_that_is_too_large_is_not_read_to_its_end(provider: Provider) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            try:
                await response.write(b"x" * 1024 * 1024)
            except ConnectionError:
                return response
            sent += 1

    provider.answers["/a"] = endless
    with pytest.raises(Unreadable, match="16 MB"):
        await provider.get("/a")
    assert sent < 2 * MAX_BYTES / 1024 / 1024


@pytest.mark.parametrize(("status", "error"), [
    (404, Unreadable), (410, Unreadable), (204, Unreadable), (401, Misconfigured), (403, Misconfigured),
    (429, TryLater), (500, TryLater), (503, TryLater),
])  # fmt: skip
async def test_what_is_not_a_file_raises_what_to_do(provider: Provider, status: int, error: type[Exception]) -> None:
    provider.answers["/a"] = web.Response(status=status)
    with pytest.raises(error):
        await provider.get("/a")


async def test_a_compressed_answer_is_no_way_round_the_limit(provider: Provider) -> None:
    provider.answers["/a"] = file(b"\x1f\x8b", **{"Content-Encoding": "gzip"})
    with pytest.raises(Unreadable, match="compressed"):
        await provider.get("/a")


@pytest.mark.parametrize(("path", "sent", "name", "media_type"), [
    ("/RE1.wav", "audio/x-wav", "RE1.wav", "audio/x-wav"),
    ("/..%2F..%2Fetc", "text/html", "file.html", "text/html"),
    ("/a%00b", "nonsense", "a_00b.bin", "application/octet-stream"),
    ("/", "image/jpeg", "file.jpg", "image/jpeg"),
])  # fmt: skip
async def test_names_and_types_are_made_harmless(
    provider: Provider, path: str, sent: str, name: str, media_type: str
) -> None:
    async def anything(request: web.Request) -> web.StreamResponse:
        return file(content_type=sent)

    provider.answers = _Always(anything)
    found = await provider.get(path)
    assert (found.name, found.media_type) == (name, media_type)


class _Always(dict[str, web.StreamResponse | Callable[[web.Request], Awaitable[web.StreamResponse]]]):
    def __init__(self, answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        self._answer = answer

    def __missing__(self, key: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        return self._answer


@pytest.mark.parametrize(("url", "held"), [
    ("https://api.provider.example/x", True), ("https://API.Provider.Example:443/x", True),
    ("http://api.provider.example/x", False), ("https://provider.example.evil.example/x", False),
    ("https://evilprovider.example/x", False), ("https://api.provider.example:8443/x", False),
    ("https://api.provider.example@evil.example/x", False), ("https://evil.example/.provider.example", False),
    ("http://127.0.0.1:1/x", False), ("//api.provider.example/x", False),
])  # fmt: skip
async def test_only_the_providers_own_hosts_are_asked(provider: Provider, url: str, held: bool) -> None:
    assert provider.shelf.holds(urlsplit(url)) is held


@pytest.mark.parametrize(("address", "public"), [
    ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("127.0.0.1", False), ("10.1.2.3", False),
    ("172.16.0.1", False), ("192.168.1.1", False), ("169.254.169.254", False), ("100.64.0.1", False),
    ("0.0.0.0", False), ("224.0.0.1", False), ("255.255.255.255", False), ("::1", False), ("::", False),
    ("fe80::1%eth0", False), ("fc00::1", False), ("::ffff:127.0.0.1", False), ("::ffff:93.184.216.34", False),
    ("::127.0.0.1", False), ("64:ff9b:1::7f00:1", False), ("::ffff:0:7f00:1", False),
    ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False), ("2001:0:7f00:1::", False), ("ff02::1", False),
])  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public
