"""The score of a customer's purchases: the owner's formula, its edges, and what holds of any purchases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.customers.rfm import USUAL, Bought, Formula, MostOf, Score, score
from hub.settings import RfmTable

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def bought(days: float, amount: str = "10", currency: str = "EUR") -> Bought:
    return Bought(NOW - timedelta(days=days), Decimal(amount), currency)


@pytest.mark.parametrize(
    ("days", "points"),
    [(0, 24), (91, 24), (91.001, 12), (183, 12), (183.001, 6), (274, 6), (274.001, 3), (365, 3), (365.001, 0)],
)
def test_recency_falls_with_the_age_of_the_last_purchase(days: float, points: int) -> None:
    assert score([bought(days), bought(days + 5)], USUAL, now=NOW).recency == points


def test_each_purchase_of_the_year_counts_for_frequency_and_for_money_up_to_nine() -> None:
    several = [bought(1, "20"), bought(100, "90"), bought(300, "5000"), bought(366, "5000")]
    assert score(several, USUAL, now=NOW) == Score(
        recency=Decimal(24), frequency=Decimal(12), money=Decimal(20), counted=3, last=NOW - timedelta(days=1)
    )


def test_who_bought_nothing_or_only_tomorrow_has_no_points() -> None:
    assert score([], USUAL, now=NOW) == score([bought(-1)], USUAL, now=NOW) == Score()


def test_the_most_points_for_money_may_be_of_all_purchases_together() -> None:
    together = replace(USUAL, money_most_of=MostOf.ALL)
    assert score([bought(1, "50"), bought(2, "60")], together, now=NOW).money == 9
    assert score([bought(1, "20"), bought(2, "30")], together, now=NOW).money == 5


def test_an_amount_in_another_currency_counts_by_its_rate_and_else_as_it_is() -> None:
    formula = replace(USUAL, rates={"PLN": Decimal("0.25")})
    assert score([bought(1, "40", "PLN"), bought(1, "40", "BGN")], formula, now=NOW).money == 5


BOUGHT = st.builds(
    bought,
    st.floats(-10, 1000, allow_nan=False),
    st.decimals(0, 999_999_999, places=3).map(str),
    st.sampled_from(["EUR", "PLN"]),
)


@given(several=st.lists(BOUGHT), one=BOUGHT)
def test_a_purchase_more_never_takes_points_away(several: list[Bought], one: Bought) -> None:
    before, after = score(several, USUAL, now=NOW), score([*several, one], USUAL, now=NOW)
    assert (after.recency >= before.recency, after.frequency >= before.frequency, after.money >= before.money) == (
        True,
        True,
        True,
    )


@given(several=st.lists(BOUGHT))
def test_the_order_of_purchases_changes_nothing(several: list[Bought]) -> None:
    assert score(several, USUAL, now=NOW) == score(several[::-1], USUAL, now=NOW)


@given(several=st.lists(BOUGHT), days=st.integers(0, 2000))
def test_who_buys_nothing_more_never_gains_by_waiting(several: list[Bought], days: int) -> None:
    past = [one for one in several if one.at <= NOW]
    later = score(past, USUAL, now=NOW + timedelta(days=days))
    assert later.total <= score(past, USUAL, now=NOW).total


@given(several=st.lists(BOUGHT))
def test_no_part_outgrows_what_its_purchases_allow(several: list[Bought]) -> None:
    found = score(several, USUAL, now=NOW)
    assert found.frequency == 4 * found.counted
    assert found.money <= 9 * found.counted
    assert found.recency in (0, 3, 6, 12, 24)
    assert (found.total == 0) == (found.last is None)


def test_a_formula_is_read_as_it_was_kept() -> None:
    table = RfmTable.model_validate({"recency": [{"days": 7, "points": "1.5"}], "rates": {"PLN": "0.23"}})
    assert Formula.read(table.model_dump(mode="json")) == Formula.of(table)


@pytest.mark.parametrize("recency", [[(10, 1), (5, 0)], [(5, 1), (10, 2)], [(5, 1), (5, 1)]])
def test_older_purchases_may_not_be_worth_more(recency: list[tuple[int, int]]) -> None:
    with pytest.raises(ValidationError, match="from the fewest days to the most"):
        RfmTable.model_validate({"recency": [{"days": days, "points": points} for days, points in recency]})
