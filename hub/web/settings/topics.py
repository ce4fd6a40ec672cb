"""What offers may be about: the topics that customers choose from."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException, Response
from starlette.datastructures import FormData

from hub.customers import topics
from hub.customers.topics import NoSuchTopic, TopicProblem
from hub.web.access import Campaigner, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
HERE = "/settings/topics"


@router.get(HERE)
async def listing(visit: Campaigner) -> Response:
    return page(visit, "topics.html", **await _data(visit))


@router.post(HERE)
async def add(visit: Campaigner) -> Response:
    form = await visit.request.form()
    key = str(form.get("key", "")).strip()
    try:
        async with visit.hub.database.unit() as session:
            await topics.add(session, key, _titles(visit, form))
            await visit.note(session, "topic.add", detail=key)
    except TopicProblem as e:
        return await _again(visit, worded(e), 0, form)
    return go(visit, HERE, _("Added."))


@router.post(HERE + "/{topic_id}")
async def change(visit: Campaigner, topic_id: int) -> Response:
    """Titles, and whether it is offered. Its short name stands in the ledger and stays."""
    form = await visit.request.form()
    try:
        async with visit.hub.database.unit() as session:
            topic = await topics.change(session, topic_id, _titles(visit, form), active=bool(form.get("active")))
            await visit.note(session, "topic.change", detail=topic.key)
    except TopicProblem as e:
        return await _again(visit, worded(e), topic_id, form)
    except NoSuchTopic as e:
        raise HTTPException(404) from e
    return go(visit, HERE, _("Saved."))


def _titles(visit: Visit, form: FormData) -> dict[str, str]:
    return {code: str(form.get(f"title.{code}", "")) for code in visit.hub.settings.hub.languages}


async def _again(visit: Visit, trouble: str, topic_id: int, form: FormData) -> Response:
    typed = {topic_id: {name: str(value) for name, value in form.items()}}
    return page(visit, "topics.html", status=422, **await _data(visit) | {"trouble": trouble, "typed": typed})


async def _data(visit: Visit) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        known = await topics.listing(session, inactive=True)
    return {
        "known": known,
        "trouble": "",
        "typed": {},
        "tongues": visit.hub.settings.hub.languages,
        "longest": topics.LONGEST_TITLE,
        "longest_key": topics.LONGEST_KEY,
    }
