"""Reports for those who lead: each on a page of its own, as CSV and as a workbook."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel, Field

from hub import sentences
from hub.campaigns import costs
from hub.models import Staff
from hub.models.vocabulary import ReportFile
from hub.reports import commas, making, spans, workbook
from hub.reports.asked import Narrowed
from hub.reports.parts import PARTS, Part
from hub.reports.shapes import Report
from hub.reports.spans import Span, SpanProblem
from hub.reports.telling import Teller
from hub.reports.words import NAMES, RHYTHMS, TABLES
from hub.reports.words import PARTS as TITLES
from hub.segments import saved
from hub.staff import accounts, teams
from hub.web import charts
from hub.web.access import ReportReader, Visit
from hub.web.mending import NOT_OFFERED, WrongInput
from hub.web.pages import page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import language, worded

router = APIRouter(route_class=Page)
OWN = "own"
Choice = Annotated[str, Field(max_length=100)]


class Wanted(BaseModel):
    """What the form above a report asks for, as it was chosen; empty: all of it."""

    days: Choice = "30"
    first: Choice = ""
    last: Choice = ""
    team: Choice = ""
    staff: Choice = ""
    channel: Choice = ""
    segment: Choice = ""
    table: Choice = ""  # of a CSV file


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
    return _file(
        commas.written(found, Teller(language())), commas.MEDIA_TYPE, f"{_stem(visit, name, wanted)}-{found.name}.csv"
    )


@router.get("/reports/{name}.xlsx")
async def as_workbook(visit: ReportReader, name: str, wanted: Annotated[Wanted, Query()]) -> Response:
    report = await _for_file(visit, name, wanted)
    content = workbook.written(name, report, Teller(language()), made_at=visit.now)
    return _file(content, workbook.MEDIA_TYPE, f"{_stem(visit, name, wanted)}.xlsx")


@router.get("/reports/{name}")
async def show(visit: ReportReader, name: str, wanted: Annotated[Wanted, Query()]) -> Response:
    part = part_of(visit, name)
    data: dict[str, Any] = {
        "name": name,
        "part": part,
        "titles": {one: TITLES[one] for one, each in PARTS.items() if visit.may(each.action)},
        "names": NAMES,
        "tables": TABLES,
        "teller": Teller(language()),
        "wanted": wanted,
        "presets": spans.PRESETS,
        "rhythms": RHYTHMS,
        "files": {ReportFile.XLSX: _("Workbook (XLSX)"), ReportFile.CSV: _("CSV, a file for each table")},
        "query": _query(wanted),
        "charts": {},
        "report": None,
        "span": None,
        "trouble": "",
        "offered": await _offered(visit),
    }
    try:
        report = await _made(visit, name, wanted)
    except SpanProblem as e:
        return page(visit, "reports.html", status=422, **data | {"trouble": worded(e)})
    drawn = {table.name: charts.course(table) for table in report.tables if table.drawn and table.rows}
    return page(visit, "reports.html", **data | {"report": report, "span": _span(visit, wanted), "charts": drawn})


def _stem(visit: Visit, name: str, wanted: Wanted) -> str:
    """As the files are called that go by mail."""
    return f"{name}-{_span(visit, wanted).dates}"


def part_of(visit: Visit, name: str) -> Part:
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


async def _made(visit: Visit, name: str, wanted: Wanted) -> Report:
    """Raises SpanProblem."""
    span = _span(visit, wanted)
    narrowed = narrowed_to(wanted.team, wanted.staff, wanted.channel, wanted.segment)
    prices = costs.prices(visit.hub.settings.channels)
    async with visit.hub.database.unit() as session:
        return await making.made(session, name, span, narrowed, prices=prices, now=visit.now)


def narrowed_to(team: str, staff: str, channel: str, segment: str) -> Narrowed:
    """As a form names them. Raises SpanProblem."""
    return Narrowed(_number(team), _number(staff), channel, _number(segment))


async def _for_file(visit: Visit, name: str, wanted: Wanted) -> Report:
    part_of(visit, name)
    try:
        return await _made(visit, name, wanted)
    except SpanProblem as e:
        raise WrongInput("days", wanted.days, sentences.of(e) or NOT_OFFERED) from e


def _number(text: str) -> int | None:
    if text and not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise SpanProblem(making.NOT_OFFERED)
    return int(text) if text else None


def _query(wanted: Wanted) -> str:
    """Of the addresses that lead from this page to the same days and choices elsewhere."""
    return urlencode({name: value for name, value in wanted.model_dump().items() if value})


async def _offered(visit: Visit) -> dict[str, list[tuple[object, str]]]:
    """What the form offers: values and words."""
    async with visit.hub.database.unit() as session:
        return {
            "team": [(one.id, one.name) for one in await teams.listing(session)],
            "staff": [(one.id, _person(one)) for one in await accounts.listing(session)],
            "channel": [(one, one) for one in sorted(visit.hub.channels)],
            "segment": [(one.id, one.name) for one in await saved.listing(session)],
        }


def _person(one: Staff) -> str:
    """What they did is still told of when they have left."""
    return one.name if one.active else f"{one.name} ({_('switched off')})"


def _file(content: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)
