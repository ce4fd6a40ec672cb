"""The forms by which people sign up by themselves: made here, put into the company's own site, counted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, HTTPException, Response
from starlette.datastructures import FormData

from hub.customers import topics
from hub.joining import forms, markup, page_words
from hub.joining.forms import FormProblem, Wanted
from hub.models import SignUpForm, Topic
from hub.models.vocabulary import Purpose
from hub.web.access import Campaigner, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
HERE = "/settings/sign-up-forms"
_DAYS = 30


@router.get(HERE)
async def listing(visit: Campaigner) -> Response:
    """Every form, with what came of it lately; and an empty one."""
    return page(visit, "sign_up_forms.html", **await _all(visit))


@router.post(HERE)
async def add(visit: Campaigner) -> Response:
    sent = await visit.request.form()
    try:
        async with visit.hub.database.unit() as session:
            form = await forms.add(session, str(sent.get("key", "")).strip(), _wanted(visit, sent), now=visit.now)
            await visit.note(session, "sign_up_form.add", detail=form.key)
    except FormProblem as e:
        again = await _all(visit, typed=_wanted(visit, sent), trouble=worded(e))
        return page(visit, "sign_up_forms.html", status=422, **again)
    return go(visit, f"{HERE}/{form.id}", _("Added."))


@router.get(HERE + "/{form_id}")
async def show(visit: Campaigner, form_id: int) -> Response:
    """One form: what it asks, its address, the piece of HTML for the company's own site, and its days."""
    return page(visit, "sign_up_form.html", **await _one(visit, form_id))


@router.post(HERE + "/{form_id}")
async def change(visit: Campaigner, form_id: int) -> Response:
    sent = await visit.request.form()
    try:
        async with visit.hub.database.unit() as session:
            form = await forms.change(session, form_id, _wanted(visit, sent))
            await visit.note(session, "sign_up_form.change", detail=form.key)
    except FormProblem as e:
        again = await _one(visit, form_id) | {"trouble": worded(e), "typed": _wanted(visit, sent)}
        return page(visit, "sign_up_form.html", status=422, **again)
    except LookupError as e:
        raise HTTPException(404) from e
    return go(visit, f"{HERE}/{form_id}", _("Saved."))


async def _all(visit: Visit, *, typed: Wanted | None = None, trouble: str = "") -> dict[str, Any]:
    since = visit.now.astimezone(visit.zone).date() - timedelta(days=_DAYS)
    async with visit.hub.database.unit() as session:
        known = await forms.listing(session)
        counted = await forms.totals(session, since)
        offered = await topics.listing(session)
    fresh = typed or Wanted("", ["email"], [Purpose.MARKETING.value])
    key = (await visit.request.form()).get("key", "") if typed else ""
    return {"known": known, "counted": counted, "key": key, **_shared(visit, fresh, offered, trouble)}


async def _one(visit: Visit, form_id: int) -> dict[str, Any]:
    try:
        async with visit.hub.database.unit() as session:
            form = await forms.get(session, form_id)
            days = await forms.days(session, form_id, most=_DAYS)
            offered = await topics.listing(session, inactive=True)
            snippets = {code: await _snippet(session, visit, form, code) for code in visit.hub.settings.hub.languages}
    except LookupError as e:
        raise HTTPException(404) from e
    shown = _shared(visit, _kept(form), offered, "")
    return {"form": form, "days": days, "snippets": snippets, "url": _url(visit, form), **shown}


def _shared(visit: Visit, typed: Wanted, offered: list[Topic], trouble: str) -> dict[str, Any]:
    tongues = visit.hub.settings.hub.languages
    return {
        "typed": typed,
        "trouble": trouble,
        "items": [(item, _item(visit, item, offered)) for item in forms.choices(offered)],
        "tongues": tongues,
        "longest": forms.LONGEST,
        "limits": {"key": forms.LONGEST_KEY, "name": forms.LONGEST_NAME, "url": forms.LONGEST_URL},
        "most": forms.MOST_A_DAY,
        "usual": {code: forms.usual_consent(code) for code in tongues},
        "titles": {code: page_words.WORDS[code].title for code in tongues},
    }


def _item(visit: Visit, item: str, offered: list[Topic]) -> str:
    purpose, key = forms.about(item)
    titles = {topic.key: topics.title(topic, visit.staff.language) for topic in offered}
    names = {Purpose.MARKETING: _("Offers"), Purpose.GREETINGS: _("Greetings")}
    return f"{names[purpose]}: {titles[key]}" if key else names[purpose]


async def _snippet(session: Any, visit: Visit, form: SignUpForm, code: str) -> str:
    said = page_words.WORDS[code]
    return markup.snippet(form, await forms.offered(session, form, code), _url(visit, form), said)


def _url(visit: Visit, form: SignUpForm) -> str:
    return f"{visit.hub.settings.hub.public_url}/join/{form.key}"


def _kept(form: SignUpForm) -> Wanted:
    return Wanted(
        form.name,
        form.kinds,
        form.items,
        form.asks_name,
        form.asks_language,
        form.words,
        form.after_url,
        form.most_a_day,
        form.active,
    )


def _wanted(visit: Visit, sent: FormData) -> Wanted:
    """As it was sent; a number that is none becomes 0, which no form takes."""
    number = str(sent.get("most_a_day", "")).strip()
    return Wanted(
        name=str(sent.get("name", "")),
        kinds=[str(one) for one in sent.getlist("kinds")],
        items=[str(one) for one in sent.getlist("items")],
        asks_name=str(sent.get("asks_name", "optional")),
        asks_language=bool(sent.get("asks_language")),
        words=_words(visit, sent),
        after_url=str(sent.get("after_url", "")),
        most_a_day=int(number) if number.isascii() and number.isdecimal() and len(number) < 9 else 0,
        active=bool(sent.get("active")),
    )


def _words(visit: Visit, sent: FormData) -> Mapping[str, Mapping[str, str]]:
    return {
        code: {name: str(sent.get(f"{name}.{code}", "")).replace("\r\n", "\n") for name in forms.LONGEST}
        for code in visit.hub.settings.hub.languages
    }
