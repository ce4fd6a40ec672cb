"""/api/v1/templates: what marketers write, for their other tools: read, drafted, judged, published, tried out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from hub.api.access import Caller, Writer
from hub.api.problems import Endpoint, Problem
from hub.api.repeating import Once, again, once
from hub.api.shapes import Page
from hub.api.v1.template_shapes import (
    DraftIn,
    DraftOut,
    FindingOut,
    TemplateIn,
    TemplateOut,
    TestIn,
    TestOut,
    VersionOut,
    VersionWordsOut,
    WholeTemplateOut,
)
from hub.outbound import templates
from hub.outbound.templates import NoSuchTemplate
from hub.outbound.trial import NotForTests
from hub.texts import drafts, history, lint, previews, shelf
from hub.texts.drafts import Draft, Overtaken
from hub.texts.lint import Finding
from hub.texts.previews import NothingToTry
from hub.texts.shelf import Shown, TextProblem

router = APIRouter(tags=["Templates"], route_class=Endpoint)
_Name = Annotated[str, Path(max_length=100)]
_Seen = Annotated[int | None, Query(ge=0, le=2**31 - 1, description="`revision` of the draft that was looked at")]


@router.get("/templates")
async def list_templates(
    caller: Writer, *, query: Annotated[str, Query(max_length=200)] = "", shown: Shown = Shown.AT_HAND
) -> Page[TemplateOut]:
    """By title: those at hand, those of `campaigns`, or those in the `archive`; `query` looks into the texts."""
    async with caller.hub.database.unit() as session:
        found = await shelf.listing(session, query=query, shown=shown)
    return Page(items=[TemplateOut.line(one) for one in found])


@router.post("/templates", status_code=201, responses=again(TemplateOut))
async def create_template(caller: Writer, body: TemplateIn, asked: Once) -> TemplateOut:
    """A draft, empty or with the words of another; its name is made of the title."""

    async def create(session: Any) -> TemplateOut:
        name = await shelf.create(
            session, body.title, body.purpose, copied=body.copied, staff_id=caller.staff_id, now=caller.now
        )
        await _note(session, caller, "create", name)
        return TemplateOut.line(await shelf.line(session, name))

    with _told(lost=422):
        return await once(caller, asked, TemplateOut, create)


@router.get("/templates/{name}")
async def read_template(caller: Writer, name: _Name) -> WholeTemplateOut:
    """What is sent at present, and its versions."""
    with _told():
        async with caller.hub.database.unit() as session:
            line = TemplateOut.line(await shelf.line(session, name))
            standing, _version = await templates.standing(session, name)
            versions = [VersionOut.of(one) for one in await history.listing(session, name)]
    return WholeTemplateOut(**line.model_dump(), variants=standing, versions=versions)


@router.get("/templates/{name}/versions/{number}")
async def read_version(
    caller: Writer, name: _Name, number: Annotated[int, Path(ge=1, le=2**31 - 1)]
) -> VersionWordsOut:
    """One version's words: they never change."""
    with _told():
        async with caller.hub.database.unit() as session:
            return VersionWordsOut(number=number, variants=await history.variants(session, name, number))


@router.get("/templates/{name}/draft")
async def read_draft(caller: Writer, name: _Name) -> DraftOut:
    """The words as they stand, and what a careful colleague would say of them."""
    with _told():
        async with caller.hub.database.unit() as session:
            return _draft(caller, await drafts.read(session, name))


@router.put("/templates/{name}/draft")
async def write_draft(caller: Writer, name: _Name, body: DraftIn) -> DraftOut:
    """Nobody is sent it until it is published. 409 when a colleague has changed it since `seen`."""
    with _told():
        async with caller.hub.database.unit() as session:
            await drafts.keep(
                session,
                name,
                body.variants,
                seen=body.seen,
                staff_id=caller.staff_id,
                now=caller.now,
                anyway=body.anyway,
            )
            return _draft(caller, await drafts.read(session, name))


@router.delete("/templates/{name}/draft", status_code=204, response_class=Response)
async def drop_draft(caller: Writer, name: _Name) -> None:
    """It is thrown away; what is published stays."""
    with _told():
        async with caller.hub.database.unit() as session:
            await shelf.line(session, name)
            await drafts.drop(session, name)
            await _note(session, caller, "drop", name)


@router.post("/templates/{name}/publish")
async def publish_template(caller: Writer, name: _Name, seen: _Seen = None) -> VersionOut:
    """From now on the draft is what is sent. 422 with its errors when it is not fit; 409 when it is not `seen`."""
    with _told():
        async with caller.hub.database.unit() as session:
            _demand_fit(_findings(caller, await drafts.read(session, name)))
            version = await drafts.publish(session, name, seen=seen, staff_id=caller.staff_id, now=caller.now)
            await _note(session, caller, "publish", name, f"version {version.number}")
            return VersionOut.of((await history.listing(session, name))[0])


@router.post("/templates/{name}/test", status_code=202)
async def test_template(caller: Writer, name: _Name, body: TestIn) -> TestOut:
    """Send the draft, or what is published, to a colleague: it counts for nothing, and its links do nothing."""
    gate = caller.hub.gate
    with _told():
        async with caller.hub.database.unit() as session:
            draft = await drafts.read(session, name)
            who = await previews.somebody(session, body.customer_id, name, draft.purpose, gate=gate, now=caller.now)
            sent = await previews.send_test(
                session,
                previews.say(draft.variants, body.kind, body.language, who, gate=gate),
                body.kind,
                body.to,
                who,
                staff=caller.staff,
                gate=gate,
                country=caller.hub.settings.hub.country,
                most=caller.hub.settings.campaigns.tests_a_day,
                now=caller.now,
            )
            await _note(session, caller, "test", name, f"{body.kind.value} {body.language}")
    return TestOut(interaction_id=sent)


@contextmanager
def _told(*, lost: int = 404) -> Iterator[None]:
    """What is wrong, as a problem. `lost`: of a name that leads nowhere."""
    try:
        yield
    except NoSuchTemplate as e:
        raise Problem(lost, "Template", str(e), remedy="Use a name of the list of templates") from e
    except Overtaken as e:
        raise Problem(409, "Draft", str(e), remedy="Read the draft again, or send it with anyway") from e
    except (TextProblem, NothingToTry, NotForTests) as e:
        raise Problem(422, "Template", str(e), remedy="Correct it and send the request again") from e


def _demand_fit(found: list[Finding]) -> None:
    stops = lint.errors(found)
    if stops:
        errors = [{"field": f"{one.language}.{one.part}", "cause": str(one.told)} for one in stops[:20]]
        raise Problem(422, "Template", "It is not fit to be published", remedy="Correct the draft", errors=errors)


def _draft(caller: Caller, draft: Draft) -> DraftOut:
    return DraftOut(
        variants=draft.variants,
        revision=draft.revision,
        changed_by=draft.changed_by,
        changed_at=draft.changed_at,
        findings=[FindingOut.told(one) for one in _findings(caller, draft)],
    )


def _findings(caller: Caller, draft: Draft) -> list[Finding]:
    languages = caller.hub.settings.hub.languages
    return previews.judged(
        draft.name, draft.variants, draft.purpose, languages=languages, gate=caller.hub.gate, now=caller.now
    )


async def _note(session: Any, caller: Caller, act: str, name: str, detail: str = "") -> None:
    await caller.note(session, f"template.{act}", subject=f"template:{name}", detail=detail)
