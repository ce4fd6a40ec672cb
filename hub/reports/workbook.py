"""A report as a workbook for spreadsheets (XLSX): its figures on one sheet, each table on one of its own."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import Any

from xlsxwriter import Workbook

from hub.reports.shapes import Measure, Report, Table, Value
from hub.reports.telling import Teller
from hub.reports.words import NAMES, PARTS, TABLES
from hub.sentences import Sentence

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LONGEST_TITLE, _WIDE = 31, 22
_DAY = 24 * 60 * 60
_FORMATS = {
    Measure.SHARE: "0.0%",
    Measure.SCORE: "0.0",
    Measure.TIME: "[h]:mm:ss",
    Measure.MONEY: "0.00",
    Measure.DAY: "yyyy-mm-dd",
}


def written(name: str, report: Report, teller: Teller, *, made_at: datetime) -> bytes:
    """Words are written as text whatever they look like: none becomes a formula or a link. The same gives the same."""
    file = io.BytesIO()
    with Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"created": made_at.astimezone(UTC).replace(tzinfo=None)})
        formats = {measure: book.add_format({"num_format": pattern}) for measure, pattern in _FORMATS.items()}
        bold = book.add_format({"bold": True})
        _figures(book.add_worksheet(_title(teller.said(PARTS[name][0]))), report, teller, formats, bold)
        for table in report.tables:
            sheet = book.add_worksheet(_title(teller.said(TABLES[table.name])))
            _table(sheet, table, teller, formats, bold)
    return file.getvalue()


def _figures(sheet: Any, report: Report, teller: Teller, formats: Any, bold: Any) -> None:
    _head(sheet, [teller.said(one) for one in (Sentence("Figure"), Sentence("Now"), Sentence("Before"))], bold)
    for row, figure in enumerate(report.figures, 1):
        sheet.write_string(row, 0, teller.said(NAMES[figure.name]))
        for column, value in ((1, figure.value), (2, figure.before)):
            _cell(sheet, row, column, value, figure.measure, teller, formats)


def _table(sheet: Any, table: Table, teller: Teller, formats: Any, bold: Any) -> None:
    _head(sheet, [teller.said(NAMES[name]) for name, _ in table.columns], bold)
    for row, values in enumerate(table.rows, 1):
        for column, (value, (_, measure)) in enumerate(zip(values, table.columns, strict=True)):
            _cell(sheet, row, column, value, measure, teller, formats)


def _head(sheet: Any, names: list[str], bold: Any) -> None:
    for column, name in enumerate(names):
        sheet.write_string(0, column, name, bold)
    sheet.set_column(0, len(names) - 1, _WIDE)
    sheet.freeze_panes(1, 0)


def _cell(sheet: Any, row: int, column: int, value: Value, measure: Measure, teller: Teller, formats: Any) -> None:
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(row, column, teller.value(measure, value))
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, formats[Measure.DAY])
    else:
        number = float(value) / _DAY if measure is Measure.TIME else value
        sheet.write_number(row, column, number, formats.get(measure))


def _title(words: str) -> str:
    """As spreadsheets allow it."""
    return "".join(letter for letter in words if letter not in "[]:*?/\\'")[:_LONGEST_TITLE]
