"""Reports for those who lead: each on a page of its own, as CSV and as a workbook."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel, Field

from hub.customers.exporting import csv_text
from hub.reports import spans, workbook
from hub.reports.asked import Narrowed, asked
from hub.reports.parts import PARTS, Part
from hub.reports.shapes import Report, Table
from hub.reports.spans import Span, SpanProblem
from hub.reports.telling import Teller
from hub.reports.words import NAMES, TABLES
from hub.reports.words import PARTS as TITLES
from hub.segments import saved
from hub.segments.conditions import BadCondition
from hub.segments.saved import NoSuchSegment
from hub.sentences import Sentence
from hub.staff import accounts, teams
from hub.web import charts
from hub.web.access import ReportReader, Visit
from hub.web.pages import page
from hub.web.problems import Page
from hub.web.translations import language, worded

router = APIRouter(route_class=Page)
OWN = "own"
_Choice = Annotated[str, Field(max_length=100)]
_NOT_OFFERED = Sentence("One of the choices is not offered any more. Choose again")


class Wanted(BaseModel):
    """What the form above a report asks for, as it was chosen; empty: all of it."""

    days: _Choice = "30"
    first: _Choice = ""
    last: _Choice = ""
    team: _Choice = ""
    staff: _Choice = ""
    channel: _Choice = ""
    segment: _Choice = ""
    table: _Choice = ""  # of a CSV file


@router.get("/reports")
async def room(visit: ReportReader, wanted: Annotated[Wanted, Query()]) -> Response:
    """The first of them."""
    return await show(visit, next(iter(PARTS)), wanted)


@router.get("/reports/{name}.csv")
async def as_csv(visit: ReportReader, name: str, wanted: Annotated[Wanted, Query()]) -> Response:
    """One table, safe to open in a spreadsheet: numbers plain, times in seconds, shares as parts of one."""
    report, table = await _for_file(visit, name, wanted), wanted.table
    found = next((one for one in report.tables if one.name == table or not table), None)
    if found is None:
        raise HTTPException(404)
    return _file(_csv(found).encode("utf-8-sig"), "text/csv; charset=utf-8", f"{name}-{found.name}.csv")


@router.get("/reports/{name}.xlsx")
async def as_workbook(visit: ReportReader, name: str, wanted: Annotated[Wanted, Query()]) -> Response:
    report = await _for_file(visit, name, wanted)
    return _file(workbook.written(name, report, Teller(language())), workbook.MEDIA_TYPE, f"{name}.xlsx")


@router.get("/reports/{name}")
async def show(visit: ReportReader, name: str, wanted: Annotated[Wanted, Query()]) -> Response:
    part = _part(visit, name)
    data: dict[str, Any] = {
        "name": name,
        "part": part,
        "titles": {one: TITLES[one] for one, each in PARTS.items() if visit.may(each.action)},
        "names": NAMES,
        "tables": TABLES,
        "teller": Teller(language()),
        "wanted": wanted,
        "presets": spans.PRESETS,
        "query": _query(wanted),
        "charts": {},
        "report": None,
        "span": None,
        "trouble": "",
        "offered": await _offered(visit),
    }
    try:
        report = await _made(visit, part, wanted)
    except SpanProblem as e:
        return page(visit, "reports.html", status=422, **data | {"trouble": worded(e)})
    drawn = {table.name: charts.course(table) for table in report.tables if table.drawn and table.rows}
    return page(visit, "reports.html", **data | {"report": report, "span": _span(visit, wanted), "charts": drawn})


def _part(visit: Visit, name: str) -> Part:
    part = PARTS.get(name)
    if part is None:
        raise HTTPException(404)
    visit.demand(part.action)
    return part


def _span(visit: Visit, wanted: Wanted) -> Span:
    """Raises SpanProblem."""
    zone = str(visit.zone)
    if wanted.days == OWN:
        return spans.own(wanted.first, wanted.last, zone)
    return spans.preset(wanted.days, visit.now, zone)


async def _made(visit: Visit, part: Part, wanted: Wanted) -> Report:
    """What the report cannot be narrowed to is not looked at. Raises SpanProblem."""
    span = _span(visit, wanted)
    narrowed = Narrowed(
        team_id=_number(wanted.team) if "team" in part.narrowed else None,
        staff_id=_number(wanted.staff) if "staff" in part.narrowed else None,
        channel=wanted.channel if "channel" in part.narrowed else "",
        segment_id=_number(wanted.segment) if "segment" in part.narrowed else None,
    )
    async with visit.hub.database.unit() as session:
        try:
            return await part.report(session, await asked(session, span, narrowed, now=visit.now))
        except (NoSuchSegment, BadCondition) as e:
            raise SpanProblem(_NOT_OFFERED) from e


async def _for_file(visit: Visit, name: str, wanted: Wanted) -> Report:
    part = _part(visit, name)
    try:
        return await _made(visit, part, wanted)
    except SpanProblem as e:
        raise HTTPException(422, worded(e)) from e


def _number(text: str) -> int | None:
    if text and not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise SpanProblem(_NOT_OFFERED)
    return int(text) if text else None


def _query(wanted: Wanted) -> str:
    """Of the addresses that lead from this page to the same days and choices elsewhere."""
    return urlencode({name: value for name, value in wanted.model_dump().items() if value})


async def _offered(visit: Visit) -> dict[str, list[tuple[object, str]]]:
    """What the form offers: values and words."""
    async with visit.hub.database.unit() as session:
        return {
            "team": [(one.id, one.name) for one in await teams.listing(session)],
            "staff": [(one.id, one.name) for one in await accounts.listing(session, inactive=False)],
            "channel": [(one, one) for one in sorted(visit.hub.channels)],
            "segment": [(one.id, one.name) for one in await saved.listing(session)],
        }


def _csv(table: Table) -> str:
    teller = Teller(language())
    head = tuple(teller.said(NAMES[name]) for name, _ in table.columns)
    rows = [
        tuple(
            teller.value(measure, value) if isinstance(value, str) else value
            for value, (_, measure) in zip(row, table.columns, strict=True)
        )
        for row in table.rows
    ]
    return csv_text([head, *rows])


def _file(content: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)
