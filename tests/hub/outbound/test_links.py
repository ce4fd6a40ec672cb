"""Addresses that tell us what was followed: made for what may be followed, and leading there to the letter."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from hub.outbound import links
from hub.outbound.links import Trail
from hub.outbound.rendering import Rendered
from hub.outbound.request import Gate

MESSAGE = UUID("019c0000-0000-7000-8000-000000000001")


@pytest.fixture
def trail(gate: Gate) -> Trail:
    return Trail(gate, MESSAGE)


def led(trail: Trail, address: str) -> str | None:
    """Where an address of ours leads, as the web server finds it."""
    found = re.fullmatch(rf"{trail.gate.public_url}/l/([\w-]{{35}})/([\w-]+)", address)
    if found is None:
        return None
    url = links.read_target(found[2])
    read = trail.gate.signer.read_link_token(links.CLICK, found[1], url or "")
    return url if read == trail.message else None


def test_every_link_of_a_mail_leads_by_us_to_where_it_led(trail: Trail) -> None:
    html = (
        '<body><a class="b" href="https://shop.example/?a=1&amp;b=2">x</a>'
        "<A HREF='HTTP://Shop.example/ż'>y</A><area href=\"https://map.example/#x\"></body>"
    )
    sent = BeautifulSoup(links.mail(Rendered("s", "t", html, "en"), trail).html, "html.parser")
    addresses = [str(one["href"]) for one in sent.select("a:not([style]), area")]
    targets = ["https://shop.example/?a=1&b=2", "HTTP://Shop.example/ż", "https://map.example/#x"]
    assert [led(trail, one) for one in addresses] == targets


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "mailto:ana@example.org",
        "tel:+48123",
        "#top",
        "/relative",
        "//other.example",
        "http://hub.example/u/abc",
        "http://",
        "https:///x",
        "http://[x",
        "https://a.example/a b",
        "https://a.example\\@evil.example",
        "java\tscript:alert(1)",
        f"https://a.example/{'x' * 2000}",
    ],
)
def test_what_is_not_another_s_web_address_stays_as_it_is(trail: Trail, href: str) -> None:
    html = f'<a href="{href}">x</a>'
    assert f'href="{href}"' in links.mail(Rendered("s", "t", html, "en"), trail).html


def test_an_address_that_only_begins_like_ours_is_somebody_else_s(trail: Trail) -> None:
    assert links.is_followed("http://hub.example.evil.example/", trail.gate)


def test_html_carries_a_dot_and_a_link_that_nobody_sees_and_text_carries_neither(trail: Trail) -> None:
    sent = links.mail(
        Rendered("s", "See https://a.example.", '<body><a href="https://a.example">a</a></BODY >', "en"), trail
    )
    page = BeautifulSoup(sent.html, "html.parser")
    (dot,), (trap,) = page.select("body > img"), page.select("body > a[aria-hidden]")
    assert dot["src"] == trail.picture()
    assert (trap["href"], trap["tabindex"], trap.text) == (trail.trap(), "-1", "")
    assert led(trail, sent.text.removeprefix("See ").removesuffix(".")) == "https://a.example"


def test_a_mail_without_html_gets_no_picture_and_one_without_links_no_trap(trail: Trail) -> None:
    assert links.mail(Rendered("s", "Hello", "", "en"), trail) == Rendered("s", "Hello", "", "en")
    assert "/l/" not in links.mail(Rendered("s", "Hello", "<p>Hello</p>", "en"), trail).html


def test_an_sms_says_the_same_address_twice_with_one_short_code(trail: Trail) -> None:
    text = "https://shop.example/spring-sale and again https://shop.example/spring-sale!"
    codes = links.short_codes(text, trail)
    ((code, url),) = codes.items()
    assert links.is_code(code)
    assert url == "https://shop.example/spring-sale"
    assert links.with_codes(text, trail, codes) == f"http://hub.example/l/{code} and again http://hub.example/l/{code}!"


def test_an_sms_is_as_long_as_it_will_be_when_it_leaves(trail: Trail) -> None:
    text = f"Tulips https://shop.example/{'x' * 200} today"
    sent = links.with_codes(text, trail, links.short_codes(text, trail))
    assert len(links.shortened(text, trail.gate)) == len(sent) < 60


def test_codes_differ_between_messages_and_are_the_same_each_time(gate: Gate) -> None:
    others = {Trail(gate, UUID(int=n)).code("https://a.example") for n in range(500)}
    assert len(others) == 500
    assert Trail(gate, UUID(int=3)).code("https://a.example") in others


@given(st.text(max_size=200))
def test_no_spelling_but_one_is_read_as_a_target(text: str) -> None:
    url = links.read_target(text)
    assert url is None or links.read_target(text + "=") is None


def test_a_token_is_bound_to_its_address_its_message_and_its_use(gate: Gate) -> None:
    signer = gate.signer
    token = signer.link_token(links.CLICK, MESSAGE, "https://a.example")
    assert signer.read_link_token(links.CLICK, token, "https://a.example") == MESSAGE
    assert signer.read_link_token(links.CLICK, token, "https://evil.example") is None
    assert signer.read_link_token(links.TRAP, token, "https://a.example") is None
    assert signer.read_message_token(token) is None
    assert signer.read_link_token(links.OPEN, signer.message_token(MESSAGE)) is None


def test_a_thousand_links_and_half_opened_tags_take_no_time(trail: Trail) -> None:
    html = "<a " * 30_000 + "<a href=" * 30_000 + '<a x="' + "y " * 100_000
    assert links.mail(Rendered("s", "t", html, "en"), trail).html.startswith(html)


def test_an_address_that_a_stranger_put_into_their_own_name_is_not_signed(gate: Gate) -> None:
    """Whoever writes to us is a customer by the name they give themselves, and may get the next campaign's mail."""
    source = "Dear {{ customer.name }}: https://shop.example{{ customer.attributes.code }}, {{ base }}/x, [https://a.example]."
    values = {
        "base": "https://Own.example:8443",
        "host": "bare.example",
        "customer": {"name": "https://evil.example/x", "attributes": {}},
        "unsubscribe_url": "https://hub.example/u/x",
    }
    trail = Trail(gate, MESSAGE, links.hosts([source], values))
    ours = ["https://shop.example/a", "https://own.example:8443/x", "https://a.example", "https://bare.example/?a"]
    strange = [
        "https://evil.example/x",
        "https://shop.example.evil.example/",
        "https://shop.example@evil.example/",
        "https://shop.exampl/",
        "https://evil.example#https://shop.example/",
        "https://evil.example?//shop.example/",
    ]
    for url in ours:
        assert led(trail, links.mail(Rendered("s", url, "", "en"), trail).text) == url
    for url in strange:
        said = links.mail(Rendered("s", f"Hi {url}", f'<a href="{url}">x</a>', "en"), trail)
        assert said.text == f"Hi {url}"
        assert f'href="{url}"' in said.html
        assert links.short_codes(f"Hi {url}", trail) == {}
