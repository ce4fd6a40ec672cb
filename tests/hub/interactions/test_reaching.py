"""The best channel learnt: what is suggested and said, against customers of whom the truth is known."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from channels.message import Kind
from hub.interactions import reaching
from hub.interactions.reaching import General, Sent, Tally
from tests.hub.interactions.reach_world import USUAL, Outcome, Person, alike, compare, differing, mail_is_best

EMAIL, SMS, VOICE = USUAL
GENERAL: General = {(kind, hour): Tally(10, 3) for kind in USUAL for hour in range(8, 21)}


def sent(kind: Kind, answered: int, tried: int, *, hour: int = 10, days: float = 10) -> list[Sent]:
    return [Sent(kind, hour, days, True, n < answered) for n in range(tried)]


def test_a_channel_that_is_surely_answered_more_goes_first_and_says_why() -> None:
    past = sent(SMS, 4, 4, hour=17) + sent(SMS, 0, 3, hour=9) + sent(EMAIL, 1, 9)
    found = reaching.suggest(past, GENERAL, USUAL)
    assert (found.kinds, found.learnt) == ((SMS, EMAIL, VOICE), True)
    assert [str(one.why) for one in found.channels] == [
        "4 of 7 answered, best between 16 and 18 o’clock",
        "1 of 9 answered",
        "nothing was sent; of others 30 % answer",
    ]


def test_one_answer_and_one_silence_change_nothing() -> None:
    found = reaching.suggest(sent(SMS, 1, 1) + sent(EMAIL, 0, 1), GENERAL, USUAL)
    assert (found.kinds, found.learnt, found.known) == (USUAL, False, True)


def test_what_is_known_of_others_alone_moves_nothing() -> None:
    calls_are_answered = {(VOICE, 10): Tally(1000, 900), (EMAIL, 10): Tally(1000, 10)}
    found = reaching.suggest([], calls_are_answered, USUAL)
    assert (found.kinds, found.learnt, found.known) == (USUAL, False, False)


def test_few_messages_leave_the_rate_near_the_general_one_and_many_do_not() -> None:
    few, many = (reaching.suggest(sent(SMS, n, n, days=0), GENERAL, USUAL).channels for n in (1, 40))
    rates = [next(one.rate.mean for one in found if one.kind is SMS) for found in (few, many)]
    assert rates == [pytest.approx(2.2 / 5, abs=0.01), pytest.approx(41.2 / 44, abs=0.01)]


def test_what_is_long_ago_counts_for_less_than_what_is_new() -> None:
    moved = (
        sent(EMAIL, 8, 8, days=500) + sent(EMAIL, 0, 8, days=5) + sent(SMS, 0, 8, days=500) + sent(SMS, 8, 8, days=5)
    )
    assert reaching.suggest(moved, GENERAL, USUAL).kinds[0] is SMS


def test_hours_go_round_midnight() -> None:
    past = sent(SMS, 6, 6, hour=23) + sent(SMS, 6, 6, hour=0) + sent(SMS, 0, 12, hour=12)
    (found,) = (one.hours for one in reaching.suggest(past, GENERAL, USUAL).channels if one.kind is SMS)
    assert found is not None
    assert (found.begins, found.ends, found.tried, found.answered) == (23, 1, 12, 12)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("messages", "channel", "with_hour"), [(6, 4.0, 4.0), (12, 9.0, 9.0), (30, 15.0, 17.0)])
def test_the_learnt_channel_is_answered_more_where_customers_differ(
    messages: int, channel: float, with_hour: float, seed: int
) -> None:
    """Margins in answers to 100 messages; what they are is printed with `-s`."""
    found = told(differing, messages, seed)
    assert found.channel >= found.plain + channel
    assert found.channel_and_hour >= found.plain + with_hour


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("messages", [0, 6, 30])
def test_nothing_is_lost_where_there_is_nothing_to_learn(messages: int, seed: int) -> None:
    assert (one := told(alike, messages, seed)).channel_and_hour == one.channel == one.plain
    best_already = told(mail_is_best, messages, seed)
    assert best_already.channel_and_hour >= best_already.plain - 1.0


def told(kind_of: Callable[[random.Random], Person], messages: int, seed: int) -> Outcome:
    found = compare(kind_of, messages, seed)
    print(f"{kind_of.__name__}, {messages} messages, seed {seed}: {found}")
    return found
