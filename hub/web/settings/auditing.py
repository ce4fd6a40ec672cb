"""The audit trail: who read or did what, about whom and when, narrowed, page by page, and as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from hub.customers import directory
from hub.customers.exporting import csv_text
from hub.models import Audit
from hub.search import people
from hub.staff import accounts, audit
from hub.staff.audit import Wanted
from hub.staff.roles import Action
from hub.web.access import AuditReader, Visit
from hub.web.pages import page
from hub.web.problems import Page
from hub.web.sheets import sheet
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

router = APIRouter(route_class=Page)
_PAGE = 100
_CUSTOMER = "customer:"

_Word = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form's fields."""

    who: str = ""
    what: str = ""
    whom: str = ""
    since: str = ""
    until: str = ""

    @property
    def asked(self) -> dict[str, str]:
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}


@router.get("/audit")
async def listing(
    visit: AuditReader,
    who: _Word = "",
    what: _Word = "",
    whom: _Word = "",
    since: _Word = "",
    until: _Word = "",
    before: Annotated[int | None, Query(ge=0, le=2**62)] = None,
) -> Response:
    """`whom`: a customer's name, address or id, or a subject as the trail writes it (`team:3`)."""
    typed = Typed(who, what, whom, since, until)
    async with visit.hub.database.unit() as session:
        wanted, trouble = await _wanted(session, visit, typed)
        rows = await audit.latest(session, wanted, before=before, limit=_PAGE + 1) if not trouble else []
        data: dict[str, Any] = {
            "rows": rows[:_PAGE],
            "more": rows[_PAGE - 1].id if len(rows) > _PAGE else None,
            "customers": {str(one): name for one, name in (await directory.names(session, _customers(rows))).items()},
            "people": {one.id: one.name for one in await accounts.listing(session)},
            "actions": _kinds(await audit.actions(session)),
        }
    return page(visit, "audit.html", block="more_rows" if before else "", typed=typed, trouble=trouble, **data)


@router.get("/audit.csv")
async def export(
    visit: AuditReader, who: _Word = "", what: _Word = "", whom: _Word = "", since: _Word = "", until: _Word = ""
) -> Response:
    """Everything that the filter leaves, newest first. That it was taken stands in the trail too."""
    visit.demand(Action.EXPORT)
    typed = Typed(who, what, whom, since, until)
    async with visit.hub.database.unit() as session:
        wanted, trouble = await _wanted(session, visit, typed)
        if not trouble:
            detail = ", ".join(f"{name}: {value}" for name, value in typed.asked.items() if name != "whom")
            await visit.note(session, "audit.export", detail=detail)
    if trouble:
        return await listing(visit, who, what, whom, since, until)
    return sheet(_csv(visit, wanted), "audit.csv")


async def _wanted(session: Any, visit: Visit, typed: Typed) -> tuple[Wanted, str]:
    """The filter, and what is wrong with it."""
    try:
        since, until = (_day(visit, one) for one in (typed.since, typed.until))
    except (ValueError, OverflowError):
        return Wanted(), _("That is no day. Write it as 2026-03-10")
    who = int(typed.who) if typed.who.isascii() and typed.who.isdecimal() and len(typed.who) < 10 else None
    wanted = Wanted(who, typed.what.replace("\0", "").strip(), await _subjects(session, typed.whom), since)
    return (wanted if until is None else replace(wanted, until=until + timedelta(days=1))), ""


def _day(visit: Visit, said: str) -> datetime | None:
    day = date.fromisoformat(said.strip()) if said.strip() else None
    if day is not None and not 1971 <= day.year <= 2900:
        raise ValueError(said)
    return datetime.combine(day, time(), visit.zone) if day else None


async def _subjects(session: Any, whom: str) -> tuple[str, ...] | None:
    said = " ".join(whom.replace("\0", "").split())
    if not said:
        return None
    try:
        return (f"{_CUSTOMER}{UUID(said.rpartition('/')[2].removeprefix(_CUSTOMER))}",)
    except ValueError:
        found = await people.named(session, said.split(" "), most=200)
        return (said, *(f"{_CUSTOMER}{one}" for one in found))


def _customers(rows: Sequence[Audit]) -> set[UUID]:
    found = set()
    for row in rows:
        try:
            found.add(UUID(row.subject.removeprefix(_CUSTOMER)))
        except ValueError:
            continue  # about something else
    return found


def _kinds(actions: Sequence[str]) -> list[str]:
    """The deeds, and the beginnings that several of them share."""
    return sorted({*actions, *(one.partition(".")[0] for one in actions)})


async def _csv(visit: Visit, wanted: Wanted) -> AsyncIterator[str]:
    yield "\ufeff" + csv_text([tuple(map(_, _COLUMNS))])
    async with visit.hub.database.unit() as session:
        names = {one.id: one.name for one in await accounts.listing(session)}
    async for rows in audit.pages(visit.hub.database, wanted):
        yield csv_text(_row(visit, row, names) for row in rows)


_COLUMNS = (N_("When"), N_("Who"), N_("What"), N_("Whom"), N_("Detail"), N_("Address"), N_("Number"))


def _row(visit: Visit, row: Audit, names: dict[int | None, str]) -> tuple[str, ...]:
    when = row.at.astimezone(visit.zone).isoformat(sep=" ", timespec="seconds")
    return when, names.get(row.staff_id, ""), row.action, row.subject, row.detail, row.ip, str(row.id)
