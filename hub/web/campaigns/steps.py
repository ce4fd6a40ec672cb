"""What follows a campaign's first message: one form for steps, the test of words and everybody's own hour."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from starlette.datastructures import FormData

from hub.campaigns import lifecycle, steps, variants
from hub.campaigns.lifecycle import NotStartable
from hub.campaigns.steps import Step
from hub.campaigns.variants import Finding, Trial
from hub.models import Campaign, CampaignTest, CampaignVariant
from hub.models.vocabulary import CampaignState, Goal, Passed, When
from hub.outbound import templates
from hub.staff.roles import Action
from hub.web import moments
from hub.web.access import Campaigner, CampaignReader, Visit
from hub.web.campaigns.verdicts import verdict
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.translations import worded

router = APIRouter(route_class=Page)

CONDITIONS: Mapping[str, str] = {
    When.ALWAYS: N_("whatever happened"),
    When.DELIVERED: N_("if it arrived"),
    When.NOT_DELIVERED: N_("if it did not arrive"),
    When.OPENED: N_("if it was opened"),
    When.NOT_OPENED: N_("if it was not opened"),
    When.CLICKED: N_("if a link was followed"),
    When.NOT_CLICKED: N_("if no link was followed"),
    When.ANSWERED: N_("if it was answered"),
    When.NO_REACTION: N_("if nothing came of it"),
}
PASSED: Mapping[str, str] = {
    Passed.CONDITION: N_("The condition did not hold."),
    Passed.ANSWERED: N_("They had answered."),
    Passed.UNSUBSCRIBED: N_("They had unsubscribed."),
    Passed.LATE: N_("It was too late."),
    Passed.UNKNOWN: N_("Nobody knows whether the message before left."),
    Passed.NO_CHANNEL: N_("Every channel had been used."),
    Passed.GONE: N_("There is no such customer any more."),
}
GOALS: Mapping[str, str] = {
    Goal.CLICK: N_("followed a link"),
    Goal.ANSWER: N_("answered"),
    Goal.EVENT: N_("did something that a program reports"),
}
UNITS = {"hours": N_("hours"), "days": N_("days")}
_CHANGEABLE = (CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.PAUSED)
_ROW = re.compile(r"step\.(\d{1,2})\.(\w+)")
_VERSION = re.compile(r"#[0-9]{1,9}")
_BLANK = {"wait": "", "unit": "days", "when": "always", "template": "", "next_channel": "", "late": "2", "remove": ""}
_VARIANTS = 3  # rows of the form; the API takes more


@router.get("/campaigns/{campaign_id}/steps")
async def look(visit: CampaignReader, campaign_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        campaign = await lifecycle.get(session, campaign_id)
        typed = await _typed_of(session, campaign)
    return await _page(visit, campaign_id, typed)


@router.post("/campaigns/{campaign_id}/steps")
async def arrange(visit: Campaigner, campaign_id: int) -> Response:
    """All of it at once. A refusal is said in words, with the form as it was typed."""
    form = await visit.request.form()
    typed = _typed(form)
    if form.get("more"):
        return await _page(visit, campaign_id, {**typed, "rows": [*typed["rows"], _BLANK]})
    try:
        async with visit.hub.database.unit() as session:
            await _arrange(session, visit, campaign_id, typed)
            await _note(session, visit, "campaign.steps", campaign_id)
    except (NotStartable, templates.NoSuchTemplate, _Unreadable) as e:
        return await _page(visit, campaign_id, typed, worded(e))
    return go(visit, f"/campaigns/{campaign_id}/steps", _("Saved."))


@router.post("/campaigns/{campaign_id}/winner")
async def choose(visit: Campaigner, campaign_id: int, variant: Annotated[int, Form()]) -> Response:
    """A person decides the test."""
    try:
        async with visit.hub.database.unit() as session:
            await lifecycle.get(session, campaign_id)
            await variants.choose(session, campaign_id, variant, now=visit.now)
            await _note(session, visit, "campaign.winner", campaign_id)
    except NotStartable as e:
        return go(visit, f"/campaigns/{campaign_id}/steps", worded(e))
    return go(visit, f"/campaigns/{campaign_id}/steps", _("Everybody else gets this one."))


class _Unreadable(Exception):
    """A field cannot be read; the message says which and what would do."""


async def _arrange(session: Any, visit: Visit, campaign_id: int, typed: Mapping[str, Any]) -> None:
    campaign = await lifecycle.get(session, campaign_id)
    await steps.track(session, campaign_id, tracked=bool(typed["tracked"]))
    if campaign.started_at is None:
        await steps.send_at(session, campaign_id, _hour(typed["local_time"]))
        await _arrange_test(session, visit, campaign_id, typed)
    rows = [row for row in typed["rows"] if row["template"] or row["next_channel"] or row["wait"]]
    wanted = [await _step(session, visit, row) for row in rows if not row["remove"]]
    await steps.arrange(session, campaign_id, wanted, now=visit.now)


async def _arrange_test(session: Any, visit: Visit, campaign_id: int, typed: Mapping[str, Any]) -> None:
    chosen = any(name for name, _weight in typed["variants"])
    before, _tried = await variants.of(session, campaign_id)
    if chosen and not typed["testing"] and before is None:
        raise _Unreadable(_("Texts for a test are chosen, but not that they are tried. Tick that, or choose none."))
    await variants.arrange(session, campaign_id, await _trial(session, visit, typed))


async def _step(session: Any, visit: Visit, row: Mapping[str, str]) -> Step:
    unit = row["unit"] if row["unit"] in UNITS else "days"
    return Step(
        wait=timedelta(**{unit: _number(row["wait"], _("How long to wait"))}),
        when=When(row["when"]) if row["when"] in CONDITIONS else When.ALWAYS,
        template_version_id=await _version(session, visit, row["template"]) if row["template"] else None,
        next_channel=bool(row["next_channel"]),
        late=timedelta(days=_number(row["late"], _("Days late at most"))),
    )


async def _trial(session: Any, visit: Visit, typed: Mapping[str, Any]) -> Trial | None:
    chosen = [(name, weight) for name, weight in typed["variants"] if name]
    if not typed["testing"]:
        return None
    versions = [(await _version(session, visit, name), _whole(weight or "1", _("Weight"))) for name, weight in chosen]
    return Trial(
        versions=versions,
        share=_number(typed["share"], _("Share of the audience")) / 100,
        wait=timedelta(hours=_number(typed["hours"], _("Hours until it is decided"))),
        goal=Goal(typed["goal"]) if typed["goal"] in GOALS else Goal.CLICK,
        event=typed["event"],
    )


async def _version(session: Any, visit: Visit, written: str) -> int:
    """A template by its name; what a campaign says already, by the version it says."""
    if _VERSION.fullmatch(written):
        return (await templates.version(session, int(written[1:]))).id or 0
    return (await templates.current(session, written, now=visit.now)).id or 0


def _number(text: str, what: str) -> float:
    try:
        found = float(text.replace(",", "."))
    except ValueError as e:
        raise _Unreadable(_("%(what)s: write a number.") % {"what": what}) from e
    if not 0 <= found <= 10_000:
        raise _Unreadable(_("%(what)s: write a number.") % {"what": what})
    return found


def _whole(text: str, what: str) -> int:
    found = _number(text, what)
    if not found.is_integer():
        raise _Unreadable(_("%(what)s: write a whole number.") % {"what": what})
    return int(found)


def _hour(text: str) -> time | None:
    try:
        return moments.read_hour(text) if text else None
    except ValueError as e:
        raise _Unreadable(_("Write the hour as 10:00.")) from e


def _typed(form: FormData) -> dict[str, Any]:
    """The form as it was typed: it comes back whole when something is wrong with it."""
    rows: dict[int, dict[str, str]] = {}
    for key, value in form.items():
        found = _ROW.fullmatch(key)
        if found is not None and isinstance(value, str):
            rows.setdefault(int(found[1]), {})[found[2]] = value[:200]
    names, weights = ([str(one)[:200] for one in form.getlist(name)] for name in ("variant", "weight"))
    plain = {name: str(form.get(name, "")) for name in ("local_time", "share", "hours", "goal", "event")}
    ticked = {name: bool(form.get(name)) for name in ("tracked", "testing")}
    ordered = [{**_BLANK, **rows[number]} for number in sorted(rows)]
    return {"rows": ordered, "variants": list(zip(names, weights, strict=False))[:5], **plain, **ticked}


async def _typed_of(session: Any, campaign: Campaign) -> dict[str, Any]:
    test, tried = await variants.of(session, campaign.id or 0)
    rows = [_row_of(step) for step in map(steps.read, await steps.of(session, campaign.id or 0))]
    chosen = [(f"#{one.template_version_id}", str(one.weight)) for one in tried]
    return {
        "rows": rows or [_BLANK],
        "tracked": campaign.tracked,
        "local_time": campaign.local_time.strftime("%H:%M") if campaign.local_time else "",
        "testing": test is not None,
        "variants": chosen,
        "share": f"{test.share * 100:g}" if test else "20",
        "hours": f"{test.wait_seconds / 3600:g}" if test else "4",
        "goal": test.goal if test else Goal.CLICK,
        "event": test.event if test else "",
    }


def _row_of(step: Step) -> dict[str, str]:
    whole = step.wait % timedelta(days=1) == timedelta(0)
    wait = step.wait / (timedelta(days=1) if whole else timedelta(hours=1))
    return {
        "wait": f"{wait:g}",
        "unit": "days" if whole else "hours",
        "when": step.when,
        "template": f"#{step.template_version_id}" if step.template_version_id else "",
        "next_channel": "1" if step.next_channel else "",
        "remove": "",
        "late": f"{step.late / timedelta(days=1):g}",
    }


async def _page(visit: Visit, campaign_id: int, typed: Mapping[str, Any], trouble: str = "") -> Response:
    async with visit.hub.database.unit() as session:
        campaign = await lifecycle.get(session, campaign_id)
        test, tried = await variants.of(session, campaign_id)
        said = {row["template"] for row in typed["rows"]} | {name for name, _weight in typed["variants"]}
        known = await templates.offered(session, chosen=said)
        named = await _titles(session, {one for one in said if one.startswith("#")})
        twice = await templates.with_newest(session, [int(one[1:]) for one in named])
        how_far = await steps.progress(session, campaign_id)
        finding, came_out = await _finding(session, test), await verdict(session, test, tried)
        labels = await _titles(session, {f"#{one.template_version_id}" for one in tried})
    blank = max(_VARIANTS, len(typed["variants"])) - len(typed["variants"])
    return page(
        visit,
        "campaign_steps.html",
        status=422 if trouble else 200,
        campaign=campaign,
        typed={**typed, "variants": [*typed["variants"], *[("", "1")] * blank]},
        trouble=trouble,
        changeable=campaign.state in _CHANGEABLE and campaign.archived_at is None and visit.may(Action.CAMPAIGNS),
        begun=campaign.started_at is not None,
        templates={**_plain(known, twice), **named},
        conditions=CONDITIONS,
        passed=PASSED,
        goals=GOALS,
        units=UNITS,
        progress=how_far,
        test=test,
        due=variants.due(test) if test else None,
        verdict=came_out,
        finding=finding,
        scores=_scores(tried, finding, labels),
    )


def _plain(known: Mapping[str, str], twice: Collection[str]) -> dict[str, str]:
    """Not those that a campaign wrote for itself, nor those that are chosen already as they stand (`twice`)."""
    return {name: title for name, title in known.items() if name not in twice and not name.startswith("campaign-")}


async def _finding(session: Any, test: CampaignTest | None) -> Finding | None:
    if test is None:
        return None
    if test.finding is not None:
        return Finding.read(test.finding)
    return variants.judged(await variants.scores(session, test.campaign_id))


def _scores(
    tried: Sequence[CampaignVariant], finding: Finding | None, labels: Mapping[str, str]
) -> list[tuple[int, str, variants.Score]]:
    known = {one.variant: one for one in finding.scores} if finding else {}
    return [(one.variant, labels[f"#{one.template_version_id}"], known[one.variant]) for one in tried]


async def _titles(session: Any, written: set[str]) -> dict[str, str]:
    """Versions that are said already, as people know them: the template's name and the version's number."""
    return {one: await templates.title(session, int(one[1:])) for one in sorted(written) if _VERSION.fullmatch(one)}


async def _note(session: Any, visit: Visit, action: str, campaign_id: int) -> None:
    await visit.note(session, action, subject=f"campaign:{campaign_id}")
