"""Writing a campaign: the form, which comes back whole when something is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Response
from starlette.datastructures import FormData

from hub import sentences
from hub.campaigns import lifecycle, proofs, segments
from hub.campaigns.lifecycle import NotStartable, Plan
from hub.campaigns.segments import BadCondition
from hub.models import Campaign
from hub.models.vocabulary import CampaignState, Kind, Purpose
from hub.outbound import templates
from hub.staff.roles import Action
from hub.web import looking
from hub.web.access import Campaigner, Visit
from hub.web.campaigns import note
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.translations import worded

router = APIRouter(route_class=Page)

PARTS = {
    "subject": N_("Subject of the mail"),
    "body": N_("Mail"),
    "html": N_("Mail as HTML, when it is designed"),
    "sms": N_("SMS"),
    "voice": N_("Spoken message"),
}
OPS = {
    "eq": N_("is"),
    "ne": N_("is not"),
    "in": N_("is one of"),
    "contains": N_("contains"),
    "exists": N_("is known (yes or no)"),
    "lt": N_("less than, before"),
    "gt": N_("more than, after"),
}
_EDITABLE = (CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.PAUSED)
_LONGEST_NAME = 200
_MOST_AN_HOUR, _DIGITS = 10_000_000, 12


@router.get("/campaigns/new")
async def blank(visit: Campaigner) -> Response:
    return await _form(visit, _Typed())


@router.get("/campaigns/condition")
async def condition(visit: Campaigner) -> Response:
    """One more empty row of the segment."""
    return page(visit, "campaign_condition.html", one={}, fields=segments.FIELDS, ops=OPS)


@router.post("/campaigns/count")
async def count(visit: Campaigner) -> Response:
    """How many customers the conditions mean, or what is wrong with them."""
    form = await visit.request.form()
    try:
        async with visit.hub.database.unit() as session:
            meant = await segments.count(session, _segment(form), now=visit.now)
    except BadCondition as e:
        return page(visit, "campaign_count.html", meant=None, trouble=worded(e))
    return page(visit, "campaign_count.html", meant=meant, trouble="")


@router.post("/campaigns/new")
async def create(visit: Campaigner) -> Response:
    typed = _Typed.of(await visit.request.form())
    if typed.more:
        return await _form(visit, typed)
    try:
        async with visit.hub.database.unit() as session:
            plan = await _plan(session, visit, typed)
            campaign = await lifecycle.create(session, plan, staff_id=visit.staff_id, now=visit.now)
            await note(session, visit, "campaign.create", campaign.id)
    except (BadCondition, Incomplete) as e:
        return await _form(visit, typed, worded(e))
    await looking.look(visit, campaign.id or 0)
    return go(visit, f"/campaigns/{campaign.id}", _("Saved as a draft. Nothing has been sent."))


@router.get("/campaigns/{campaign_id}/edit")
async def edit(visit: Campaigner, campaign_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        found = await lifecycle.get(session, campaign_id)
        typed = await _typed_of(session, found)
    if found.state not in _EDITABLE or found.archived_at is not None:
        return go(visit, f"/campaigns/{campaign_id}", _("It has begun and cannot be changed. Pause it first."))
    return await _form(visit, typed, campaign=found)


@router.post("/campaigns/{campaign_id}/edit")
async def change(visit: Campaigner, campaign_id: int) -> Response:
    """Of a paused one only what it says, what it is called and how fast it goes: the form holds no more."""
    typed = _Typed.of(await visit.request.form())
    async with visit.hub.database.unit() as session:
        found = await lifecycle.get(session, campaign_id)
    if typed.more:
        return await _form(visit, typed, campaign=found)
    try:
        async with visit.hub.database.unit() as session:
            plan = await _plan(session, visit, typed, found)
            await lifecycle.edit(session, campaign_id, plan, gate=visit.hub.gate, now=visit.now)
            await note(session, visit, "campaign.edit", campaign_id)
    except (BadCondition, Incomplete, NotStartable) as e:
        return await _form(visit, typed, worded(e), found)
    if found.state is not CampaignState.PAUSED:
        await looking.look(visit, campaign_id)
    return go(visit, f"/campaigns/{campaign_id}", _("Saved."))


class Incomplete(Exception):
    """Something that the form needs is missing; the message says what."""


class _Typed:
    """The form as it was typed: it comes back whole when something is wrong with it."""

    def __init__(
        self,
        *,
        name: str = "",
        purpose: str = Purpose.MARKETING,
        template: str = "",
        kinds: Sequence[str] = (),
        conditions: Sequence[Mapping[str, str]] = (),
        texts: Mapping[str, Mapping[str, str]] | None = None,
        per_hour: str = "",
        more: bool = False,
    ) -> None:
        self.name, self.purpose, self.template, self.more = name, purpose, template, more
        self.per_hour = per_hour
        self.kinds, self.conditions, self.texts = list(kinds), list(conditions), dict(texts or {})

    @classmethod
    def of(cls, form: FormData) -> _Typed:
        return cls(
            name=str(form.get("name", ""))[:_LONGEST_NAME],
            purpose=str(form.get("purpose", "")),
            template=str(form.get("template", "")),
            kinds=[str(kind) for kind in form.getlist("kinds")],
            conditions=_rows(form),
            texts=_texts(form),
            per_hour=str(form.get("per_hour", "")),
            more=bool(form.get("more")),
        )


async def _plan(session: Any, visit: Visit, typed: _Typed, found: Campaign | None = None) -> Plan:
    """What the form says; of a campaign that has begun whom it means, why and by which channels stays."""
    if not typed.name.strip():
        raise Incomplete(_("Give the campaign a name."))
    variables, per_hour = found.variables if found is not None else {}, _per_hour(typed)
    if found is not None and found.state is CampaignState.PAUSED:
        kinds = tuple(Kind(kind) for kind in found.kinds)
        version = await _version(session, visit, typed, found.purpose, variables)
        return Plan(typed.name, version, found.segment, found.purpose, variables, kinds, per_hour)
    purpose = Purpose(typed.purpose) if typed.purpose in list(Purpose) else Purpose.MARKETING
    return Plan(
        name=typed.name,
        template_version_id=await _version(session, visit, typed, purpose, variables),
        segment=[segments.from_text(row["field"], row["op"], row["value"]) for row in typed.conditions if row["field"]],
        purpose=purpose,
        variables=variables,
        kinds=tuple(Kind(kind) for kind in typed.kinds if kind in list(Kind)),
        per_hour=per_hour,
    )


def _per_hour(typed: _Typed) -> int | None:
    written = typed.per_hour.strip()
    if not written:
        return None
    if not written.isdecimal() or len(written) > _DIGITS or not 0 < int(written) <= _MOST_AN_HOUR:
        raise Incomplete(_("How many an hour is a whole number above 0, or empty."))
    return int(written)


async def _version(session: Any, visit: Visit, typed: _Typed, purpose: Purpose, variables: Mapping[str, Any]) -> int:
    """The chosen template, or the form's own texts as a template of the campaign's name, if they can be sent."""
    if typed.template:
        try:
            return (await templates.current(session, typed.template, now=visit.now)).id or 0
        except templates.NoSuchTemplate as e:
            raise Incomplete(sentences.of(e)) from e
    written = {code: {k: v for k, v in parts.items() if v.strip()} for code, parts in typed.texts.items()}
    variants = {code: parts for code, parts in written.items() if parts}
    if not variants:
        raise Incomplete(_("Choose a template, or write a text for at least one language and channel."))
    visit.demand(Action.TEMPLATES)
    if wrong := proofs.written(variants, purpose, variables, gate=visit.hub.gate, now=visit.now):
        raise Incomplete(wrong)
    return (await templates.save(session, _template_name(typed.name), variants, now=visit.now)).id or 0


def _template_name(name: str) -> str:
    plain = re.sub(r"[^\w]+", "-", name.lower()).strip("-")[:80]
    return f"campaign-{plain or 'unnamed'}"


async def _typed_of(session: Any, found: Campaign) -> _Typed:
    texts: Mapping[str, Mapping[str, str]] = {}
    if found.template_version_id is not None:
        texts = (await templates.version(session, found.template_version_id)).variants
    rows = [{"field": c["field"], "op": c["op"], "value": _as_text(c.get("value"))} for c in found.segment]
    return _Typed(
        name=found.name,
        purpose=found.purpose,
        kinds=found.kinds,
        conditions=rows,
        texts=texts,
        per_hour=str(found.per_hour or ""),
    )


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _rows(form: FormData) -> list[dict[str, str]]:
    columns = [[str(one) for one in form.getlist(name)] for name in ("field", "op", "value")]
    rows = zip(*columns, strict=False)
    return [{"field": field, "op": op, "value": value} for field, op, value in rows if field or value]


def _segment(form: FormData) -> list[dict[str, Any]]:
    return [segments.from_text(row["field"], row["op"], row["value"]) for row in _rows(form) if row["field"]]


def _texts(form: FormData) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for key, value in form.items():
        code, _sep, part = key.removeprefix("text.").partition(".")
        if key.startswith("text.") and part in PARTS and isinstance(value, str):
            found.setdefault(code, {})[part] = value.replace("\r\n", "\n")[:50_000]
    return found


async def _form(visit: Visit, typed: _Typed, trouble: str = "", campaign: Campaign | None = None) -> Response:
    async with visit.hub.database.unit() as session:
        names = await templates.names(session)
    return page(
        visit,
        "campaign_form.html",
        status=422 if trouble else 200,
        typed=typed,
        trouble=trouble,
        campaign_id=campaign.id if campaign else None,
        begun=campaign is not None and campaign.state is CampaignState.PAUSED,
        templates=[name for name in names if not name.startswith("campaign-")],
        fields=segments.FIELDS,
        ops=OPS,
        parts=PARTS,
        tongues=visit.hub.settings.hub.languages,
    )
