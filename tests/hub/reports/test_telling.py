"""What a report's figures say of the days before."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.reports.commas import written
from hub.reports.shapes import Figure, Measure, Table, Value
from hub.reports.telling import Teller


@pytest.mark.parametrize(
    ("measure", "value", "before", "said"),
    [
        (Measure.COUNT, 198, 134, "+48 %"),
        (Measure.TIME, 60.0, 120.0, "−50 %"),
        (Measure.COUNT, 5, 5, "+0 %"),
        (Measure.COUNT, 5, 0, ""),  # no share of nothing
        (Measure.COUNT, 5, None, ""),
        (Measure.COUNT, 5, -5, ""),  # a loss of five that became a growth of five
        (Measure.COUNT, -10, -5, ""),  # twice the loss is not 100 % more
        (Measure.MONEY, Decimal("3.00"), Decimal("2.00"), "+50 %"),
        (Measure.SHARE, 0.5, 0.4, ""),  # a share of a share would be read as points
    ],
)
def test_a_figure_says_how_much_more_it_is_than_before(
    measure: Measure, value: Value, before: Value, said: str
) -> None:
    assert Teller("en").change(Figure("sent", measure, value, before)) == said


def test_a_sum_that_was_divided_is_saved_with_six_digits_and_a_price_as_it_is() -> None:
    cells = (Decimal(1) / Decimal(3), Decimal("0.0075"), 1 / 3)
    table = Table(
        "by_currency", tuple((name, Measure.MONEY) for name in ("cost", "cost_before", "cost_per_answer")), [cells]
    )
    assert written(table, Teller("en")).decode("utf-8-sig").splitlines()[1] == "0.333333,0.0075,0.333333"
