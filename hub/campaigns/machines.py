"""Who asked for a picture or a link: a person, or a program that looks at mail for them. Pure.

Whoever hides cannot be told by name or network, only by what it does: too soon, two links at once, the link that
nobody sees (see `clicks` and `reactions`). What is told here is what its owners publish, and what programs say
of themselves.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from hub.models.vocabulary import Ground, Kind, Touch

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Sooner after a message left than a person follows a link in it. Previews of SMS are made by the telephone at once.
TOO_SOON = {Kind.EMAIL: timedelta(seconds=10), Kind.SMS: timedelta(seconds=2)}


@dataclass(frozen=True, slots=True)
class Visitor:
    """What a request says of who makes it. `early`: it came as a prefetch (Sec-Purpose and its forerunners)."""

    ip: str
    agent: str
    method: str = "GET"
    early: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """`ground` says why it is a machine; without `machine`, that a proxy stood between us and a person."""

    machine: bool = False
    ground: Ground | None = None


def verdict(visitor: Visitor, touch: Touch, networks: Sequence[Network] = ()) -> Verdict:
    """As far as one request shows. `networks`: more of them, as the operator knows them."""
    if touch is Touch.TRAP:
        return Verdict(machine=True, ground=Ground.TRAP)
    if visitor.method != "GET":
        return Verdict(machine=True, ground=Ground.NOT_GET)
    if visitor.early:
        return Verdict(machine=True, ground=Ground.PREFETCH)
    if touch is Touch.OPEN and (proxied := _proxied(visitor)) is not None:
        return proxied
    if not visitor.agent.strip() or _PROGRAMS.search(visitor.agent):
        return Verdict(machine=True, ground=Ground.AGENT)
    if _within(visitor.ip, (*_SCANNERS, *networks)):
        return Verdict(machine=True, ground=Ground.NETWORK)
    return Verdict()


def networks(words: Iterable[str]) -> tuple[Network, ...]:
    """Networks as people write them: 203.0.113.0/24, 2001:db8::/32, or one address. Raises ValueError."""
    return tuple(ipaddress.ip_network(word.strip(), strict=False) for word in words)


def _proxied(visitor: Visitor) -> Verdict | None:
    """Pictures are fetched for people by proxies. Apple's fetches all of them, read or not; the others what is read."""
    if visitor.agent.strip() == "Mozilla/5.0" or _within(visitor.ip, _APPLE):
        return Verdict(machine=True, ground=Ground.PRIVACY)
    return Verdict(ground=Ground.PROXY) if _PROXIES.search(visitor.agent) else None


def _within(ip: str, known: Iterable[Network]) -> bool:
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address.version == one.version and address in one for one in known)


# Google's proxy says so: "… (via ggpht.com GoogleImageProxy)"; Yahoo's: "YahooMailProxy; https://help.yahoo.com/…".
_PROXIES = re.compile(r"GoogleImageProxy|YahooMailProxy", re.IGNORECASE)

# Scanners that give their name; and programs that are no browsers, whoever runs them.
_PROGRAMS = re.compile(
    r"""barracuda|proofpoint|mimecast|safelinks|microsoft\ office|ms-office|ironport|ciscosecureemail|trend\ ?micro
    |tmase|fortimail|fortiguard|sophos|symantec|messagelabs|forcepoint|websense|zscaler|vade|avanan|checkpoint
    |skypeuripreview|teams.*preview|slackbot|telegrambot|whatsapp/|facebookexternalhit|twitterbot|linkedinbot|bingpreview
    |bot\b|crawl|spider|scanner|preview|headless|phantomjs|curl/|wget/|python-|aiohttp|httpx|libwww|java/|okhttp
    |go-http-client|node-fetch|axios|apache-httpclient|powershell|winhttp|urllib""",
    re.VERBOSE | re.IGNORECASE,
)

# Apple's own network (support.apple.com, "Use Apple products on enterprise networks").
_APPLE = networks(("17.0.0.0/8", "2620:149::/32", "2403:300::/32", "2a01:b740::/32"))

# Where mail filters work, as their owners publish it for their customers' firewalls and in their SPF records:
# Microsoft ("Microsoft 365 URLs and IP address ranges", Exchange Online Protection), Proofpoint (pphosted.com),
# Barracuda (Email Gateway Defense, United States), Mimecast ("Data Centers and URLs").
_SCANNERS = networks(
    (
        *("40.92.0.0/15", "40.107.0.0/16", "52.100.0.0/14", "104.47.0.0/17", "2a01:111:f403::/48"),
        *("67.231.144.0/20", "148.163.128.0/19", "205.220.160.0/20"),
        *("209.222.80.0/21", "64.235.144.0/20"),
        *("207.211.30.0/24", "205.139.110.0/24", "195.130.217.0/24", "91.220.42.0/24", "146.101.78.0/24"),
        *("207.82.80.0/24", "51.163.158.0/24"),
    )
)
