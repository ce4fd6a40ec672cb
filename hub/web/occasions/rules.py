"""Occasions that are greeted beside birthdays: which, for whom, with which words, at what hour."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request, Response

from hub.models import Occasion
from hub.models.vocabulary import OccasionKind
from hub.occasions import feasts, name_days, rules
from hub.occasions.rules import LANGUAGES, OccasionProblem, Wish
from hub.outbound import templates
from hub.sentences import Sentence
from hub.web import moments
from hub.web.access import Greeter, Visit
from hub.web.mending import WrongInput
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import language, worded

router = APIRouter(route_class=Page)
_NO_HOUR = Sentence("“%(typed)s” is no hour of the day. Write one from 00:00 to 23:59.")
_USUAL = {  # the words that go with a kind, unless somebody chooses others
    OccasionKind.NAME_DAY: "name-day",
    OccasionKind.ANNIVERSARY: "anniversary",
    OccasionKind.DATE: "festival",
    OccasionKind.FESTIVAL: "festival",
    OccasionKind.FEAST: "festival",
}
_FEAST_WORDS = (("easter", "easter"), ("christmas", "christmas"), ("new-year", "new-year"))


@router.get("/occasions/feasts")
async def public(visit: Greeter, country: str = "") -> Response:
    """A country's public calendar: every feast of a year, and which of them are greeted."""
    code = country.upper() or visit.hub.settings.hub.country
    async with visit.hub.database.unit() as session:
        known = await rules.listing(session)
    greeted = {one.rule.get("feast"): one for one in known if one.rule.get("country") == code}
    found = feasts.feasts(code, visit.now.year) + feasts.feasts(code, visit.now.year + 1)
    today = visit.now.astimezone(visit.zone).date()
    coming = [one for one in found if 0 <= (one.day - today).days < 366]
    lost = [one for key, one in greeted.items() if key not in {feast.key for feast in found}]
    data: dict[str, Any] = {
        "country_code": code,
        "countries": feasts.countries(),
        "coming": [(one, feasts.told(one, code, language())) for one in coming],
        "greeted": greeted,
        "lost": lost,
    }
    return page(visit, "greeting_feasts.html", **data)


@router.get("/occasions/rules/new")
async def fresh(visit: Greeter, kind: OccasionKind, country: str = "", feast: str = "") -> Response:
    """An empty form; for a feast with what is known of it."""
    if kind is OccasionKind.BIRTHDAY:
        return go(visit, "/occasions")
    draft = Occasion(name="", kind=kind, template=_USUAL[kind], rule={}, keepers=[], title="")
    return await _form(visit, _feast(draft, country, feast, visit.now.year) if kind is OccasionKind.FEAST else draft)


def _feast(draft: Occasion, country: str, key: str, year: int) -> Occasion:
    """With its name in each language that the country's calendar has."""
    known = next((one for one in feasts.feasts(country, year) if one.key == key), None)
    titles = {code: feasts.told(known, country, code) for code in LANGUAGES} if known else {}
    draft.title, draft.keepers = titles.get("en", ""), [country]
    draft.rule = {"country": country, "feast": key, "titles": {k: v for k, v in titles.items() if v != draft.title}}
    draft.template = next((words for part, words in _FEAST_WORDS if part in key), "festival")
    return draft


@router.get("/occasions/rules/{occasion_id}")
async def edit(visit: Greeter, occasion_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        found = await rules.get(session, occasion_id)
    if found is None:
        raise HTTPException(404)
    return go(visit, "/occasions") if found.kind is OccasionKind.BIRTHDAY else await _form(visit, found)


@router.post("/occasions/rules")
async def save(
    visit: Greeter,
    request: Request,
    kind: Annotated[OccasionKind, Form()],
    at_hour: Annotated[str, Form()],
    template: Annotated[str, Form()],
    occasion: Annotated[int | None, Form()] = None,
    title: Annotated[str, Form(max_length=200)] = "",
    keepers: Annotated[str, Form(max_length=400)] = "",
    late_days: Annotated[int, Form(ge=0, le=rules.MOST_LATE)] = 2,
    enabled: Annotated[str, Form()] = "",
) -> Response:
    """What belongs to its kind alone stands in further fields, see `_rule`."""
    hour = hour_of(at_hour)
    rule = _rule(kind, dict(await request.form()))
    words = tuple(keepers.replace(",", " ").split())
    if kind is OccasionKind.NAME_DAY and not title.strip():
        title = _("Name days, %(country)s") % {"country": rule["calendar"]}
    wish = Wish(kind, title, template, rule, words, enabled=enabled == "1", at_hour=hour, late_days=late_days)
    try:
        async with visit.hub.database.unit() as session:
            saved = await rules.save(session, wish, occasion_id=occasion, now=visit.now)
            await visit.note(session, "occasion.change", subject=f"occasion:{saved.name}")
    except (OccasionProblem, templates.NoSuchTemplate) as e:
        draft = Occasion(
            id=occasion, name="", kind=kind, template=template, rule=rule, keepers=list(words), title=title
        )
        draft.at_hour, draft.late_days, draft.enabled = hour, late_days, enabled == "1"
        return await _form(visit, draft, trouble=worded(e))
    return go(visit, "/occasions#rules", _("Saved."))


def hour_of(at_hour: str) -> time:
    """When greetings leave. Raises WrongInput."""
    try:
        return moments.read_hour(at_hour)
    except ValueError as e:
        raise WrongInput("at_hour", at_hour, _NO_HOUR) from e


@router.post("/occasions/rules/{occasion_id}/drop")
async def drop(visit: Greeter, occasion_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        found = await rules.get(session, occasion_id)
        if found is not None:
            await rules.drop(session, occasion_id)
            await visit.note(session, "occasion.drop", subject=f"occasion:{found.name}")
    return go(visit, "/occasions#rules", _("Nobody is greeted for it any more."))


def _rule(kind: OccasionKind, form: dict[str, Any]) -> dict[str, Any]:
    """The fields of this kind as `hub.occasions.rules.Wish` has them."""

    def typed(name: str) -> str:
        return str(form.get(name) or "").strip()

    titles = {code: typed(f"title_{code}") for code in LANGUAGES if typed(f"title_{code}")}
    rule: dict[str, Any] = {"titles": titles} if titles else {}
    match kind:
        case OccasionKind.NAME_DAY:
            rule["calendar"] = typed("calendar")
        case OccasionKind.ANNIVERSARY | OccasionKind.DATE:
            rule |= {"attribute": typed("attribute"), "days": typed("days")}
        case OccasionKind.FESTIVAL if typed("church"):
            rule |= {"church": typed("church"), "days": typed("days")}
        case OccasionKind.FESTIVAL:
            rule["date"] = typed("date")
        case OccasionKind.FEAST:
            rule |= {"country": typed("country"), "feast": typed("feast")}
    return rule


async def _form(visit: Visit, occasion: Occasion, *, trouble: str = "") -> Response:
    async with visit.hub.database.unit() as session:
        words = await templates.offered(session, chosen=[occasion.template])
    data: dict[str, Any] = {
        "one": occasion,
        "kind": OccasionKind(occasion.kind),
        "templates": words,
        "calendars": name_days.CALENDARS,
        "codes": LANGUAGES,
        "trouble": trouble,
    }
    return page(visit, "greeting_rule.html", status=422 if trouble else 200, **data)
