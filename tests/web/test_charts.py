"""Where the points of a picture lie, and the round numbers beside it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.reports.shapes import Measure, Table
from hub.web import charts

NUMBERS = st.floats(min_value=-1e9, max_value=1e9)


def drawn(numbers: list[float | None], measure: Measure = Measure.COUNT) -> charts.Chart:
    days = [(date(2026, 3, 1) + timedelta(days=n), number) for n, number in enumerate(numbers)]
    return charts.course(Table("by_day", (("day", Measure.DAY), ("sent", measure)), days, drawn=("sent",)))


@pytest.mark.parametrize(
    ("numbers", "measure", "ticks"),
    [
        ([0, 0], Measure.COUNT, (0, 1)),
        ([3, 1], Measure.COUNT, (0, 1, 2, 3)),
        ([84, 18], Measure.COUNT, (0, 50, 100)),
        ([7_300], Measure.COUNT, (0, 2_000, 4_000, 6_000, 8_000)),
        ([-40, 25], Measure.SCORE, (-40, -20, 0, 20, 40)),
        ([0.31], Measure.SHARE, (0, 0.1, 0.2, 0.3, 0.4)),
        ([40 * 60], Measure.TIME, (0, 600, 1200, 1800, 2400)),
        ([9 * 86_400], Measure.TIME, tuple(n * 86_400 for n in (0, 5, 10))),
    ],
)
def test_the_numbers_beside_it_are_those_that_people_count_in(
    numbers: list[float | None], measure: Measure, ticks: tuple[float, ...]
) -> None:
    assert drawn(numbers, measure).scale.ticks == pytest.approx(ticks)


@given(numbers=st.lists(st.none() | NUMBERS, min_size=1, max_size=400), measure=st.sampled_from(Measure))
def test_every_point_lies_in_the_picture_and_few_lines_cross_it(numbers: list[float | None], measure: Measure) -> None:
    chart = drawn(numbers, measure)
    points = [point.split(",") for _, line in chart.series for point in line.split()]
    assert all(0 <= float(x) <= chart.width and 0 <= float(y) <= chart.height for x, y in points)
    assert (0.0 in chart.scale.ticks, len(chart.scale.ticks) <= 7) == (True, True)
    assert (chart.ends[0], chart.ends[-1]) == (0, len(numbers) - 1)


def test_where_there_is_no_number_the_line_is_broken() -> None:
    assert [len(line.split()) for _, line in drawn([1, 2, None, 3]).series] == [2, 2]
