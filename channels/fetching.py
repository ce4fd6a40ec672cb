"""Bring a file that lies at a provider: only from its own hosts, within limits, never from inside our network."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import mimetypes
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import SplitResult, urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from channels.errors import Misconfigured, TryLater, Unreadable
from channels.message import Attachment, Media

MAX_BYTES = 16 * 1024 * 1024
MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\Z")
_ODD_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a provider keeps files and how to ask for them.

    `suffixes` are host endings (".twilio.com") asked by https; `home` is the one configured base URL, asked by its own
    scheme and port, the only one that may lie on this machine.
    """

    suffixes: tuple[str, ...]
    home: str
    user: str
    password: str
    seconds: float = 30

    def holds(self, url: SplitResult) -> bool:
        """True when our credentials may go to this URL."""
        if self.is_home(url):
            return True
        host = (url.hostname or "").lower()
        return url.scheme == "https" and url.port in (None, 443) and host.endswith(self.suffixes)

    def is_home(self, url: SplitResult) -> bool:
        home = urlsplit(self.home)
        return bool(url.hostname) and (url.scheme, url.hostname, url.port) == (home.scheme, home.hostname, home.port)


class PublicResolver(AbstractResolver):
    """Resolves a name only when *every* address of it is public; what is checked is what is connected to."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        if not found or not all(is_public(str(entry[4][0])) for entry in found):
            raise Unreadable("The file lies outside the public network")
        return [
            ResolveResult(hostname=host, host=str(where[0]), port=port, family=fam, proto=proto, flags=0)
            for fam, _, proto, _, where in found
        ]

    async def close(self) -> None:
        """Holds nothing."""


def public_connector() -> aiohttp.TCPConnector:
    return aiohttp.TCPConnector(resolver=PublicResolver(), use_dns_cache=False, force_close=True)


def basic_auth(user: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def is_public(address: str) -> bool:
    """True for an address of the open Internet. IPv4 wrapped in IPv6 (mapped, 6to4, Teredo, NAT64, SIIT) is none."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and (ip not in _UNICAST or ip.sixtofour or ip.teredo):
        return False
    return ip.is_global and not ip.is_multicast


def is_name(host: str) -> bool:
    """What ends in a number is read as an address by one program or another (127.1, 0x7f.1), and so is none of ours."""
    if "." not in host or _NUMBER.search(host):
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return False


_NUMBER = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.*\Z", re.IGNORECASE)  # WHATWG URL 3.5
_UNICAST = ipaddress.ip_network("2000::/3")  # RFC 4291 2.4: nothing else of IPv6 has been given to anybody


async def fetch(
    shelf: Shelf, media: Media, *, connector: Callable[[], aiohttp.TCPConnector] = public_connector
) -> Attachment:
    """Fetch one file (requirement T5): at most 16 MB and three redirects, credentials only to the shelf's own hosts.

    Raises Unreadable (not there, not allowed, too large), TryLater (network or provider trouble) and Misconfigured
    (the provider does not know us). `connector` opens the connections to hosts which are not the shelf's home.
    """
    try:
        return await asyncio.wait_for(_follow(shelf, media, connector), shelf.seconds)
    except TimeoutError as e:
        raise TryLater("The file did not come in time", stage="media") from e
    except aiohttp.InvalidURL as e:
        raise Unreadable("The address of the file is no address") from e
    except (aiohttp.ClientError, OSError) as e:
        raise TryLater(f"The file could not be fetched: {e}", stage="media") from e


async def _follow(shelf: Shelf, media: Media, connector: Callable[[], aiohttp.TCPConnector]) -> Attachment:
    url = media.url
    if not shelf.holds(_split(url)):
        raise Unreadable("The file does not lie at the provider")
    for _ in range(MAX_REDIRECTS + 1):
        answer = await _get(shelf, url, connector, credentials=url == media.url)
        if isinstance(answer, Attachment):
            return answer
        url = urljoin(url, answer)
        _check_redirect(_split(url))
    raise Unreadable("The file was passed on too often")


def _split(url: str) -> SplitResult:
    try:
        split = urlsplit(url)
        _ = split.port
    except ValueError as e:
        raise Unreadable("The address of the file is no address") from e
    return split


def _check_redirect(url: SplitResult) -> None:
    host = url.hostname or ""
    if url.scheme != "https" or not host or url.username is not None or not host.isascii():  # ① becomes 1 underneath
        raise Unreadable("The provider passed us on to a place we do not go to")
    if ":" in host or _NUMBER.search(host):
        raise Unreadable("The provider passed us on to a bare network address")


async def _get(
    shelf: Shelf, url: str, connector: Callable[[], aiohttp.TCPConnector], *, credentials: bool
) -> Attachment | str:
    """The file, or where to look for it."""
    headers = {"Accept-Encoding": "identity"}
    if credentials:
        headers["Authorization"] = basic_auth(shelf.user, shelf.password)
    home = shelf.is_home(_split(url))
    async with (
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True) if home and credentials else connector(),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        ) as session,
        session.get(url, headers=headers, allow_redirects=False) as response,
    ):
        if response.status in _REDIRECTS:
            return response.headers.get("Location", "")
        _check_status(response.status)
        return await _read(response, url)


def _check_status(status: int) -> None:
    if status in (401, 403):
        raise Misconfigured(f"The provider does not let us fetch a file (HTTP {status})")
    if status == 429 or status >= 500:
        raise TryLater(f"The provider answered HTTP {status}", stage="media", after=timedelta(minutes=1))
    if status != 200:
        raise Unreadable(f"There is no file at the provider (HTTP {status})")


async def content(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, at most `limit` bytes of it and as it is. Raises Unreadable."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise Unreadable("The file came compressed, though we asked for it as it is")
    read = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        read += chunk
        if len(read) > limit:
            raise Unreadable(f"The file is larger than {limit // 1024 // 1024} MB")
    return bytes(read)


async def _read(response: aiohttp.ClientResponse, url: str) -> Attachment:
    body = await content(response, MAX_BYTES)
    media_type = _media_type(response.headers.get("Content-Type", ""))
    return Attachment(_name(url, media_type), media_type, body)


def _media_type(header: str) -> str:
    media_type = header.partition(";")[0].strip().lower()
    return media_type if _TYPE.match(media_type) else "application/octet-stream"


def _name(url: str, media_type: str) -> str:
    """A file name from the last part of the path, which is the provider's id, and the type."""
    stem = urlsplit(url).path.rpartition("/")[2].partition(".")[0]
    clean = _ODD_IN_NAMES.sub("_", stem)[:64] or "file"
    return clean + (_ENDINGS.get(media_type) or mimetypes.guess_extension(media_type) or ".bin")


_ENDINGS = {"audio/wav": ".wav", "audio/x-wav": ".wav", "audio/mpeg": ".mp3", "image/jpeg": ".jpg"}
