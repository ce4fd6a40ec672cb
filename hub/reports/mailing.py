"""Reports that leave by mail: made when they are due, each once, whoever asks and however often."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns.costs import Tariff
from hub.catalogues import LANGUAGES
from hub.database.engine import Database
from hub.models import ReportSubscription, Staff
from hub.models.vocabulary import ReportFile
from hub.outbound import colleagues
from hub.outbound.asking import Gate, NewFile
from hub.outbound.colleagues import Sheet
from hub.outbound.rendering import Rendered
from hub.reports import commas, mails, making, rhythms, subscriptions, workbook
from hub.reports.asked import Narrowed
from hub.reports.mails import Edition
from hub.reports.parts import PARTS
from hub.reports.shapes import Report
from hub.reports.spans import Span, SpanProblem
from hub.reports.telling import Teller
from hub.sentences import Sentence
from hub.sentences import of as sentence_of
from hub.staff import audit
from hub.storage import Storage

JOB = "send-report"
LISTED_AT = "/reports/mail"
_OCCASION = "report"


@dataclass(frozen=True, slots=True)
class _Issue:
    """One issue, before it is written down."""

    number: int
    staff: Staff
    edition: Edition
    key: str
    file: ReportFile

    @property
    def teller(self) -> Teller:
        return Teller(self.staff.language if self.staff.language in LANGUAGES else "en")


@dataclass(frozen=True, slots=True)
class _Content:
    name: str
    media_type: str
    content: bytes


async def issue(
    database: Database, storage: Storage, number: int, *, gate: Gate, prices: Mapping[str, Tariff], now: datetime
) -> bool:
    """Make and queue what is due of one subscription; False when nothing is.

    Nothing is open while files are written and stored; who comes second finds that it has been done.
    """
    async with database.unit() as session:
        made = await _made(session, number, gate.public_url, prices, now)
    if made is None:
        return False
    said, contents = await asyncio.to_thread(_written, made)
    files = [NewFile(c.name, c.media_type, await storage.put(c.content), len(c.content)) for c in contents]
    async with database.unit() as session:
        return await _send(session, made, said, files, gate=gate, now=now)


async def _made(
    session: AsyncSession, number: int, public_url: str, prices: Mapping[str, Tariff], now: datetime
) -> _Issue | None:
    found = await _due(session, number, now, lock=False)
    if found is None:
        return None
    row, staff, day = found
    narrowed = Narrowed(**row.narrowed)
    span = rhythms.covered(row.rhythm, day, staff.timezone)
    report, names, trouble = await _read(session, row.report, span, narrowed, prices, now)
    teller = Teller(staff.language)
    edition = Edition(
        name=row.report,
        rhythm=row.rhythm,
        span=span,
        narrowed=[teller.said(one) for one in names],
        report=report,
        trouble=trouble,
        address=f"{public_url}/reports/{row.report}?{query(span, narrowed)}",
        stop_at=f"{public_url}{LISTED_AT}",
    )
    return _Issue(number, staff, edition, _key(number, day), row.file)


async def _read(
    session: AsyncSession, name: str, span: Span, narrowed: Narrowed, prices: Mapping[str, Tariff], now: datetime
) -> tuple[Report | None, Sequence[Sentence], Sentence | None]:
    """What it was narrowed to may be gone meanwhile: then its reader is told so."""
    try:
        names = await making.named(session, PARTS[name].only(narrowed))
        return await making.made(session, name, span, narrowed, prices=prices, now=now), names, None
    except SpanProblem as e:
        return None, (), sentence_of(e)


async def _due(
    session: AsyncSession, number: int, now: datetime, *, lock: bool
) -> tuple[ReportSubscription, Staff, date] | None:
    """With the day of the issue that has to leave now. Who holds the row is the only one who sends."""
    row = await session.get(ReportSubscription, number, with_for_update=lock, populate_existing=True)
    staff = await session.get(Staff, row.staff_id) if row else None
    if row is None or staff is None or row.report not in PARTS:
        return None
    day = rhythms.next_due(row.rhythm, row.issue_on, row.hour, staff.timezone, now)
    if day is None or not colleagues.allowed(staff, subscriptions.needs(row.report)):
        return None
    return row, staff, day


async def _send(
    session: AsyncSession, made: _Issue, said: Rendered, files: Sequence[NewFile], *, gate: Gate, now: datetime
) -> bool:
    """The letter, its key and the next date in one transaction."""
    found = await _due(session, made.number, now, lock=True)
    if found is None or _key(made.number, found[2]) != made.key:
        return False
    row, staff, day = found
    sheet = Sheet(said, tuple(files), subscriptions.needs(row.report), made.key, _OCCASION)
    sent = await colleagues.send(session, sheet, staff, gate=gate, now=now)
    detail = f"{row.report}, {row.rhythm}, {day}"
    row.issue_on = rhythms.following(row.rhythm, day)
    if sent is not None:
        row.sent_id = sent
        await audit.write(session, "report.mail", staff_id=None, subject=f"staff:{staff.id}", detail=detail, now=now)
    session.add(row)
    await session.flush()
    return sent is not None


def query(span: Span, narrowed: Narrowed) -> str:
    """Of the page that shows the same."""
    found = {"days": "own", "first": span.first, "last": span.last, **choices(narrowed)}
    return urlencode(found)


def choices(narrowed: Narrowed) -> dict[str, str]:
    """As the form above a report names them."""
    given = {
        "team": narrowed.team_id,
        "staff": narrowed.staff_id,
        "channel": narrowed.channel,
        "segment": narrowed.segment_id,
    }
    return {name: str(value) for name, value in given.items() if value}


def _written(made: _Issue) -> tuple[Rendered, list[_Content]]:
    said = mails.written(made.edition, made.teller)
    return said, _contents(made) if made.edition.report is not None else []


def _contents(made: _Issue) -> list[_Content]:
    edition, report = made.edition, made.edition.report
    assert report is not None
    stem = f"{edition.name}-{edition.span.dates}"
    if made.file is ReportFile.XLSX:
        content = workbook.written(edition.name, report, made.teller, made_at=edition.span.until)
        return [_Content(f"{stem}.xlsx", workbook.MEDIA_TYPE, content)]
    tables = [table for table in report.tables if table.rows]
    return [_Content(f"{stem}-{one.name}.csv", commas.MEDIA_TYPE, commas.written(one, made.teller)) for one in tables]


def _key(number: int, day: date) -> str:
    return f"report:{number}:{day}"
