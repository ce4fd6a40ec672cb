"""/api/v1/reports: what the pages of the same names show, as JSON and, table by table, as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from hub.api.access import Caller, ReportReader
from hub.api.problems import Endpoint, Problem, wrong
from hub.api.shapes import Page, Zone
from hub.campaigns import costs
from hub.reports import commas, making, spans
from hub.reports.asked import Narrowed
from hub.reports.parts import PARTS, Part
from hub.reports.shapes import Measure, Report, Table
from hub.reports.spans import Span, SpanProblem

router = APIRouter(tags=["Reports"], route_class=Endpoint)
_ANY = "Empty: the first table"


class Wanted(BaseModel):
    """Which days, and what it is narrowed to, as far as that report can be."""

    first: date | None = Field(default=None, description="Without both days: the last 30 with today")
    last: date | None = None
    zone: Zone | None = Field(default=None, description="Where days begin at midnight; without: the owner's zone")
    team_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    staff_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    channel: Annotated[str, Field(max_length=100)] = ""
    segment_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None

    @property
    def narrowed(self) -> Narrowed:
        return Narrowed(self.team_id, self.staff_id, self.channel.replace("\0", ""), self.segment_id)


class WantedTable(Wanted):
    table: Annotated[str, Field(max_length=100)] = Field(default="", description=_ANY)


class PartOut(BaseModel):
    """`narrowed`: what it can be narrowed to."""

    name: str
    narrowed: list[str]


class FigureOut(BaseModel):
    """Shares are parts of one, times are seconds, money is text so that no cent is lost; null: not to be reckoned."""

    name: str
    measure: Measure
    value: int | float | str | None
    before: int | float | str | None = Field(description="The same of as many days just before")


class ColumnOut(BaseModel):
    name: str
    measure: Measure


class TableOut(BaseModel):
    name: str
    columns: list[ColumnOut]
    rows: list[list[int | float | str | None]]


class ReportOut(BaseModel):
    name: str
    first: date
    last: date
    zone: str
    before_first: date
    before_last: date
    figures: list[FigureOut]
    tables: list[TableOut]


@router.get("/reports")
async def list_reports(caller: ReportReader) -> Page[PartOut]:
    """Those that the token's owner may read."""
    mine = {name: part for name, part in PARTS.items() if caller.may(part.action)}
    return Page(items=[PartOut(name=name, narrowed=list(part.narrowed)) for name, part in mine.items()])


@router.get(
    "/reports/{name}.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "One table"}},
)
async def read_report_as_csv(caller: ReportReader, name: str, wanted: Annotated[WantedTable, Query()]) -> Response:
    """One table of it, its columns by their names, safe to open in a spreadsheet."""
    report = await _made(caller, name, wanted, _span(caller, wanted))
    found = next((one for one in report.tables if wanted.table in ("", one.name)), None)
    if found is None:
        known = ", ".join(one.name for one in report.tables)
        raise Problem(404, "Table", f"This report has no table {wanted.table!r}", remedy=f"Ask for one of: {known}")
    return Response(commas.for_programs(found), media_type=commas.MEDIA_TYPE)


@router.get("/reports/{name}")
async def read_report(caller: ReportReader, name: str, wanted: Annotated[Wanted, Query()]) -> ReportOut:
    """Its figures, beside those of as many days just before, and its tables."""
    span = _span(caller, wanted)
    report = await _made(caller, name, wanted, span)
    return ReportOut(
        name=name,
        first=span.first,
        last=span.last,
        zone=span.zone,
        before_first=span.before.first,
        before_last=span.before.last,
        figures=[
            FigureOut(name=one.name, measure=one.measure, value=_plain(one.value), before=_plain(one.before))
            for one in report.figures
        ],
        tables=[_table(one) for one in report.tables],
    )


def _part(caller: Caller, name: str) -> Part:
    part = PARTS.get(name)
    if part is None:
        raise Problem(404, "Report", "There is no such report", remedy="Look at the list of reports")
    caller.demand(part.action)
    return part


def _span(caller: Caller, wanted: Wanted) -> Span:
    zone = wanted.zone or caller.staff.timezone
    try:
        if wanted.first is None and wanted.last is None:
            return spans.preset("30", caller.now, zone)
        return spans.own(str(wanted.first), str(wanted.last), zone)
    except SpanProblem as e:
        raise wrong("Report", "query.first", str(e)) from e


async def _made(caller: Caller, name: str, wanted: Wanted, span: Span) -> Report:
    _part(caller, name)
    prices = costs.prices(caller.hub.settings.channels)
    try:
        async with caller.hub.database.unit() as session:
            return await making.made(session, name, span, wanted.narrowed, prices=prices, now=caller.now)
    except SpanProblem as e:
        raise wrong("Report", "query.segment_id", str(e)) from e


def _table(table: Table) -> TableOut:
    columns = [ColumnOut(name=name, measure=measure) for name, measure in table.columns]
    return TableOut(name=table.name, columns=columns, rows=[_row(row) for row in table.rows])


def _row(row: Sequence[object]) -> list[int | float | str | None]:
    return [_plain(value) for value in row]


def _plain(value: object) -> int | float | str | None:
    return str(value) if isinstance(value, Decimal | date) else value if isinstance(value, int | float | str) else None
