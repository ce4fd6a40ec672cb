"""A report's table as CSV, safe to open in a spreadsheet: numbers plain, times in seconds, shares as parts of one."""

from __future__ import annotations

from decimal import Decimal

from hub.customers.exporting import csv_text
from hub.reports.shapes import Table, Value
from hub.reports.telling import Teller
from hub.reports.words import NAMES

MEDIA_TYPE = "text/csv; charset=utf-8"
_DIGITS = 6  # behind the point


def written(table: Table, teller: Teller) -> bytes:
    """With the mark by which spreadsheets know UTF-8."""
    head = tuple(teller.said(NAMES[name]) for name, _ in table.columns)
    rows = [
        tuple(
            teller.value(measure, value) if isinstance(value, str) else _short(value)
            for value, (_, measure) in zip(row, table.columns, strict=True)
        )
        for row in table.rows
    ]
    return csv_text([head, *rows]).encode("utf-8-sig")


def _short(value: Value) -> Value:
    """Of a time or a share nobody wants sixteen digits, nor twenty-eight of what an answer cost."""
    if isinstance(value, Decimal) and value.as_tuple().exponent < -_DIGITS:  # type: ignore[operator]
        return round(value, _DIGITS)
    return round(value, _DIGITS) if isinstance(value, float) else value


def for_programs(table: Table) -> str:
    """The columns' names and the values as they are reckoned, in no language."""
    return csv_text([tuple(name for name, _ in table.columns), *table.rows])
