"""What a report's figures say of the days before."""

from __future__ import annotations

import pytest

from hub.reports.shapes import Figure, Measure, Value
from hub.reports.telling import Teller


@pytest.mark.parametrize(
    ("measure", "value", "before", "said"),
    [
        (Measure.COUNT, 198, 134, "+48 %"),
        (Measure.TIME, 60.0, 120.0, "−50 %"),
        (Measure.COUNT, 5, 5, "+0 %"),
        (Measure.COUNT, 5, 0, ""),  # no share of nothing
        (Measure.COUNT, 5, None, ""),
        (Measure.SHARE, 0.5, 0.4, ""),  # a share of a share would be read as points
    ],
)
def test_a_figure_says_how_much_more_it_is_than_before(
    measure: Measure, value: Value, before: Value, said: str
) -> None:
    assert Teller("en").change(Figure("sent", measure, value, before)) == said
