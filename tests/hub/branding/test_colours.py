"""The company's colour: read as people write it; on it and in it everything can be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.branding import colours
from hub.branding.problem import BrandProblem


@given(st.integers(0, 0xFFFFFF))
def test_every_colour_has_words_that_can_be_read_on_it_and_shades_that_can_be_read_on_both_papers(number: int) -> None:
    found = colours.palette(f"#{number:06x}")
    assert colours.contrast(found.ink, found.fill) >= colours.ENOUGH
    assert colours.contrast(found.light, colours.LIGHT_PAPER) >= colours.ENOUGH
    assert colours.contrast(found.dark, colours.DARK_PAPER) >= colours.ENOUGH


def test_contrast_is_as_the_standard_reckons_it() -> None:
    pairs = [("#ffffff", "#000000"), ("#777777", "#ffffff"), ("#0054a6", "#ffffff"), ("#ffd400", "#000000")]
    assert [round(colours.contrast(*pair), 2) for pair in pairs] == [21.0, 4.48, 7.45, 14.67]


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert colours.palette("#0054a6").light == "#0054a6"
    assert colours.palette("#ffd400").dark == "#ffd400"


@pytest.mark.parametrize(
    ("typed", "kept"), [("#1D6F42", "#1d6f42"), (" 1d6f42 ", "#1d6f42"), ("#fC0", "#ffcc00"), ("", ""), ("  ", "")]
)
def test_a_colour_is_read_as_people_write_it(typed: str, kept: str) -> None:
    assert colours.read(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["red", "#12345", "#1234567", "#12 456", "#fff}body{display:none", "url(//evil.example)", "#\uff11\uff12\uff13"],
)
def test_anything_else_is_refused_and_named(typed: str) -> None:
    with pytest.raises(BrandProblem, match="is no colour") as told:
        colours.read(typed)
    assert told.value.field == "accent"
