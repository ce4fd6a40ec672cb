"""Saved segments: the list of them, and one, with how many it means while it is written."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Response
from starlette.datastructures import FormData

from hub.models import SavedSegment
from hub.segments import asking, saved
from hub.segments.conditions import BadCondition
from hub.segments.saved import LONGEST_NAME, Draft, SegmentProblem
from hub.segments.tree import Raw
from hub.web.access import Campaigner, CampaignReader, Visit
from hub.web.customers import segment_form
from hub.web.customers.segment_form import Typed
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_SAMPLE = 8


@router.get("/segments")
async def listing(visit: CampaignReader, archived: str = "") -> Response:
    async with visit.hub.database.unit() as session:
        found = await saved.listing(session, archived=bool(archived))
    return page(visit, "segments.html", segments=found, archived=bool(archived))


@router.get("/segments/new")
async def blank(visit: Campaigner) -> Response:
    async with visit.hub.database.unit() as session:
        names = await saved.names(session)
    return _form(visit, "", Typed(names=names))


@router.get("/segments/condition")
async def condition(visit: Campaigner, group: str = segment_form.FIRST) -> Response:
    """One more empty row of a group."""
    return page(visit, "segment_condition.html", one=segment_form.Row(), key=group[:20], **segment_form.choices())


@router.get("/segments/group")
async def group(visit: Campaigner) -> Response:
    """One more empty group."""
    return page(visit, "segment_group.html", group=segment_form.new_group(), **segment_form.choices())


@router.post("/segments/count")
async def count(visit: Campaigner) -> Response:
    """How many customers the form means and who for example, or what is wrong with it."""
    form = await visit.request.form()
    async with visit.hub.database.unit() as session:
        names = await saved.names(session)
    try:
        return await _counted(visit, segment_form.raw(segment_form.typed(form, names)), sample=_SAMPLE)
    except BadCondition as e:
        return page(visit, "segment_count.html", meant=None, people=(), short=False, trouble=worded(e))


@router.get("/segments/{segment_id}/count")
async def count_saved(visit: CampaignReader, segment_id: int, short: str = "") -> Response:
    """How many customers it means now; `short`: the number alone, for the column of a list."""
    async with visit.hub.database.unit() as session:
        tree = (await saved.get(session, segment_id)).tree
    return await _counted(visit, tree, sample=0, short=bool(short))


@router.post("/segments/new")
async def create(visit: Campaigner) -> Response:
    return await _saved(visit, await visit.request.form(), None)


@router.get("/segments/{segment_id}")
async def one(visit: CampaignReader, segment_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        found, names = await saved.get(session, segment_id), await saved.names(session)
    if found.listed:
        return go(visit, f"/lists/{segment_id}")
    return _form(visit, found.name, segment_form.shown(found.tree, names), found=found)


@router.post("/segments/{segment_id}")
async def change(visit: Campaigner, segment_id: int) -> Response:
    return await _saved(visit, await visit.request.form(), segment_id)


@router.post("/segments/{segment_id}/archive")
async def archive(visit: Campaigner, segment_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        found = await saved.archive(session, segment_id, now=visit.now)
        await _note(session, visit, "segment.archive", found)
    return go(visit, "/segments", _("“%(name)s” is in the archive. What names it goes on.") % {"name": found.name})


@router.post("/segments/{segment_id}/restore")
async def restore(visit: Campaigner, segment_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        found = await saved.restore(session, segment_id)
        await _note(session, visit, "segment.restore", found)
    return go(visit, f"/segments/{segment_id}", _("Taken out of the archive."))


async def _saved(visit: Visit, form: FormData, segment_id: int | None) -> Response:
    async with visit.hub.database.unit() as session:
        names = await saved.names(session)
        found = None if segment_id is None else await saved.get(session, segment_id)
    typed, name = segment_form.typed(form, names), str(form.get("name", ""))
    if form.get("more"):
        return _form(visit, name, typed, found=found)
    try:
        async with visit.hub.database.unit() as session:
            done = await _save(session, visit, Draft(name, _tree(form, typed, found)), segment_id)
    except (BadCondition, SegmentProblem) as e:
        return _form(visit, name, typed, worded(e), found)
    return go(visit, f"/segments/{done.id}", _("Saved."))


def _tree(form: FormData, typed: Typed, found: SavedSegment | None) -> Raw:
    """Of one that is deeper than the form only the name is changed here."""
    return found.tree if found is not None and form.get("deep") else segment_form.raw(typed)


async def _save(session: Any, visit: Visit, draft: Draft, segment_id: int | None) -> SavedSegment:
    if segment_id is None:
        done = await saved.create(session, draft, staff_id=visit.staff_id, now=visit.now)
    else:
        done = await saved.change(session, segment_id, draft, now=visit.now)
    await _note(session, visit, "segment.create" if segment_id is None else "segment.change", done)
    return done


async def _counted(visit: Visit, tree: Raw, *, sample: int, short: bool = False) -> Response:
    async with visit.hub.database.unit() as session:
        meant = await asking.count(session, tree, now=visit.now)
        people = await asking.sample(session, tree, limit=sample, now=visit.now) if sample else []
    return page(visit, "segment_count.html", meant=meant, people=people, short=short, trouble="")


async def _note(session: Any, visit: Visit, action: str, segment: SavedSegment) -> None:
    await visit.note(session, action, subject=f"segment:{segment.id}")


def _form(
    visit: Visit, name: str, typed: Typed | None, trouble: str = "", found: SavedSegment | None = None
) -> Response:
    deep = json.dumps(found.tree, indent=2, ensure_ascii=False) if typed is None and found is not None else ""
    return page(
        visit,
        "segment.html",
        status=422 if trouble else 200,
        name=name,
        typed=typed,
        deep=deep,
        trouble=trouble,
        found=found,
        longest=LONGEST_NAME,
        **segment_form.choices(),
    )
