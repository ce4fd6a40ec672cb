"""What is announced to open pages, cut into notices that PostgreSQL takes."""

from __future__ import annotations

import json

import pytest

from hub.live import Happening, notices


@pytest.mark.parametrize("length", [1, 36, 300])
def test_many_happenings_travel_in_their_order_in_notices_that_are_not_too_long(length: int) -> None:
    told = [Happening("customer", {"id": f"{number:0{length}}"}) for number in range(1_000)]
    _, payloads = notices(told)
    assert max(map(len, payloads)) < 8_000
    assert [Happening(one["topic"], one["ids"]) for payload in payloads for one in json.loads(payload)] == told


def test_what_happened_twice_is_announced_once() -> None:
    once, other = Happening("customer", {"id": "1"}), Happening("conversation", {"id": "1"})
    _, payloads = notices([once, other, once])
    assert [json.loads(one) for one in payloads] == [
        [{"topic": "customer", "ids": {"id": "1"}}, {"topic": "conversation", "ids": {"id": "1"}}]
    ]


def test_nothing_is_announced_with_no_notice() -> None:
    assert notices([])[1] == []
