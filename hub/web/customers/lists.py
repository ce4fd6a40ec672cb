"""Lists of people: made, filled by hand and from a file, from their own page and from a customer's."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from starlette.datastructures import FormData

from hub.customers import directory, sheets, uploaded
from hub.customers.finding import Whom
from hub.customers.sheets import Unusable
from hub.models import SavedSegment
from hub.segments import asking, lists
from hub.segments.lists import Loaded, TooMany
from hub.segments.saved import LONGEST_NAME, SegmentProblem
from hub.staff.roles import Action
from hub.web import uploads
from hub.web.access import Campaigner, CampaignReader, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
PAGE = 50
_Number = Annotated[int, Form(ge=1, le=2**31 - 1)]
_Before = Annotated[int | None, Query(ge=1, le=2**63 - 1)]


@router.get("/lists/new")
async def blank(visit: Campaigner) -> Response:
    return _new(visit, "")


@router.post("/lists/new")
async def create(visit: Campaigner, name: Annotated[str, Form()] = "") -> Response:
    try:
        async with visit.hub.database.unit() as session:
            made = await lists.create(session, name, staff_id=visit.staff_id, now=visit.now)
            await _note(session, visit, "list.create", made)
    except SegmentProblem as e:
        return _new(visit, name, worded(e))
    return go(visit, f"/lists/{made.id}", _("Saved."))


@router.get("/lists/{list_id}")
async def one(visit: CampaignReader, list_id: int, before: _Before = None) -> Response:
    """Whoever was put on it last first."""
    return page(visit, "list.html", block="more_rows" if before else "", **await _data(visit, list_id, before))


@router.post("/lists/{list_id}")
async def rename(visit: Campaigner, list_id: int, name: Annotated[str, Form()] = "") -> Response:
    try:
        async with visit.hub.database.unit() as session:
            await _note(session, visit, "list.change", await lists.rename(session, list_id, name, now=visit.now))
    except SegmentProblem as e:
        return page(
            visit, "list.html", status=422, **await _data(visit, list_id) | {"trouble": worded(e), "name": name}
        )
    return go(visit, f"/lists/{list_id}", _("Saved."))


@router.post("/lists/{list_id}/people")
async def load(visit: Campaigner, list_id: int) -> Response:
    """Put on it whomever the file or the typed words mean; who was not found is told on the page that follows."""
    form = await visit.request.form()
    typed = str(form.get("people", ""))
    try:
        done = await _loaded(visit, list_id, await _text(form))
    except (TooMany, Unusable) as e:
        wrong = {"trouble": worded(e), "typed": typed}
        return page(visit, "list.html", status=422, **await _data(visit, list_id) | wrong)
    unfound = [(one.line, one.words, worded(one.why)) for one in done.unfound]
    return page(visit, "list.html", **await _data(visit, list_id) | {"done": done, "unfound": unfound})


@router.post("/lists/{list_id}/remove")
async def remove(visit: Campaigner, list_id: int, customer_id: Annotated[UUID, Form()]) -> Response:
    await _take_off(visit, list_id, customer_id)
    return go(visit, f"/lists/{list_id}", _("Taken off the list."))


@router.post("/customers/{customer_id}/lists")
async def add(visit: Campaigner, customer_id: UUID, list_id: _Number) -> Response:
    async with visit.hub.database.unit() as session:
        await directory.get(session, customer_id)
        found = await lists.get(session, list_id)
        wanted = [Whom(id=customer_id)]
        await lists.put(session, list_id, wanted, staff_id=visit.staff_id, now=visit.now)
        await _note(session, visit, "list.add", found, customer_id=customer_id)
    return go(visit, f"/customers/{customer_id}", _("Put on “%(name)s”.") % {"name": found.name})


@router.post("/customers/{customer_id}/lists/{list_id}/remove")
async def leave(visit: Campaigner, customer_id: UUID, list_id: int) -> Response:
    await _take_off(visit, list_id, customer_id)
    return go(visit, f"/customers/{customer_id}", _("Taken off the list."))


async def beside(session: Any, visit: Visit, customer_id: UUID) -> dict[str, Any]:
    """What the panel of a customer's page needs."""
    if not visit.may(Action.READ_CAMPAIGNS):
        return {"lists": None}
    on = await lists.with_(session, customer_id)
    others = [one for one in await lists.offered(session) if one not in on] if visit.may(Action.CAMPAIGNS) else []
    return {"lists": on, "other_lists": others}


async def _loaded(visit: Visit, list_id: int, text: str) -> Loaded:
    country = visit.hub.settings.hub.country
    async with visit.hub.database.unit() as session:
        found = await lists.get(session, list_id)
        done = await lists.load(session, list_id, text, country=country, staff_id=visit.staff_id, now=visit.now)
        await _note(session, visit, "list.load", found, str(done.added))
    return done


async def _text(form: FormData) -> str:
    """Of the file, or else as it was typed. Raises Unusable."""
    content = await uploads.content(form.get("file"), uploaded.LARGEST)
    if len(content) > uploaded.LARGEST:
        raise Unusable(uploaded.too_large())
    return sheets.decode(content) if content else str(form.get("people", ""))


async def _take_off(visit: Visit, list_id: int, customer_id: UUID) -> None:
    async with visit.hub.database.unit() as session:
        found = await lists.get(session, list_id)
        if await lists.remove(session, list_id, customer_id):
            await _note(session, visit, "list.remove", found, customer_id=customer_id)


async def _data(visit: Visit, list_id: int, before: int | None = None) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        found = await lists.get(session, list_id)
        members = await lists.members(session, list_id, before=before, limit=PAGE + 1)
        meant = await asking.count(session, found.tree, now=visit.now)
    return {
        "found": found,
        "name": found.name,
        "meant": meant,
        "members": members[:PAGE],
        "more": members[PAGE - 1].number if len(members) > PAGE else "",
        "longest": LONGEST_NAME,
        "trouble": "",
        "typed": "",
        "done": None,
        "unfound": [],
    }


def _new(visit: Visit, name: str, trouble: str = "") -> Response:
    status = 422 if trouble else 200
    return page(visit, "list_new.html", status=status, name=name, trouble=trouble, longest=LONGEST_NAME)


async def _note(
    session: Any, visit: Visit, action: str, found: SavedSegment, detail: str = "", *, customer_id: UUID | None = None
) -> None:
    """About the customer where it is about one: so that what is done to them is found by them, and goes with them."""
    subject = f"segment:{found.id}"
    if customer_id is not None:
        subject, detail = f"customer:{customer_id}", subject
    await visit.note(session, action, subject=subject, detail=detail)
