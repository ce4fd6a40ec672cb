"""A person or a program: by what is published of them and by what they say. What they do is judged elsewhere."""

from __future__ import annotations

import pytest

from hub.campaigns.machines import Verdict, Visitor, networks, verdict
from hub.models.vocabulary import Ground, Touch

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
HOME = "198.51.100.7"


@pytest.mark.parametrize(
    ("visitor", "touch", "expected"),
    [
        (Visitor(HOME, CHROME), Touch.CLICK, Verdict()),
        (Visitor(HOME, IPHONE), Touch.CLICK, Verdict()),
        (Visitor(HOME, CHROME), Touch.OPEN, Verdict()),
        (Visitor("2001:db8::7", CHROME), Touch.OPEN, Verdict()),
        (Visitor("66.249.84.1", GMAIL), Touch.OPEN, Verdict(ground=Ground.PROXY)),
        (Visitor(HOME, "YahooMailProxy; https://help.yahoo.com/kb/x"), Touch.OPEN, Verdict(ground=Ground.PROXY)),
        (Visitor(HOME, "Mozilla/5.0"), Touch.OPEN, Verdict(machine=True, ground=Ground.PRIVACY)),
        (Visitor("17.58.0.9", CHROME), Touch.OPEN, Verdict(machine=True, ground=Ground.PRIVACY)),
        (Visitor("17.58.0.9", CHROME), Touch.CLICK, Verdict()),
        (Visitor(HOME, CHROME), Touch.TRAP, Verdict(machine=True, ground=Ground.TRAP)),
        (Visitor(HOME, CHROME, "HEAD"), Touch.CLICK, Verdict(machine=True, ground=Ground.NOT_GET)),
        (Visitor(HOME, CHROME, early=True), Touch.CLICK, Verdict(machine=True, ground=Ground.PREFETCH)),
        (Visitor(HOME, ""), Touch.CLICK, Verdict(machine=True, ground=Ground.AGENT)),
        (Visitor(HOME, "Barracuda Sentinel (EE)"), Touch.CLICK, Verdict(machine=True, ground=Ground.AGENT)),
        (Visitor(HOME, "python-requests/2.32"), Touch.CLICK, Verdict(machine=True, ground=Ground.AGENT)),
        (Visitor(HOME, CHROME + " SkypeUriPreview"), Touch.CLICK, Verdict(machine=True, ground=Ground.AGENT)),
        (Visitor("40.94.28.9", CHROME), Touch.CLICK, Verdict()),
        (Visitor("104.47.2.1", CHROME), Touch.CLICK, Verdict(machine=True, ground=Ground.NETWORK)),
        (Visitor("::ffff:67.231.150.1", CHROME), Touch.CLICK, Verdict(machine=True, ground=Ground.NETWORK)),
        (Visitor("205.139.110.80", CHROME), Touch.CLICK, Verdict(machine=True, ground=Ground.NETWORK)),
        (Visitor("not an address", CHROME), Touch.CLICK, Verdict()),
    ],
)
def test_the_verdict_is_what_the_request_shows(visitor: Visitor, touch: Touch, expected: Verdict) -> None:
    assert verdict(visitor, touch) == expected


def test_an_operator_names_networks_that_we_do_not_know() -> None:
    known = networks(("203.0.113.0/24", "2001:db8:1::/48"))
    assert verdict(Visitor("203.0.113.9", CHROME), Touch.CLICK, known).ground is Ground.NETWORK
    assert verdict(Visitor("2001:db8:1::9", CHROME), Touch.CLICK, known).ground is Ground.NETWORK
    assert verdict(Visitor(HOME, CHROME), Touch.CLICK, known) == Verdict()
