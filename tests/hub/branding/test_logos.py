"""A logo is known by its own bytes, within limits."""

from __future__ import annotations

import pytest

from hub.branding import logos
from hub.branding.problem import BrandProblem
from tests import drawn


@pytest.mark.parametrize("content", [drawn.png(300, 90), drawn.jpeg(300, 90), drawn.webp(300, 90)])
def test_a_picture_of_each_kind_is_read_with_its_sides(content: bytes) -> None:
    assert logos.read(content) == logos.Logo(content, 300, 90)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "Choose a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "no PNG, JPEG or WebP"),
        (b"GIF89a\x40\x00\x40\x00" + bytes(20), "no PNG, JPEG or WebP"),
        (b"\x89PNG\r\n\x1a\n<script>alert(1)</script>", "no PNG, JPEG or WebP|pixels"),
        (b"\xff\xd8\xff", "no PNG, JPEG or WebP"),
        (b"\xff\xd8\xff" + b"\xff\xc0\x00\x00" * 50, "no PNG, JPEG or WebP"),
        (b"RIFF\x00\x00\x00\x00WEBP", "no PNG, JPEG or WebP"),
        (drawn.png() + bytes(logos.LARGEST), "takes at most 300 KB"),
        (drawn.png(2001, 16), "2001 × 16 pixels"),
        (drawn.png(15, 400), "15 × 400 pixels"),
        (drawn.jpeg(60_000, 60_000), "60000 × 60000 pixels"),
        (drawn.webp(16_000, 16_000), "16000 × 16000 pixels"),
    ],
    ids=["nothing", "svg", "gif", "script", "short", "knots", "empty", "heavy", "wide", "thin", "huge", "huger"],
)
def test_what_is_none_or_too_large_is_refused_and_says_why(content: bytes, cause: str) -> None:
    with pytest.raises(BrandProblem, match=cause) as told:
        logos.read(content)
    assert told.value.field == "logo"


def test_a_logo_is_shown_no_larger_than_it_is_and_no_larger_than_its_place() -> None:
    sides = [(100, 40), (2000, 100), (50, 2000), (16, 2000)]
    assert [logos.shown(*one) for one in sides] == [(100, 40), (240, 12), (2, 64), (1, 64)]
