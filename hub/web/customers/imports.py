"""Customers and purchases brought in from a file: uploaded, its columns chosen, its first rows looked at, its wrong
rows told.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Query, Response, UploadFile

from hub.customers import exporting, import_kinds, import_outcomes, import_runs, imports, uploaded
from hub.customers.import_kinds import KINDS, LONGEST_ORIGIN, LONGEST_WORDING
from hub.customers.imports import ImportProblem, NoSuchImport, Said
from hub.customers.purchases import LONGEST_SOURCE
from hub.customers.sheets import Line, Unusable
from hub.models import FileImport
from hub.models.vocabulary import Brought
from hub.segments import import_lists, lists
from hub.segments.saved import LONGEST_NAME, SegmentProblem
from hub.sentences import Sentence
from hub.staff import accounts
from hub.staff.roles import Action
from hub.web import uploads
from hub.web.access import Importer, Visit
from hub.web.customers.import_words import ABOUT, outcomes
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.sheets import sheet
from hub.web.translations import gettext as _
from hub.web.translations import worded
from hub.web.words import Sign

router = APIRouter(route_class=Page)
PAGE = 50
_List = Annotated[int | None, Form(ge=1, le=2**31 - 1)]
_After = Annotated[int, Query(ge=0, le=2**63 - 1)]
_LONGEST = {"number": LONGEST_SOURCE, "source": LONGEST_ORIGIN, "wording": LONGEST_WORDING, "list": LONGEST_NAME}
_NO_FILE = Sentence("Choose a CSV file")
_EMPTY = Sentence("The file is empty. Choose one with a header and rows in it")
_NOT_YOURS = Sentence("Consents are brought in by those who may record them. Leave the column out, or ask a supervisor")


@router.get("/imports/{kind}")
async def listing(visit: Importer, kind: Brought) -> Response:
    return page(visit, "imports.html", **await _listed(visit, kind))


@router.post("/imports/{kind}")
async def upload(visit: Importer, kind: Brought, file: UploadFile | None = None) -> Response:
    """Nothing is written yet: the page that follows asks what the columns hold."""
    try:
        content = await uploads.content(file, uploaded.LARGEST)
        if not content:
            raise Unusable(_EMPTY if uploads.name(file) else _NO_FILE)
        stored = await uploaded.store(visit.hub.storage, kind, uploads.name(file), content)
    except Unusable as e:
        return page(visit, "imports.html", status=422, **await _listed(visit, kind) | {"trouble": worded(e)})
    async with visit.hub.database.unit() as session:
        found = await uploaded.add(session, stored, staff_id=visit.staff_id, now=visit.now, but=_barred(visit))
    return go(visit, f"/imports/{kind}/{found.id}")


@router.get("/imports/{kind}/{import_id}")
async def one(visit: Importer, kind: Brought, import_id: UUID, after: _After = 0, people: _After = 0) -> Response:
    """`after` gives the rejected rows that follow that one, `people` the people."""
    block = "more_rows" if after else "more_people" if people else ""
    return page(visit, "import.html", block=block, **await _data(visit, kind, import_id, after, people))


@router.post("/imports/{kind}/{import_id}")
async def choose(
    visit: Importer,
    kind: Brought,
    import_id: UUID,
    column: Annotated[list[str], Form()] = [],  # noqa: B006
    source: Annotated[str, Form()] = "",
    wording: Annotated[str, Form()] = "",
    update: Annotated[bool, Form()] = False,
    list_id: _List = None,
    new_list: Annotated[str, Form()] = "",
    act: Annotated[str, Form()] = "",
) -> Response:
    """What the columns hold; `act` begin: and write it all."""
    said = Said(column, source, wording, update)
    try:
        async with visit.hub.database.unit() as session:
            await _get(session, kind, import_id)
            if _barred(visit) & set(column):
                raise ImportProblem(_NOT_YOURS)
            found = await imports.choose(session, import_id, said)
            if visit.may(Action.CAMPAIGNS):
                await import_lists.choose(session, found, list_id, new_list)
        if act == "begin":
            await _begin(visit, import_id)
    except (ImportProblem, SegmentProblem) as e:
        data = await _data(visit, kind, import_id)
        typed = {"trouble": worded(e), "source": source, "wording": wording, "update": update}
        typed |= {"list_id": list_id, "new_list": new_list}
        return page(visit, "import.html", status=422, **data | typed | _chosen(data, column))
    return go(visit, f"/imports/{kind}/{import_id}")


@router.post("/imports/{kind}/{import_id}/cancel")
async def cancel(visit: Importer, kind: Brought, import_id: UUID) -> Response:
    try:
        async with visit.hub.database.unit() as session:
            await _get(session, kind, import_id)
            found = await imports.cancel(session, import_id, now=visit.now)
            await _note(session, visit, "cancel-import", found)
    except ImportProblem as e:
        return await _refused(visit, kind, import_id, e)
    return go(visit, f"/imports/{kind}/{import_id}", _("Cancelled. What it brought stays."))


@router.post("/imports/{kind}/{import_id}/remove")
async def remove(visit: Importer, kind: Brought, import_id: UUID) -> Response:
    try:
        async with visit.hub.database.unit() as session:
            await _get(session, kind, import_id)
            await _note(session, visit, "forget-import", await imports.remove(session, import_id))
    except ImportProblem as e:
        return await _refused(visit, kind, import_id, e)
    return go(visit, f"/imports/{kind}", _("Removed. What it brought stays."))


@router.get("/imports/{kind}/{import_id}/rejected.csv")
async def rejected(visit: Importer, kind: Brought, import_id: UUID) -> Response:
    """As they stood, with line and reason in front: to be mended and imported. Nothing in it runs as a formula."""
    async with visit.hub.database.unit() as session:
        found = await _get(session, kind, import_id)
    return sheet(_csv(visit, found), f"rejected-{kind}.csv")


async def _csv(visit: Visit, found: FileImport) -> AsyncIterator[str]:
    yield exporting.csv_text([("line", "reason", *found.header)])
    async for rows in import_outcomes.pages_of_rejected(visit.hub.database, found.id):
        yield exporting.csv_text([(str(row.line), worded(import_outcomes.why(row)), *row.cells) for row in rows])


async def _begin(visit: Visit, import_id: UUID) -> None:
    async with visit.hub.database.unit() as session:
        found = await import_lists.begin(session, import_id, staff_id=visit.staff_id, now=visit.now)
        await _note(session, visit, "import", found)
        if found.list_id is not None:
            await visit.note(session, "list.load", subject=f"segment:{found.list_id}", detail=f"import:{found.id}")


def _chosen(data: dict[str, Any], column: Sequence[str]) -> dict[str, Any]:
    """What was said of the columns, though it was not taken."""
    seen = data.get("examples", [])
    if len(column) != len(seen):
        return {}
    return {"examples": [(name, held, own, cells) for (name, _, own, cells), held in zip(seen, column, strict=True)]}


async def _refused(visit: Visit, kind: Brought, import_id: UUID, why: ImportProblem) -> Response:
    data = await _data(visit, kind, import_id) | {"trouble": worded(why)}
    return page(visit, "import.html", status=422, **data)


def _barred(visit: Visit) -> set[str]:
    """What columns may not hold that this person brings in."""
    return set() if visit.may(Action.RECORD_CONSENT) else {"consent"}


async def _note(session: Any, visit: Visit, what: str, found: FileImport) -> None:
    await visit.note(session, f"{found.kind}.{what}", subject=f"import:{found.id}", detail=found.name)


async def _listed(visit: Visit, kind: Brought) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        found = await imports.latest(session, kind)
        names = {one.id: one.name for one in await accounts.listing(session)}
    kept = visit.hub.settings.retention
    return {
        "kind": kind,
        "about": ABOUT[kind],
        "imports": found,
        "names": names,
        "days": kept.imports,
        "waiting_days": kept.uploads,
        "trouble": "",
    }


async def _data(visit: Visit, kind: Brought, import_id: UUID, after: int = 0, people: int = 0) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        found = await _get(session, kind, import_id)
        rows = await import_outcomes.rejected(session, import_id, after=after, limit=PAGE + 1)
        whom = await import_outcomes.people(session, import_id, after=people, limit=PAGE + 1)
        onto = await import_lists.of(session, found)
        offered = await lists.offered(session) if visit.may(Action.CAMPAIGNS) and found.begun_at is None else []
    return {
        "kind": kind,
        "about": ABOUT[kind],
        "found": found,
        "rejected": [(row.line, worded(import_outcomes.why(row)), row.cells) for row in rows[:PAGE]],
        "more": rows[PAGE - 1].id if len(rows) > PAGE else "",
        "people": whom[:PAGE],
        "more_people": whom[PAGE - 1][0] if len(whom) > PAGE else "",
        "titles": {name: worded(title) for name, title in KINDS[kind].titles.items() if name not in _barred(visit)},
        "outcomes": outcomes(kind),
        "longest": _LONGEST,
        "currency": visit.hub.settings.rfm.currency,
        "source": found.source,
        "wording": found.wording,
        "update": found.update,
        "onto": onto,
        "lists": offered,
        "list_id": found.list_id,
        "new_list": found.new_list,
        "trouble": "",
        **(await _looked_at(visit, found) if found.begun_at is None else {}),
    }


async def _looked_at(visit: Visit, found: FileImport) -> dict[str, Any]:
    """The first rows, and what would become of each, where its columns are known."""
    lacks = imports.lacking(found)
    rows = await import_runs.first_rows(visit.hub.storage, found)
    return {
        "lacks": worded(lacks),
        "examples": _examples(found, rows[0]),
        "tried": [] if lacks else await _tried(visit, found, rows),
    }


async def _tried(
    visit: Visit, found: FileImport, rows: tuple[Sequence[Line], Sequence[Line]]
) -> list[tuple[Line, Sign, str]]:
    usual, signs = import_kinds.usual(visit.hub.settings), outcomes(found.kind)
    async with visit.hub.database.unit() as session:
        became = await import_runs.try_out(session, found, rows, usual, now=visit.now)
    return [(one.line, signs[one.outcome], worded(one.reason)) for one in became]


def _examples(found: FileImport, first: Sequence[Line]) -> list[tuple[str, str, str, list[str]]]:
    """Of each column its name, what it is said to hold, the field of its own it may be, and what stands in it first."""
    whole = [line.original for line in first if len(line.original) == len(found.header)]
    return [
        (
            name,
            field,
            imports.own_field(name, KINDS[found.kind]),
            [row[place] for row in whole if row[place].strip()][:2],
        )
        for place, (name, field) in enumerate(zip(found.header, found.fields, strict=True))
    ]


async def _get(session: Any, kind: Brought, import_id: UUID) -> FileImport:
    try:
        found = await imports.get(session, import_id)
    except NoSuchImport as e:
        raise HTTPException(404) from e
    if found.kind is not kind:
        raise HTTPException(404)
    return found
