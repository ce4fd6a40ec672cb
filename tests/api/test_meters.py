"""Meters: a burst at once, then so many a second; and how much a program may say at once."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from hub.api import meters
from hub.api.meters import Meter
from hub.api.v1.message_shapes import TemplateIn


def test_a_burst_is_free_and_then_one_comes_back_at_a_time() -> None:
    meter = Meter(burst=3, every=10)
    assert [meter.take("a", now) for now in (0, 0, 0, 0, 9, 10, 10, 20)] == [True] * 3 + [False] * 2 + [
        True,
        False,
        True,
    ]


def test_keys_do_not_share() -> None:
    meter = Meter(burst=1, every=10)
    assert [meter.take("a", 0), meter.take("b", 0), meter.is_empty("a", 5), meter.is_empty("c", 5)] == [
        True,
        True,
        True,
        False,
    ]


def test_only_so_many_keys_are_remembered() -> None:
    meter = Meter(burst=1, every=1_000_000)
    for number in range(meters.KEYS + 1):
        meter.take(str(number), 0)
    assert [meter.is_empty("0", 1), meter.is_empty("1", 1)] == [False, True]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"gift": "x" * 33_000}, "more than 32,768 bytes"),
        ({"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {}}}}}}}}}, "more than 8 deep"),
        ({"a": [[[[[[[[1]]]]]]]]}, "more than 8 deep"),
    ],
)
def test_the_values_of_a_template_are_bounded(values: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TemplateIn(name="spring", variables=values)


def test_values_up_to_the_bound_are_taken() -> None:
    assert TemplateIn(name="spring", variables={"gift": "x" * 32_000, "a": [[[[[[[1]]]]]]]}).name == "spring"
