"""Purchases brought in from a file: uploaded, its columns chosen, its first rows looked at, its wrong rows told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Query, Response, UploadFile

from hub.customers import exporting, importing_purchases, purchase_files
from hub.customers.importing_purchases import TITLES, Outcome
from hub.customers.purchase_files import ImportProblem, NoSuchImport
from hub.customers.purchases import LONGEST_SOURCE
from hub.customers.sheets import Line, Unusable
from hub.models import PurchaseImport
from hub.sentences import Sentence
from hub.staff import accounts, audit
from hub.web.access import PurchaseImporter, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.sheets import sheet
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.translations import worded
from hub.web.words import Sign

router = APIRouter(route_class=Page)
PAGE = 50
_SHEET = 1000  # rows of the file of rejected rows that are read at once
_After = Annotated[int, Query(ge=0, le=2**63 - 1)]
_NO_FILE = Sentence("Choose a CSV file")
OUTCOMES: Mapping[Outcome, Sign] = {
    Outcome.ADDED: Sign(N_("added"), "plus", "good"),
    Outcome.KNOWN: Sign(N_("counts already"), "check", ""),
    Outcome.CHANGED: Sign(N_("changed"), "pencil", "good"),
    Outcome.REJECTED: Sign(N_("not taken"), "alert-circle", "bad"),
}


@router.get("/purchases")
async def listing(visit: PurchaseImporter) -> Response:
    return page(visit, "purchase_imports.html", **await _listed(visit))


@router.post("/purchases")
async def upload(visit: PurchaseImporter, file: UploadFile | None = None) -> Response:
    """Nothing is written yet: the page that follows asks what the columns hold."""
    try:
        content = await file.read() if file is not None else b""
        if file is None or not content:
            raise Unusable(_NO_FILE)
        stored = await purchase_files.store(visit.hub.storage, file.filename or "", content)
    except Unusable as e:
        return page(visit, "purchase_imports.html", status=422, **await _listed(visit) | {"trouble": worded(e)})
    async with visit.hub.database.unit() as session:
        found = await purchase_files.add(session, stored, staff_id=visit.staff_id, now=visit.now)
    return go(visit, f"/purchases/{found.id}")


@router.get("/purchases/{import_id}")
async def one(visit: PurchaseImporter, import_id: UUID, after: _After = 0) -> Response:
    """`after` gives the rejected rows that follow that one."""
    return page(
        visit, "purchase_import.html", block="more_rows" if after else "", **await _data(visit, import_id, after)
    )


@router.post("/purchases/{import_id}")
async def choose(
    visit: PurchaseImporter,
    import_id: UUID,
    column: Annotated[list[str], Form()] = [],  # noqa: B006
    source: Annotated[str, Form()] = "",
    update: Annotated[bool, Form()] = False,
    act: Annotated[str, Form()] = "",
) -> Response:
    """What the columns hold; `act` begin: and write it all."""
    try:
        async with visit.hub.database.unit() as session:
            await purchase_files.choose(session, import_id, column, source=source, update=update)
        if act == "begin":
            await _begin(visit, import_id)
    except NoSuchImport as e:
        raise HTTPException(404) from e
    except ImportProblem as e:
        typed = {"trouble": worded(e), "source": source, "update": update}
        return page(visit, "purchase_import.html", status=422, **await _data(visit, import_id) | typed)
    return go(visit, f"/purchases/{import_id}")


@router.post("/purchases/{import_id}/remove")
async def remove(visit: PurchaseImporter, import_id: UUID) -> Response:
    try:
        async with visit.hub.database.unit() as session:
            await purchase_files.remove(session, import_id)
            await _note(session, visit, "purchases.forget-import", import_id)
    except NoSuchImport as e:
        raise HTTPException(404) from e
    except ImportProblem as e:
        return page(visit, "purchase_import.html", status=422, **await _data(visit, import_id) | {"trouble": worded(e)})
    return go(visit, "/purchases", _("Removed. What it brought stays."))


@router.get("/purchases/{import_id}/rejected.csv")
async def rejected(visit: PurchaseImporter, import_id: UUID) -> Response:
    """As they stood, with line and reason in front: to be mended and imported. Nothing in it runs as a formula."""
    async with visit.hub.database.unit() as session:
        found = await _get(session, import_id)
    return sheet(_csv(visit, found), "rejected-purchases.csv")


async def _csv(visit: Visit, found: PurchaseImport) -> AsyncIterator[str]:
    yield exporting.csv_text([("line", "reason", *found.header)])
    after = 0
    while True:
        async with visit.hub.database.unit() as session:
            rows = await purchase_files.rejected(session, found.id, after=after, limit=_SHEET)
        if not rows:
            return
        yield exporting.csv_text([(str(row.line), worded(purchase_files.why(row)), *row.cells) for row in rows])
        after = rows[-1].id or 0


async def _begin(visit: Visit, import_id: UUID) -> None:
    async with visit.hub.database.unit() as session:
        found = await purchase_files.begin(session, import_id, now=visit.now)
        await _note(session, visit, "purchases.import", import_id, found.name)


async def _note(session: Any, visit: Visit, action: str, import_id: UUID, detail: str = "") -> None:
    about: dict[str, Any] = {"staff_id": visit.staff_id, "ip": visit.ip, "now": visit.now}
    await audit.write(session, action, subject=f"purchase-import:{import_id}", detail=detail, **about)


async def _listed(visit: Visit) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        found = await purchase_files.latest(session)
        names = {one.id: one.name for one in await accounts.listing(session)}
    return {"imports": found, "names": names, "days": visit.hub.settings.retention.imports, "trouble": ""}


async def _data(visit: Visit, import_id: UUID, after: int = 0) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        found = await _get(session, import_id)
        rows = await purchase_files.rejected(session, import_id, after=after, limit=PAGE + 1)
    return {
        "found": found,
        "rejected": [(row.line, worded(purchase_files.why(row)), row.cells) for row in rows[:PAGE]],
        "more": rows[PAGE - 1].id if len(rows) > PAGE else "",
        "titles": {name: worded(title) for name, title in TITLES.items()},
        "outcomes": OUTCOMES,
        "longest": LONGEST_SOURCE,
        "currency": visit.hub.settings.rfm.currency,
        "source": found.source,
        "update": found.update,
        "trouble": "",
        **(await _looked_at(visit, found) if found.begun_at is None else {}),
    }


async def _looked_at(visit: Visit, found: PurchaseImport) -> dict[str, Any]:
    """The first rows, and what would become of each, where its columns are known."""
    lacks = purchase_files.lacking(found)
    first, beside = await purchase_files.first_rows(visit.hub.storage, found)
    return {
        "lacks": worded(lacks),
        "examples": _examples(found, first),
        "tried": [] if lacks else await _tried(visit, found, first, beside),
    }


async def _tried(
    visit: Visit, found: PurchaseImport, first: Sequence[Line], beside: Sequence[Line]
) -> list[tuple[Line, Sign, str]]:
    terms = purchase_files.usual(visit.hub.settings).terms(found)
    async with visit.hub.database.unit() as session:
        results = await importing_purchases.try_out(session, first, beside, terms, now=visit.now)
    return [(one.line, OUTCOMES[one.outcome], worded(one.reason)) for one in results]


def _examples(found: PurchaseImport, first: Sequence[Line]) -> list[tuple[str, str, list[str]]]:
    """Of each column its name, what it is said to hold, and what stands in it first."""
    whole = [line.original for line in first if len(line.original) == len(found.header)]
    return [
        (name, field, [cells[place] for cells in whole if cells[place].strip()][:2])
        for place, (name, field) in enumerate(zip(found.header, found.fields, strict=True))
    ]


async def _get(session: Any, import_id: UUID) -> PurchaseImport:
    try:
        return await purchase_files.get(session, import_id)
    except NoSuchImport as e:
        raise HTTPException(404) from e
