"""How much a pump has under way follows how much leaves: a kill leaves little unknown, and few commits serve many."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from hub.outbound.pump import Flow, shares


@dataclass
class Hand:
    """Of a clock that somebody moves."""

    at: float = 0.0

    def __call__(self) -> float:
        return self.at


def after(rate: int, seconds: float) -> tuple[Hand, Flow]:
    """So many a second have left for so long."""
    hand = Hand()
    flow = Flow(hand)
    for number in range(int(rate * seconds)):
        hand.at = number / rate
        flow.count()
    return hand, flow


@pytest.mark.parametrize(("rate", "window"), [(10, 20), (200, 20), (1_000, 100), (4_000, 200)])
def test_as_many_are_under_way_as_leave_in_a_tenth_of_a_second(rate: int, window: int) -> None:
    _, flow = after(rate, seconds=2)
    assert flow.window(200) == pytest.approx(window, abs=1)


def test_a_channel_that_allows_less_has_less_under_way() -> None:
    _, flow = after(4_000, seconds=1)
    assert (flow.window(64), flow.window(1)) == (64, 1)


def test_who_stood_still_begins_with_few() -> None:
    hand, flow = after(4_000, seconds=1)
    hand.at += 60
    assert flow.window(200) == 20


@pytest.mark.parametrize(("window", "bulk", "together"), [(1, 1, 1), (4, 3, 3), (20, 16, 5), (500, 400, 133)])
def test_a_third_of_the_bulk_is_begun_together_and_of_little_all(window: int, bulk: int, together: int) -> None:
    assert shares(window) == (bulk, together)


@pytest.mark.parametrize("window", range(1, 100))
def test_what_is_begun_together_has_room(window: int) -> None:
    bulk, together = shares(window)
    assert 1 <= together <= bulk <= window
