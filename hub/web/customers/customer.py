"""One customer: everything that was said on one timeline, and what we know and may do beside it."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Query, Response

from channels.address import BadAddress
from hub.conversations import labels as known_labels
from hub.conversations import tasks
from hub.customers import consent, directory, identities, preferences, wordings
from hub.customers.consent import Statement
from hub.customers.directory import AddressTaken
from hub.customers.fields import BadField
from hub.models import Customer
from hub.models.vocabulary import AddressKind, Kind, Purpose
from hub.personal import erasing
from hub.sentences import Sentence
from hub.staff import audit
from hub.staff.roles import Action
from hub.web import words
from hub.web.access import ConsentRecorder, CustomerReader, CustomerWriter, Visit
from hub.web.customers import lists, merging, purchases, reaching
from hub.web.customers.listing import read_birthday
from hub.web.mending import WrongInput
from hub.web.messages import cards, composing
from hub.web.messages.threads import timeline
from hub.web.pages import go, opened, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
PAGE = 30
_FLAGS = ("vip", "do_not_contact", "untracked", "deceased")


@router.get("/customers/{customer_id}")
async def customer(
    visit: CustomerReader,
    customer_id: UUID,
    before: UUID | None = None,
    kinds: Annotated[list[str], Query()] = [],  # noqa: B006
) -> Response:
    """`kinds` filters the timeline; `before` gives the words older than that one."""
    chosen = [kind for kind in kinds if kind in words.KINDS]
    data = await _data(visit, customer_id, before, chosen)
    return page(visit, "customer.html", block="older" if before else "", **data)


@router.post("/customers/{customer_id}/details")
async def details(
    visit: CustomerWriter,
    customer_id: UUID,
    name: Annotated[str, Form()] = "",
    given_name: Annotated[str, Form()] = "",
    language: Annotated[str, Form()] = "en",
    timezone: Annotated[str, Form()] = "",
    birthday: Annotated[str, Form()] = "",
    labels: Annotated[str, Form()] = "",
    country: Annotated[str, Form()] = "",
    culture: Annotated[str, Form()] = "",
) -> Response:
    """What a customer is called and how we speak to them. Whoever saves it has looked: no longer provisional."""
    changes: dict[str, object] = {
        "name": name,
        "given_name": given_name,
        "language": language,
        "timezone": timezone.strip() or None,
        "labels": labels.split(","),
        "country": country or None,
        "culture": culture or None,
        "provisional": False,
    }
    try:
        changes["birthday"] = read_birthday(birthday)
        await _change(visit, customer_id, changes)
    except BadField as e:
        typed = {**changes, "timezone": timezone, "birthday": birthday, "labels": labels}
        return await _again(visit, customer_id, worded(e), typed=typed)
    return go(visit, f"/customers/{customer_id}", _("Saved."))


@router.post("/customers/{customer_id}/flags")
async def flags(
    visit: CustomerWriter, customer_id: UUID, flag: Annotated[str, Form()], on: Annotated[str, Form()] = ""
) -> Response:
    """VIP, do not contact, has died."""
    if flag not in _FLAGS:
        raise WrongInput("flag", flag)
    await _change(visit, customer_id, {flag: on == "1"})
    return go(visit, f"/customers/{customer_id}", _("Saved."))


@router.post("/customers/{customer_id}/addresses")
async def add_address(
    visit: CustomerWriter, customer_id: UUID, kind: Annotated[AddressKind, Form()], value: Annotated[str, Form()] = ""
) -> Response:
    try:
        async with visit.hub.database.unit() as session:
            await identities.add(session, customer_id, kind, value, now=visit.now)
            await _note(session, visit, "customer.address", customer_id, kind.value)
    except AddressTaken as e:
        taken = _("%(address)s belongs to another customer already.") % {"address": e.value}
        return await _again(visit, customer_id, taken, address=(kind, value))
    except BadAddress as e:
        return await _again(visit, customer_id, worded(e), address=(kind, value))
    return go(visit, f"/customers/{customer_id}", _("Added."))


@router.post("/customers/{customer_id}/addresses/{identity_id}/mend")
async def mend(visit: CustomerWriter, customer_id: UUID, identity_id: int) -> Response:
    """The customer says that a dead address works again."""
    async with visit.hub.database.unit() as session:
        owned = {identity.id for identity in await identities.of(session, customer_id)}
        if identity_id not in owned:
            raise HTTPException(404)
        await identities.mend(session, identity_id, detail=f"by {visit.staff.name}", now=visit.now)
        await _note(session, visit, "customer.address.mend", customer_id, str(identity_id))
    return go(visit, f"/customers/{customer_id}", _("It is used again."))


@router.post("/customers/{customer_id}/consent")
async def record_consent(
    visit: ConsentRecorder,
    customer_id: UUID,
    purpose: Annotated[Purpose, Form()],
    granted: Annotated[str, Form()],
    channel: Annotated[str, Form()] = "",
) -> Response:
    """What the customer told a member of staff. One row more in the ledger, never one changed."""
    if channel and channel not in list(Kind):
        raise WrongInput("channel", channel)
    kind = Kind(channel) if channel else None
    statement = Statement(
        customer_id=customer_id,
        purpose=purpose,
        channel=kind,
        granted=granted == "1",
        source="told us on the phone",
        wording=wordings.plain(purpose, kind, granted=granted == "1"),
        wording_version=wordings.version("desk"),
        staff_id=visit.staff_id,
        evidence=f"staff:{visit.staff_id}",
    )
    async with visit.hub.database.unit() as session:
        await directory.get(session, customer_id)
        await consent.record(session, statement, now=visit.now)
        done = "consent.grant" if statement.granted else "consent.withdraw"
        await _note(session, visit, done, customer_id, f"{purpose} {channel}".strip())
    return go(visit, f"/customers/{customer_id}", _("Recorded."))


@router.post("/customers/{customer_id}/quiet-hours")
async def quiet_hours(
    visit: CustomerWriter,
    customer_id: UUID,
    quiet_from: Annotated[str, Form()] = "",
    quiet_until: Annotated[str, Form()] = "",
) -> Response:
    """The customer's own, by their clock; both empty: the company's hold."""
    try:
        begins, ends = _hour("quiet_from", quiet_from), _hour("quiet_until", quiet_until)
        if (begins is None) != (ends is None):
            field = "quiet_from" if begins is None else "quiet_until"
            raise BadField(field, Sentence("quiet hours need a beginning and an end. Fill in both, or neither"))
        if begins is not None and begins == ends:
            raise BadField("quiet_until", Sentence("must not be the hour at which they begin"))
        await _change(visit, customer_id, {"quiet_from": begins, "quiet_until": ends})
    except BadField as e:
        return await _again(visit, customer_id, worded(e), quiet=(quiet_from, quiet_until))
    return go(visit, f"/customers/{customer_id}", _("Saved."))


def _hour(field: str, typed: str) -> time | None:
    try:
        return time.fromisoformat(typed.strip()) if typed.strip() else None
    except ValueError as e:
        no_hour = Sentence("“%(value)s” is not a time of day. Write 21:30", {"value": typed[:40]})
        raise BadField(field, no_hour) from e


@router.post("/customers/{customer_id}/ranking")
async def rank(
    visit: CustomerWriter,
    customer_id: UUID,
    purpose: Annotated[Purpose, Form()],
    move: Annotated[str, Form()],
) -> Response:
    """`move` is `sms:up`, `sms:out` or `sms:in`: one step of one channel."""
    word, _sep, way = move.partition(":")
    if word not in list(Kind) or way not in ("up", "down", "out", "in"):
        raise WrongInput("move", move)
    async with visit.hub.database.unit() as session:
        await directory.get(session, customer_id)
        known = await preferences.rankings(session, customer_id)
        before = known.get(purpose, visit.hub.settings.gate.default_ranking)
        await preferences.rank(session, customer_id, purpose, _moved(before, Kind(word), way), now=visit.now)
        await _note(session, visit, "customer.ranking", customer_id, f"{purpose} {move}")
    return go(visit, f"/customers/{customer_id}")


def _moved(before: tuple[Kind, ...], kind: Kind, way: str) -> tuple[Kind, ...]:
    """A ranking after one step."""
    rest = [one for one in before if one is not kind]
    if way == "out":
        return tuple(rest)
    if way == "in" or kind not in before:
        return (*rest, kind)
    place = before.index(kind) + (-1 if way == "up" else 1)
    rest.insert(max(0, place), kind)
    return tuple(rest)


async def whole(visit: Visit, customer_id: UUID) -> dict[str, Any]:
    """Everything the page of a customer needs."""
    return await _data(visit, customer_id)


async def _data(
    visit: Visit, customer_id: UUID, before: UUID | None = None, kinds: list[str] | None = None
) -> dict[str, Any]:
    reads = visit.may(Action.READ_INBOX)
    async with visit.hub.database.unit() as session:
        card = await cards.card(session, customer_id, visit)
        told = []
        if reads:
            told = await timeline(session, customer_id, before=before, limit=PAGE + 1, kinds=kinds or ())
        todo = await tasks.listing(session, customer_id=customer_id) if reads else []
        composer = await composing.composer(session, visit, card)
        beside = await merging.beside(session, visit, customer_id) if before is None else {}
        beside |= await purchases.beside(session, visit, customer_id) | await lists.beside(session, visit, customer_id)
        beside["suggestion"] = await reaching.suggestion(session, visit, card.customer)
        erasure = await erasing.under_way(session, customer_id)
        await cards.read(session, visit, customer_id, anew=before is None and opened(visit))
    return {
        **beside,
        "card": card,
        "erasure": erasure,
        "customer": card.customer,
        "entries": told[:PAGE],
        "more": str(told[PAGE - 1].id) if len(told) > PAGE else "",
        "kinds": kinds or [],
        "todo": todo,
        "composer": composer,
        "typed": _details(card.customer),
        "address": (AddressKind.EMAIL, ""),
        "quiet": tuple(
            at.strftime("%H:%M") if at else "" for at in (card.customer.quiet_from, card.customer.quiet_until)
        ),
        "trouble": "",
        "mending": "",
    }


def _details(customer: Customer) -> dict[str, object]:
    """The fields of the details as the form shows them."""
    return {
        "name": customer.name,
        "given_name": customer.given_name,
        "language": customer.language,
        "timezone": customer.timezone,
        "birthday": _birthday(customer),
        "labels": ", ".join(customer.labels),
        "country": customer.country,
        "culture": customer.culture,
    }


def _birthday(customer: Customer) -> str:
    if not customer.birth_month or not customer.birth_day:
        return ""
    day = f"{customer.birth_month:02d}-{customer.birth_day:02d}"
    return f"{customer.birth_year}-{day}" if customer.birth_year else day


async def _again(
    visit: Visit,
    customer_id: UUID,
    trouble: str,
    *,
    typed: dict[str, object] | None = None,
    address: tuple[AddressKind, str] | None = None,
    quiet: tuple[str, str] | None = None,
) -> Response:
    """The page with what is wrong; the form that it is about is open and holds what was typed."""
    data = await _data(visit, customer_id)
    if typed:
        data |= {"typed": typed, "mending": "details"}
    if address:
        data |= {"address": address, "mending": "address"}
    if quiet:
        data |= {"quiet": quiet, "mending": "quiet"}
    return page(visit, "customer.html", status=422, **data | {"trouble": trouble})


async def _change(visit: Visit, customer_id: UUID, changes: dict[str, object]) -> None:
    async with visit.hub.database.unit() as session:
        changed = await directory.change(session, customer_id, changes, now=visit.now)
        if "labels" in changes:
            await known_labels.enlist(session, changed.labels)
        await _note(session, visit, "customer.change", customer_id, ", ".join(changes))


async def _note(session: Any, visit: Visit, action: str, customer_id: UUID, detail: str) -> None:
    await audit.write(
        session,
        action,
        staff_id=visit.staff_id,
        subject=f"customer:{customer_id}",
        detail=detail,
        ip=visit.ip,
        now=visit.now,
    )
