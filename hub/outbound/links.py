"""Links and pictures that tell us what was opened and followed, put into a message's words when it leaves.

The log keeps the plain words. An address in a mail carries its target in plain sight, signed together with the
message: it leads there and nowhere else, and no table has to be asked. In an SMS every character costs: there it is a
short code, and `short_link` says where it leads.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from html import unescape
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels import links
from hub.models import Campaign, ShortLink
from hub.models.vocabulary import Kind
from hub.outbound.asking import Gate
from hub.outbound.rendering import Rendered
from hub.signing import CODE

CLICK, OPEN, TRAP, SHORT = "click", "open", "trap", "short link"  # the signer's purposes
LONGEST = 2_000  # characters of an address that is followed; a longer one stays plain

HREF = re.compile(r"""(<(?:a|area)\b[^<>]*?\shref\s*=\s*)(?:"([^"<>]*)"|'([^'<>]*)')""", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\x00-\x20\x7f\\]+", re.IGNORECASE)
_AUTHORITY = re.compile(r"""https?://[^\s/?#\\<>(){}\[\]"'“”«»,;|]+""", re.IGNORECASE)
_END = re.compile(r"</body\s*>", re.IGNORECASE)
_STRANGE = frozenset({"customer", "preferences_url", "unsubscribe_url"})  # values that are another in every message
_HIDDEN = 'style="display:none" aria-hidden="true" tabindex="-1"'


@dataclass(frozen=True, slots=True)
class Trail:
    """How the addresses of one message are made. `hosts`: only links that lead there are followed; None: all."""

    gate: Gate
    message: UUID
    hosts: frozenset[str] | None = None

    def follows(self, url: str) -> bool:
        return is_followed(url, self.gate) and (self.hosts is None or _host(url) in self.hosts)

    def mail(self, url: str) -> str:
        """Where a mail's link leads first."""
        return self.token(url).join(self.around_token(url))

    def token(self, url: str) -> str:
        return self.gate.signer.link_token(CLICK, self.message, url)

    def around_token(self, url: str) -> tuple[str, str]:
        """The same for all messages, as what stands around the other tokens."""
        return f"{self.gate.public_url}/l/", f"/{_spelled(url)}"

    def short(self, code: str) -> str:
        return f"{self.gate.short_url or self.gate.public_url}/l/{code}"

    def code(self, url: str) -> str:
        return self.gate.signer.code(SHORT, self.message, url)

    def picture_token(self) -> str:
        return self.gate.signer.link_token(OPEN, self.message)

    def picture(self) -> str:
        return f"{self.gate.public_url}/o/{self.picture_token()}.gif"

    def around_picture(self) -> tuple[str, str]:
        """One transparent dot."""
        return f'<img src="{self.gate.public_url}/o/', '.gif" width="1" height="1" alt="">'

    def trap_token(self) -> str:
        return self.gate.signer.link_token(TRAP, self.message)

    def trap(self) -> str:
        return f"{self.gate.public_url}/l/{self.trap_token()}"

    def around_trap(self) -> tuple[str, str]:
        """A link that no person sees, nor any program that reads for one."""
        return f'<a href="{self.gate.public_url}/l/', f'" {_HIDDEN}></a>'


async def tracked(
    session: AsyncSession, words: Rendered, kind: Kind, message: UUID, gate: Gate, *, hosts: frozenset[str] | None
) -> Rendered:
    """The words as they leave. Codes of an SMS are kept in the caller's transaction; the same again are the same."""
    trail = Trail(gate, message, hosts)
    if kind is Kind.EMAIL:
        return mail(words, trail)
    if kind is not Kind.SMS:
        return words
    codes = short_codes(words.text, trail)
    await _keep(session, message, codes)
    return replace(words, text=with_codes(words.text, trail, codes))


async def campaigns(session: AsyncSession, ids: Collection[int]) -> frozenset[int]:
    """Those of them whose links are followed."""
    if not ids:
        return frozenset()
    rows = select(Campaign.id).where(col(Campaign.id).in_(ids), col(Campaign.tracked))
    return frozenset(number for number in await session.exec(rows) if number is not None)


def hosts(sources: Iterable[str], variables: Mapping[str, object]) -> frozenset[str]:
    """Where a campaign's own words lead, and its values. Pure.

    An address in a customer's name or attributes is a stranger's: signed by us, it would lead whoever trusts our
    domain to wherever the stranger likes.
    """
    own = [value for name, value in variables.items() if name not in _STRANGE and isinstance(value, str)]
    return _all_hosts(tuple(sources), tuple(own))


def mail(words: Rendered, trail: Trail) -> Rendered:
    """Both versions of a mail's text lead by us; HTML carries the picture, and the trap beside real links. Pure."""
    text = _in_text(words.text, trail, trail.mail)
    if not words.html:
        return replace(words, text=text)
    html, number = HREF.subn(lambda found: _href(found, trail), words.html)
    behind = trail.picture_token().join(trail.around_picture())
    if number:
        behind = trail.trap_token().join(trail.around_trap()) + behind
    end = end_of_body(html)
    return replace(words, text=text, html=f"{html[:end]}{behind}{html[end:]}")


def short_codes(text: str, trail: Trail) -> dict[str, str]:
    """The addresses of an SMS that are followed: code → where it leads. Pure."""
    return {trail.code(one.url): one.url for one in links.find(text) if trail.follows(one.url)}


def with_codes(text: str, trail: Trail, codes: Mapping[str, str]) -> str:
    """An SMS with these addresses shortened. Pure: for counting segments before anything is sent, too."""
    by_url = {url: code for code, url in codes.items()}
    return _in_text(text, trail, lambda url: trail.short(by_url[url]) if url in by_url else url)


def shortened(text: str, gate: Gate) -> str:
    """An SMS as long as it will be when it leaves with its addresses shortened. Pure."""
    trail = Trail(gate, UUID(int=0))
    return with_codes(text, trail, short_codes(text, trail))


async def as_sent(session: AsyncSession, text: str, message: UUID, gate: Gate) -> str:
    """An SMS as it left: with the short addresses that were made for it then, if any were."""
    rows = select(ShortLink.code, ShortLink.url).where(col(ShortLink.interaction_id) == message)
    return with_codes(text, Trail(gate, message), dict((await session.exec(rows)).all()))


def is_followed(url: str, gate: Gate) -> bool:
    """Web addresses of others. Our own (unsubscribing, files) stay as they are, and so does what is no address."""
    if url.startswith(f"{gate.public_url}/"):  # another in every mail: nothing to remember
        return False
    return _followed(url, gate.public_url, gate.short_url)


def read_target(spelled: str) -> str | None:
    """The address that stands in a link, in its one spelling; None for anything else."""
    if len(spelled) > LONGEST * 6:  # UTF-8 and base64 make four letters of three bytes
        return None
    try:
        url = base64.urlsafe_b64decode(spelled + "=" * (-len(spelled) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    return url if _spelled(url) == spelled else None


def is_code(token: str) -> bool:
    return len(token) == CODE and token.isascii() and token.isalnum()


async def leads_to(session: AsyncSession, code: str) -> tuple[UUID, str] | None:
    """The message a short code stands in, and where it leads."""
    row = select(ShortLink.interaction_id, ShortLink.url).where(col(ShortLink.code) == code.lower())
    return (await session.exec(row)).first()


async def _keep(session: AsyncSession, message: UUID, codes: dict[str, str]) -> None:
    """A code that stands for another message already (once in 10^18 pairs) is not ours: its address stays plain."""
    if not codes:
        return
    rows = [{"code": code, "interaction_id": message, "url": url} for code, url in codes.items()]
    await session.exec(insert(ShortLink).values(rows).on_conflict_do_nothing())
    kept = select(ShortLink.code).where(col(ShortLink.code).in_(codes), col(ShortLink.interaction_id) == message)
    for lost in codes.keys() - set(await session.exec(kept)):
        del codes[lost]


@lru_cache(maxsize=4096)
def _followed(url: str, *ours: str) -> bool:
    """Most recipients get the same addresses."""
    if len(url) > LONGEST or not _ADDRESS.fullmatch(url):
        return False
    if any(url == one or url.startswith((f"{one}/", f"{one}?")) for one in ours if one):
        return False
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


@lru_cache(maxsize=512)
def _all_hosts(sources: tuple[str, ...], own: tuple[str, ...]) -> frozenset[str]:
    """The same for all who get a campaign."""
    bare = {value.lower() for value in own if len(value) < LONGEST and "/" not in value}
    return frozenset(bare).union(*map(_hosts, (*sources, *own)))


@lru_cache(maxsize=512)
def _hosts(text: str) -> frozenset[str]:
    return frozenset(filter(None, map(_host, (found.rstrip(".:!*_~…’") for found in _AUTHORITY.findall(text)))))


@lru_cache(maxsize=4096)
def _host(url: str) -> str:
    """In lower case; empty when there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _href(found: re.Match[str], trail: Trail) -> str:
    """An attribute's value is HTML: what it says is what a browser would make of it."""
    url = unescape(found[2] if found[2] is not None else found[3]).strip()
    return f'{found[1]}"{trail.mail(url)}"' if trail.follows(url) else found[0]


def _in_text(text: str, trail: Trail, spelled: Callable[[str], str]) -> str:
    """Only addresses that begin with their scheme: of `www.…` and mail addresses nobody knows how they will be read."""
    parts, done = [], 0
    for one in links.find(text):
        if text[one.start : one.end] == one.url and trail.follows(one.url):
            parts += [text[done : one.start], spelled(one.url)]
            done = one.end
    return "".join([*parts, text[done:]])


def end_of_body(html: str) -> int:
    """Where what stands behind its words has to go."""
    end = next(_END.finditer(html), None)
    return end.start() if end else len(html)


@lru_cache(maxsize=4096)
def _spelled(url: str) -> str:
    return base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
