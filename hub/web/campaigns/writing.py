"""Writing a campaign: the form, which comes back whole when something is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Response
from starlette.datastructures import FormData

from hub import sentences
from hub.campaigns import lifecycle, proofs, revising
from hub.campaigns.lifecycle import NotStartable, Plan
from hub.customers import topics
from hub.models import Campaign
from hub.models.vocabulary import CampaignState, Kind, Purpose
from hub.outbound import templates
from hub.segments import saved
from hub.segments.conditions import BadCondition
from hub.segments.tree import Raw
from hub.staff.roles import Action
from hub.texts import drafts
from hub.texts.shelf import TextProblem
from hub.web.access import Campaigner, Visit
from hub.web.campaigns import looking
from hub.web.campaigns.campaign import note
from hub.web.customers import segment_form
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
_EDITABLE = (CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.PAUSED)
_LONGEST_NAME = 200
_MOST_AN_HOUR, _DIGITS = 10_000_000, 12


@router.get("/campaigns/new")
async def blank(visit: Campaigner) -> Response:
    async with visit.hub.database.unit() as session:
        names = await saved.names(session)
    return await _form(visit, _Typed(segment=segment_form.Typed(names=names)))


@router.post("/campaigns/new")
async def create(visit: Campaigner) -> Response:
    typed = await _read(visit)
    if typed.more:
        return await _form(visit, typed)
    try:
        async with visit.hub.database.unit() as session:
            plan = await _plan(session, visit, typed)
            campaign = await lifecycle.create(session, plan, staff_id=visit.staff_id, now=visit.now)
            await note(session, visit, "campaign.create", campaign.id)
    except (BadCondition, Incomplete, NotStartable) as e:
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
    typed = await _read(visit)
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
        segment: segment_form.Typed | None = None,
        texts: Mapping[str, Mapping[str, str]] | None = None,
        per_hour: str = "",
        topic: str = "",
        learnt: bool = False,
        more: bool = False,
    ) -> None:
        self.name, self.purpose, self.template, self.more = name, purpose, template, more
        self.per_hour, self.topic, self.learnt = per_hour, topic, learnt
        self.kinds, self.segment, self.texts = list(kinds), segment, dict(texts or {})

    @classmethod
    def of(cls, form: FormData, names: segment_form.Names) -> _Typed:
        return cls(
            name=str(form.get("name", "")),
            purpose=str(form.get("purpose", "")),
            template=str(form.get("template", "")),
            kinds=[str(kind) for kind in form.getlist("kinds")],
            segment=None if form.get("deep") else segment_form.typed(form, names),
            texts=_texts(form),
            per_hour=str(form.get("per_hour", "")),
            topic=str(form.get("topic", "")),
            learnt=bool(form.get("learnt")),
            more=bool(form.get("more")),
        )


async def _read(visit: Visit) -> _Typed:
    async with visit.hub.database.unit() as session:
        names = await saved.names(session)
    return _Typed.of(await visit.request.form(), names)


async def _plan(session: Any, visit: Visit, typed: _Typed, found: Campaign | None = None) -> Plan:
    """What the form says; of a campaign that has begun whom it means, why and by which channels stays."""
    if not typed.name.strip():
        raise Incomplete(_("Give the campaign a name."))
    if trouble := sentences.too_long(sentences.LONG_NAME, typed.name.strip(), _LONGEST_NAME):
        raise Incomplete(trouble)
    variables, per_hour = found.variables if found is not None else {}, _per_hour(typed)
    if found is not None and found.state is CampaignState.PAUSED:
        kinds = tuple(Kind(kind) for kind in found.kinds)
        version = await _said(session, visit, typed, found, found.purpose)
        stays = (found.topic, found.learnt)
        return Plan(typed.name, version, found.segment, found.purpose, variables, kinds, per_hour, *stays)
    purpose = Purpose(typed.purpose) if typed.purpose in list(Purpose) else Purpose.MARKETING
    if typed.topic and not await topics.is_known(session, typed.topic):
        raise Incomplete(_("There is no such topic. Choose another one, or none."))
    return Plan(
        name=typed.name,
        template_version_id=await _said(session, visit, typed, found, purpose),
        segment=_segment(typed, found),
        purpose=purpose,
        variables=variables,
        kinds=tuple(Kind(kind) for kind in typed.kinds if kind in list(Kind)),
        per_hour=per_hour,
        topic=typed.topic,
        learnt=typed.learnt,
    )


def _per_hour(typed: _Typed) -> int | None:
    written = typed.per_hour.strip()
    if not written:
        return None
    if not written.isdecimal() or len(written) > _DIGITS or not 0 < int(written) <= _MOST_AN_HOUR:
        raise Incomplete(_("How many an hour is a whole number above 0, or empty."))
    return int(written)


async def _said(session: Any, visit: Visit, typed: _Typed, found: Campaign | None, purpose: Purpose) -> int:
    """While a test tries its words the form holds none, and they stay."""
    variables = found.variables if found is not None else {}
    silent = not typed.template and not any(text.strip() for own in typed.texts.values() for text in own.values())
    if silent and found is not None and found.template_version_id and await revising.tests(session, found):
        return found.template_version_id
    return await _version(session, visit, typed, purpose, variables)


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
    try:
        drafts.demand_fit(variants)
    except TextProblem as e:
        raise Incomplete(sentences.of(e)) from e
    if wrong := proofs.written(variants, purpose, variables, gate=visit.hub.gate, now=visit.now):
        raise Incomplete(wrong)
    return (await templates.save(session, _template_name(typed.name), variants, now=visit.now)).id or 0


def _template_name(name: str) -> str:
    plain = re.sub(r"[^\w]+", "-", name.lower()).strip("-")[:80]
    return f"campaign-{plain or 'unnamed'}"


async def _typed_of(session: Any, found: Campaign) -> _Typed:
    texts: Mapping[str, Mapping[str, str]] = {}
    if found.template_version_id is not None and not await revising.tests(session, found):
        texts = (await templates.version(session, found.template_version_id)).variants
    names = await saved.names(session)
    return _Typed(
        name=found.name,
        purpose=found.purpose,
        kinds=found.kinds,
        segment=segment_form.shown(found.segment, names),
        texts=texts,
        per_hour=str(found.per_hour or ""),
        topic=found.topic,
        learnt=found.learnt,
    )


def _segment(typed: _Typed, found: Campaign | None) -> Raw:
    """Whom the form means; of a segment that is deeper than the form: whom it meant before. Raises BadCondition."""
    if typed.segment is None:
        return found.segment if found is not None else []
    return segment_form.raw(typed.segment)


def _texts(form: FormData) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for key, value in form.items():
        code, _sep, part = key.removeprefix("text.").partition(".")
        if key.startswith("text.") and part in PARTS and isinstance(value, str):
            found.setdefault(code, {})[part] = value.replace("\r\n", "\n")
    return found


async def _form(visit: Visit, typed: _Typed, trouble: str = "", campaign: Campaign | None = None) -> Response:
    async with visit.hub.database.unit() as session:
        named = await templates.offered(session, chosen=[typed.template])
        known = await topics.listing(session, inactive=True)
        tested = campaign is not None and await revising.tests(session, campaign)
    return page(
        visit,
        "campaign_form.html",
        status=422 if trouble else 200,
        typed=typed,
        topics=[one for one in known if one.active or one.key == typed.topic],
        topic_title=topics.title,
        trouble=trouble,
        campaign_id=campaign.id if campaign else None,
        begun=campaign is not None and campaign.state is CampaignState.PAUSED,
        tested=tested,
        templates={name: title for name, title in named.items() if not name.startswith("campaign-")},
        deep=_deep(typed, campaign),
        parts=PARTS,
        **segment_form.choices(),
        tongues=visit.hub.settings.hub.languages,
    )


def _deep(typed: _Typed, campaign: Campaign | None) -> str:
    """A segment that is deeper than the form, as JSON."""
    if typed.segment is not None or campaign is None:
        return ""
    return json.dumps(campaign.segment, indent=2, ensure_ascii=False)
