"""Campaigns: the list, writing one, the review that can be trusted, and the run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Response
from starlette.datastructures import FormData

from hub.campaigns import lifecycle, proofs, segments
from hub.campaigns.lifecycle import NotStartable, Plan
from hub.campaigns.review import review
from hub.campaigns.segments import BadCondition
from hub.models import Campaign
from hub.models.vocabulary import CampaignState, Kind, Purpose, State
from hub.outbound import templates
from hub.reports import recipients
from hub.staff import audit
from hub.staff.roles import Action
from hub.web import moments
from hub.web.access import Campaigner, CampaignReader, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

router = APIRouter(route_class=Page)

PARTS = {
    "subject": N_("Subject of the mail"),
    "body": N_("Mail"),
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
LISTS: Mapping[str, tuple[str, tuple[State, ...]]] = {
    "waiting": (N_("Waiting"), (State.QUEUED, State.SENDING, State.RINGING, State.TALKING, State.UNKNOWN)),
    "sent": (N_("Sent"), (State.SENT, State.DELIVERED, State.READ, State.MISSED)),
    "delivered": (N_("Delivered"), (State.DELIVERED, State.READ)),
    "failed": (N_("Failed"), (State.FAILED, State.EXPIRED, State.CANCELLED)),
    "withheld": (N_("Not sent"), (State.WITHHELD,)),
}
_EDITABLE = (CampaignState.DRAFT, CampaignState.SCHEDULED)


@router.get("/campaigns")
async def listing(visit: CampaignReader) -> Response:
    async with visit.hub.database.unit() as session:
        lines = await lifecycle.listing(session)
        counts = {line.id: await lifecycle.counts(session, line.id) for line in lines[:50]}
    return page(visit, "campaigns.html", lines=lines, counts=counts)


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
        return page(visit, "campaign_count.html", meant=None, trouble=str(e))
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
            await _note(session, visit, "campaign.create", campaign.id)
    except (BadCondition, Incomplete) as e:
        return await _form(visit, typed, str(e))
    return go(visit, f"/campaigns/{campaign.id}", _("Saved as a draft. Nothing has been sent."))


@router.get("/campaigns/{campaign_id}")
async def campaign(visit: CampaignReader, campaign_id: int, shown: str = "") -> Response:
    """Before it runs: the review. After: how far it is. `shown` opens the list behind a number."""
    async with visit.hub.database.unit() as session:
        found = await lifecycle.get(session, campaign_id)
        data: dict[str, Any] = {"campaign": found, "lists": LISTS, "shown": shown, "people": [], "trouble": ""}
        data |= await _state_of(session, visit, found)
        if shown in LISTS and found.state not in _EDITABLE:
            data["people"] = await recipients.of_campaign(session, campaign_id, LISTS[shown][1])
    return page(visit, "campaign.html", **data)


@router.get("/campaigns/{campaign_id}/edit")
async def edit(visit: Campaigner, campaign_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        found = await lifecycle.get(session, campaign_id)
        typed = await _typed_of(session, found)
    if found.state not in _EDITABLE:
        return go(visit, f"/campaigns/{campaign_id}", _("It has begun and cannot be changed."))
    return await _form(visit, typed, campaign_id=campaign_id)


@router.post("/campaigns/{campaign_id}/edit")
async def change(visit: Campaigner, campaign_id: int) -> Response:
    typed = _Typed.of(await visit.request.form())
    if typed.more:
        return await _form(visit, typed, campaign_id=campaign_id)
    try:
        async with visit.hub.database.unit() as session:
            plan = await _plan(session, visit, typed)
            await lifecycle.edit(session, campaign_id, plan, gate=visit.hub.gate, now=visit.now)
            await _note(session, visit, "campaign.edit", campaign_id)
    except (BadCondition, Incomplete, NotStartable) as e:
        return await _form(visit, typed, str(e), campaign_id)
    return go(visit, f"/campaigns/{campaign_id}", _("Saved."))


@router.post("/campaigns/{campaign_id}/{step}")
async def move(visit: Campaigner, campaign_id: int, step: str, at: Annotated[str, Form()] = "") -> Response:
    """start, schedule, unschedule, pause, resume or cancel. A refusal is said in words and changes nothing."""
    if step not in _STEPS:
        raise HTTPException(404)
    try:
        async with visit.hub.database.unit() as session:
            await _take(session, visit, campaign_id, step, at)
            await _note(session, visit, f"campaign.{step}", campaign_id)
    except (NotStartable, Incomplete) as e:
        return go(visit, f"/campaigns/{campaign_id}", str(e))
    return go(visit, f"/campaigns/{campaign_id}", _(_STEPS[step]))


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
        more: bool = False,
    ) -> None:
        self.name, self.purpose, self.template, self.more = name, purpose, template, more
        self.kinds, self.conditions, self.texts = list(kinds), list(conditions), dict(texts or {})

    @classmethod
    def of(cls, form: FormData) -> _Typed:
        return cls(
            name=str(form.get("name", "")),
            purpose=str(form.get("purpose", "")),
            template=str(form.get("template", "")),
            kinds=[str(kind) for kind in form.getlist("kinds")],
            conditions=_rows(form),
            texts=_texts(form),
            more=bool(form.get("more")),
        )


_STEPS = {
    "start": N_("It runs now."),
    "schedule": N_("It starts by itself."),
    "unschedule": N_("It is a draft again."),
    "pause": N_("Paused. Nothing more leaves."),
    "resume": N_("It goes on where it stopped."),
    "cancel": N_("Cancelled. What has left stays as it is."),
}


async def _take(session: Any, visit: Visit, campaign_id: int, step: str, at: str) -> None:
    gate, now = visit.hub.gate, visit.now
    if step == "start":
        await lifecycle.start(session, campaign_id, gate=gate, now=now)
    elif step == "schedule":
        await lifecycle.schedule(session, campaign_id, _future(visit, at), gate=gate, now=now)
    elif step == "unschedule":
        await lifecycle.unschedule(session, campaign_id)
    else:
        act = {"pause": lifecycle.pause, "resume": lifecycle.resume, "cancel": lifecycle.cancel}[step]
        await act(session, campaign_id, now=now)


def _future(visit: Visit, at: str) -> Any:
    try:
        moment = moments.read_local(at, visit.zone)
    except ValueError as e:
        raise Incomplete(_("Choose the day and the hour at which it starts.")) from e
    if moment <= visit.now:
        raise Incomplete(_("That moment has passed. Choose a later one."))
    return moment


async def _state_of(session: Any, visit: Visit, found: Campaign) -> dict[str, Any]:
    number = found.id or 0
    if found.state not in _EDITABLE:
        return {"counts": await lifecycle.counts(session, number), "review": None, "proof": ""}
    reviewed = await review(session, number, gate=visit.hub.gate, now=visit.now)
    proof = await proofs.prove(session, found, gate=visit.hub.gate, now=visit.now) if reviewed.audience else ""
    return {"counts": None, "review": reviewed, "proof": proof}


async def _plan(session: Any, visit: Visit, typed: _Typed) -> Plan:
    if not typed.name.strip():
        raise Incomplete(_("Give the campaign a name."))
    version = await _version(session, visit, typed)
    return Plan(
        name=typed.name,
        template_version_id=version,
        segment=[segments.from_text(row["field"], row["op"], row["value"]) for row in typed.conditions if row["field"]],
        purpose=Purpose(typed.purpose) if typed.purpose in list(Purpose) else Purpose.MARKETING,
        kinds=tuple(Kind(kind) for kind in typed.kinds if kind in list(Kind)),
    )


async def _version(session: Any, visit: Visit, typed: _Typed) -> int:
    """The chosen template, or the form's own texts as a template of the campaign's name."""
    if typed.template:
        try:
            return (await templates.current(session, typed.template, now=visit.now)).id or 0
        except templates.NoSuchTemplate as e:
            raise Incomplete(str(e)) from e
    written = {code: {k: v for k, v in parts.items() if v.strip()} for code, parts in typed.texts.items()}
    variants = {code: parts for code, parts in written.items() if parts}
    if not variants:
        raise Incomplete(_("Choose a template, or write a text for at least one language and channel."))
    visit.demand(Action.TEMPLATES)
    return (await templates.save(session, _template_name(typed.name), variants, now=visit.now)).id or 0


def _template_name(name: str) -> str:
    plain = re.sub(r"[^\w]+", "-", name.lower()).strip("-")[:80]
    return f"campaign-{plain or 'unnamed'}"


async def _typed_of(session: Any, found: Campaign) -> _Typed:
    texts: Mapping[str, Mapping[str, str]] = {}
    if found.template_version_id is not None:
        texts = (await templates.version(session, found.template_version_id)).variants
    rows = [{"field": c["field"], "op": c["op"], "value": _as_text(c.get("value"))} for c in found.segment]
    return _Typed(name=found.name, purpose=found.purpose, kinds=found.kinds, conditions=rows, texts=texts)


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


async def _form(visit: Visit, typed: _Typed, trouble: str = "", campaign_id: int | None = None) -> Response:
    async with visit.hub.database.unit() as session:
        names = await templates.names(session)
    return page(
        visit,
        "campaign_form.html",
        status=422 if trouble else 200,
        typed=typed,
        trouble=trouble,
        campaign_id=campaign_id,
        templates=[name for name in names if not name.startswith("campaign-")],
        fields=segments.FIELDS,
        ops=OPS,
        parts=PARTS,
        tongues=visit.hub.settings.hub.languages,
    )


async def _note(session: Any, visit: Visit, action: str, campaign_id: int | None) -> None:
    subject = f"campaign:{campaign_id}"
    await audit.write(session, action, staff_id=visit.staff_id, subject=subject, ip=visit.ip, now=visit.now)
