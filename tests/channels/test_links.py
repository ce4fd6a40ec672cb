"""What a reader may click in plain text."""

from __future__ import annotations

import time

import pytest

from channels import links


def found(text: str) -> list[tuple[str, str]]:
    return [(text[link.start : link.end], link.url) for link in links.find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See https://meadow.example/a?b=c.", [("https://meadow.example/a?b=c", "https://meadow.example/a?b=c")]),
        ("(www.meadow.example)", [("www.meadow.example", "http://www.meadow.example")]),
        ("https://en.wiki.example/A_(b)", [("https://en.wiki.example/A_(b)", "https://en.wiki.example/A_(b)")]),
        ("<https://a.example/x>, then", [("https://a.example/x", "https://a.example/x")]),
        ("write to ana@meadow.example!", [("ana@meadow.example", "mailto:ana@meadow.example")]),
        ("пишите на иван@пример.бг", [("иван@пример.бг", "mailto:иван@пример.бг")]),
        ("javascript:alert(1) data:text/html,x file:///etc/passwd", []),
        ("https:// and http://. and @ alone", []),
        ("https://a.example/ https://b.example/", [(u, u) for u in ("https://a.example/", "https://b.example/")]),
    ],
)
def test_addresses_are_found_without_what_only_stands_beside_them(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text", ["a" * 500_000, "a@" * 200_000, "www." * 150_000, "https://" + "(" * 500_000, "@." * 200_000]
)
def test_a_hostile_megabyte_is_searched_in_linear_time(text: str) -> None:
    started = time.process_time()
    list(links.find(text))
    assert time.process_time() - started < 3
