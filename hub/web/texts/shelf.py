"""The room of templates: which there are, what uses each, and what has become of it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from hub.models.vocabulary import Kind, Purpose
from hub.outbound import faults
from hub.texts import drafts, history, shelf
from hub.texts.shelf import Shown, TextProblem
from hub.web import words
from hub.web.access import Visit, Writer
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)


@router.get("/templates")
async def listing(visit: Writer, q: str = "", shown: Shown = Shown.AT_HAND) -> Response:
    async with visit.hub.database.unit() as session:
        listed = await shelf.listing(session, query=q, shown=shown)
    found = sorted(listed, key=lambda one: words.template_called(one.title).casefold())
    tongues = visit.hub.settings.hub.languages
    return page(visit, "templates.html", found=found, q=q[:200], shown=shown, tongues=tongues, kinds=tuple(Kind))


@router.get("/templates/new")
async def blank(visit: Writer, copied: str = "") -> Response:
    return await _form(visit, "", Purpose.MARKETING, copied)


@router.post("/templates/new")
async def create(visit: Writer) -> Response:
    form = await visit.request.form()
    title, copied = str(form.get("title", "")), str(form.get("copied", ""))
    purpose = _purpose(form.get("purpose"))
    try:
        async with visit.hub.database.unit() as session:
            name = await shelf.create(session, title, purpose, copied=copied, staff_id=visit.staff_id, now=visit.now)
            await note(session, visit, "template.create", name)
    except TextProblem as e:
        return await _form(visit, title, purpose, copied, worded(e))
    return go(visit, f"/templates/{name}/edit")


@router.get("/templates/{name}")
async def one(visit: Writer, name: str) -> Response:
    return await _about(visit, name)


@router.post("/templates/{name}")
async def entitle(visit: Writer, name: str) -> Response:
    form = await visit.request.form()
    title, purpose = str(form.get("title", "")), _purpose(form.get("purpose"))
    try:
        async with visit.hub.database.unit() as session:
            await shelf.entitle(session, name, title, purpose, now=visit.now)
            await note(session, visit, "template.entitle", name)
    except TextProblem as e:
        return await _about(visit, name, worded(e), title)
    return go(visit, f"/templates/{name}", _("Saved."))


@router.post("/templates/{name}/archive")
async def archive(visit: Writer, name: str) -> Response:
    async with visit.hub.database.unit() as session:
        await shelf.archive(session, name, now=visit.now)
        await note(session, visit, "template.archive", name)
    return go(visit, f"/templates/{name}", _("In the archive: it is offered no more. What uses it goes on."))


@router.post("/templates/{name}/unarchive")
async def unarchive(visit: Writer, name: str) -> Response:
    async with visit.hub.database.unit() as session:
        await shelf.restore(session, name, now=visit.now)
        await note(session, visit, "template.restore", name)
    return go(visit, f"/templates/{name}", _("Taken out of the archive."))


@router.post("/templates/{name}/drop")
async def drop(visit: Writer, name: str) -> Response:
    """The draft is thrown away; what is published stays."""
    async with visit.hub.database.unit() as session:
        await shelf.line(session, name)
        await drafts.drop(session, name)
        await note(session, visit, "template.drop", name)
    return go(visit, f"/templates/{name}", _("The draft is gone."))


@router.get("/templates/{name}/versions/{number}")
async def version(visit: Writer, name: str, number: int) -> Response:
    return await _version(visit, name, number)


@router.post("/templates/{name}/versions/{number}/restore")
async def restore(visit: Writer, name: str, number: int) -> Response:
    """Its texts become the draft, unless somebody is writing one."""
    try:
        async with visit.hub.database.unit() as session:
            await history.restore(session, name, number, staff_id=visit.staff_id, now=visit.now)
            await note(session, visit, "template.bring-back", name, f"version {number}")
    except TextProblem as e:
        return await _version(visit, name, number, worded(e))
    said = _("Version %(number)s is the draft now. Publish it, and it is sent again.") % {"number": number}
    return go(visit, f"/templates/{name}/edit", said)


async def note(session: Any, visit: Visit, action: str, name: str, detail: str = "") -> None:
    """Into the audit trail."""
    await visit.note(session, action, subject=f"template:{name}", detail=detail)


async def _about(visit: Visit, name: str, trouble: str = "", title: str | None = None) -> Response:
    async with visit.hub.database.unit() as session:
        about, draft = await shelf.line(session, name), await drafts.read(session, name)
        versions = await history.listing(session, name)
    hub = visit.hub.settings.hub
    return page(
        visit,
        "template.html",
        status=422 if trouble else 200,
        about=about,
        title=about.title if title is None else title,
        draft=draft,
        channels=shelf.channels(draft.variants),
        versions=versions,
        tongues=[*hub.languages, *(code for code in draft.variants if code not in hub.languages)],
        fallback=visit.hub.gate.default_language,
        kinds=tuple(Kind),
        trouble=trouble,
        longest=shelf.LONGEST_TITLE,
    )


async def _version(visit: Visit, name: str, number: int, trouble: str = "") -> Response:
    async with visit.hub.database.unit() as session:
        about = await shelf.line(session, name)
        changes = await history.changes(session, name, number)
        entries = await history.listing(session, name)
    entry = next(one for one in entries if one.number == number)
    data: dict[str, Any] = {"about": about, "changes": changes, "entry": entry, "trouble": trouble}
    return page(
        visit,
        "template_version.html",
        status=422 if trouble else 200,
        newest=entries[0].number,
        parts=faults.PARTS,
        **data,
    )


async def _form(visit: Visit, title: str, purpose: Purpose, copied: str, trouble: str = "") -> Response:
    async with visit.hub.database.unit() as session:
        if copied and not title:
            title = _("%(name)s, a copy") % {"name": (await shelf.line(session, copied)).title}
        others = [one for one in await shelf.listing(session) if one.channels]
    data: dict[str, Any] = {"title": title, "purpose": purpose, "copied": copied, "others": others}
    status = 422 if trouble else 200
    return page(visit, "template_new.html", status=status, trouble=trouble, longest=shelf.LONGEST_TITLE, **data)


def _purpose(written: object) -> Purpose:
    return Purpose(str(written)) if written in list(Purpose) else Purpose.MARKETING
