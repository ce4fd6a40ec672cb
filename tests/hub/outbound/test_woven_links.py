"""Links followed in the stretches of a campaign's mail: to the letter what is made of its whole words."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.woven import Stretch, Woven
from hub.outbound import links, rendering, woven_links
from hub.outbound.links import Trail
from hub.outbound.rendering import Written
from hub.outbound.request import Gate

MESSAGE = UUID("019c0000-0000-7000-8000-000000000001")
OWN = "http://hub.example/u/abc"
LETTER = {
    "subject": "Spring, {{ name }}",
    "body": "Dear {{ name }},\nsee https://shop.example/spring (or {{ code }}: http://shop.example).\n"
    "https://shop.example/spring again, 100 %, {{ name }}; www.shop.example, ana@shop.example\n"
    "Stop: {{ own }}\nhttps://last.example",
    "html": '<html><body><p>Dear {{ name }}</p><a class="b" href="https://shop.example/?a=1&amp;b=2">100 %</a>'
    "<A HREF='http://shop.example'>{{ code }}</A>, <a href=\"{{ own }}\">stop</a> "
    '<a href="mailto:ana@shop.example">write</a></body></html>',
}
WORDS = ["https", "://", "https://a.example", "www.", "http://hub.example/u/abc", "%", "\0", "\0"]
TAGS = ["<a ", "<area ", "href=", '<a href="', '"https://b.example/x"', "</a>", "</body", ">"]
PIECES = st.lists(st.sampled_from([*WORDS, *TAGS, *"<>\"' a\n:/.@(w"]), max_size=12).map("".join)


@dataclass(frozen=True, slots=True)
class Both:
    """What is made of stretches, and what of the whole words."""

    made: tuple[str, str, str]
    meant: tuple[str, str, str]
    is_woven: bool


def both(gate: Gate, words: Written, hosts: frozenset[str] | None = None) -> Both:
    trail = Trail(gate, MESSAGE, hosts)
    made, meant = woven_links.mail(words, trail), links.mail(words.whole, trail)
    is_woven = isinstance(made.text, Woven) and isinstance(made.html, Woven)
    return Both(
        (made.subject, str(made.text), str(made.html)), (meant.subject, meant.text, meant.html), is_woven=is_woven
    )


def written(**values: str) -> Written:
    return rendering.write({"en": LETTER}, "en", "en", {"name": "Ana", "code": "AB", "own": OWN} | values)


@pytest.mark.parametrize("hosts", [None, frozenset[str](), frozenset({"shop.example"})])
def test_the_links_of_a_template_are_followed_in_its_stretches(gate: Gate, hosts: frozenset[str] | None) -> None:
    found = both(gate, written(), hosts)
    assert found.is_woven
    assert found.made == found.meant


def test_a_link_behind_the_end_of_the_body_stays_where_it_is(gate: Gate) -> None:
    html = "<p>{{ name }}</p></body><p>{{ name }}, <a href='http://shop.example/last'>the last</a> word</p></html>"
    found = both(
        gate, rendering.write({"en": LETTER | {"html": html}}, "en", "en", {"name": "Ana", "code": "AB", "own": OWN})
    )
    assert found.is_woven
    assert found.made == found.meant


@pytest.mark.parametrize("where", ["name", "code", "own"])
@pytest.mark.parametrize(
    "value", ["http://x.example", "https", "a@b.example", "www.", "<a href='http://x.example'>", "O'Neil", "", "%s 5 %"]
)
def test_whatever_a_value_says_the_mail_is_that_of_its_whole_words(gate: Gate, where: str, value: str) -> None:
    found = both(gate, written(**{where: value}))
    assert found.made == found.meant


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=PIECES, html=PIECES, values=st.lists(PIECES.map(lambda one: one.replace("\0", "")), min_size=2, max_size=2))
def test_whatever_the_template_and_the_values_are_the_mail_is_that_of_its_whole_words(
    gate: Gate, text: str, html: str, values: list[str]
) -> None:
    first, second = (_woven(one, values) for one in (text, html))
    found = both(gate, Written("s", first, second, "en"))
    assert found.made == found.meant


def _woven(text: str, values: list[str]) -> Woven:
    """Two stretches, with a gap at each NUL."""
    stretches = []
    for half in (text[: len(text) // 2], text[len(text) // 2 :]):
        fixed = half.split("\0")
        gaps = [number % 2 for number in range(len(fixed) - 1)]
        stretches.append((Stretch.of(fixed, gaps), tuple(values[: len(gaps)])))
    return Woven(stretches)
