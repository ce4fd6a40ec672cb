"""A report as a mail: its figures and tables in words, with bars that any mail program shows. No picture, no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from hub.models.vocabulary import Rhythm
from hub.outbound import mjml
from hub.outbound.rendering import Rendered
from hub.reports.shapes import Measure, Report, Table, Value
from hub.reports.spans import Span
from hub.reports.telling import Teller
from hub.reports.words import NAMES, PARTS, RHYTHMS, TABLES
from hub.sentences import Sentence

MOST_ROWS = 31  # of a table: a month's days; the file has them all
_COMPARED = Sentence("compared with %(first)s – %(last)s")
_WORDS = frozenset({Measure.NAME, Measure.WORD, Measure.DAY})


@dataclass(frozen=True, slots=True)
class Edition:
    """What is written about. `narrowed`: what it was narrowed to, by names. Without a `report` there is `trouble`."""

    name: str
    rhythm: Rhythm
    span: Span
    narrowed: Sequence[str]
    report: Report | None
    trouble: Sentence | None
    address: str  # of the report's page, with the same choices
    stop_at: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table; `bar`: its length in hundredths of the longest, 0 for none."""

    cells: Sequence[str]
    bar: int


def written(edition: Edition, teller: Teller) -> Rendered:
    """Subject, text and HTML in the language of `teller`; whatever a cell holds is shown as it is."""
    values = _values(edition, teller)
    subject = f"{values['title']}, {values['days']}"
    text = _environment(html=False).from_string(_source("mail.txt")).render(values)
    html = _environment(html=True).from_string(mjml.compiled(_source("mail.mjml"))).render(values)
    return Rendered(subject, text, html, teller.language)


def _values(edition: Edition, teller: Teller) -> dict[str, object]:
    """What both templates are filled with."""
    title, how = PARTS[edition.name]
    report = edition.report
    rhythm = {"rhythm": RHYTHMS[edition.rhythm]}
    return {
        "language": teller.language,
        "title": teller.said(title),
        "days": _days(Sentence("%(first)s – %(last)s"), edition.span, teller),
        "compared": _days(_COMPARED, edition.span.before, teller) if report else "",
        "narrowed": edition.narrowed,
        "trouble": teller.said(edition.trouble) if edition.trouble else "",
        "empty": teller.said(Sentence("Nothing in these days")) if report and report.empty else "",
        "figures": _figures(report, teller) if report and not report.empty else [],
        "tables": [_table(table, teller) for table in report.tables if table.rows] if report else [],
        "how": teller.said(how) if report else "",
        "open": teller.said(Sentence("Open the report")),
        "address": edition.address,
        "why": teller.said(Sentence("You get this because you subscribed to it (%(rhythm)s).", rhythm)),
        "stop": teller.said(Sentence("Stop it, or choose others")),
        "stop_at": edition.stop_at,
    }


def _days(said: Sentence, span: Span, teller: Teller) -> str:
    """A single day is named once."""
    first, last = (teller.value(Measure.DAY, day) for day in (span.first, span.last))
    whole = teller.said(Sentence(said.words, {"first": first, "last": last}))
    return whole.replace(f"{first} – {last}", first) if first == last else whole


def _figures(report: Report, teller: Teller) -> list[dict[str, str]]:
    before = Sentence("before: %(value)s").words
    return [
        {
            "name": teller.said(NAMES[one.name]),
            "value": teller.value(one.measure, one.value),
            "before": teller.said(Sentence(before, {"value": teller.value(one.measure, one.before)})),
        }
        for one in report.figures
    ]


def _table(table: Table, teller: Teller) -> dict[str, object]:
    shown = table.rows[:MOST_ROWS]
    gaps = {"shown": len(shown), "all": len(table.rows)}
    cut = Sentence("The first %(shown)s of %(all)s rows. All of them are in the file.", gaps)
    return {
        "title": teller.said(TABLES[table.name]),
        "head": [teller.said(NAMES[name]) for name, _ in table.columns],
        "rows": [Row(_cells(table, row, teller), bar) for row, bar in zip(shown, _bars(table), strict=False)],
        "note": teller.said(cut) if len(shown) < len(table.rows) else "",
    }


def _cells(table: Table, row: Sequence[Value], teller: Teller) -> list[str]:
    return [teller.value(measure, value) for value, (_, measure) in zip(row, table.columns, strict=True)]


def _bars(table: Table) -> list[int]:
    """By the first column of numbers; what cannot be a length has none."""
    place = next((place for place, (_, measure) in enumerate(table.columns) if measure not in _WORDS), None)
    numbers = [0.0 if place is None else _length(row[place]) for row in table.rows]
    top = max(numbers, default=0.0)
    return [max(round(100 * number / top), 1) if number else 0 for number in numbers]


def _length(value: Value) -> float:
    return max(float(value), 0.0) if isinstance(value, int | float | Decimal) else 0.0


@cache
def _environment(*, html: bool) -> Environment:
    """Our own two templates alone: a text part has nothing to escape."""
    strict = {"undefined": StrictUndefined, "trim_blocks": not html, "lstrip_blocks": not html}
    return Environment(autoescape=html, **strict)  # type: ignore[arg-type]  # noqa: S701


@cache
def _source(file: str) -> str:
    """From beside the packages in a checkout, from inside `hub` in an installed wheel."""
    package = Path(__file__).parents[1]
    beside = package.parent / "templates" / "reports" / file
    return (beside if beside.is_file() else package / "templates" / "reports" / file).read_text(encoding="utf-8")
