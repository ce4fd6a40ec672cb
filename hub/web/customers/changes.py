"""What is changed of a customer: who they are, where they are reached, what they agreed to and when it is quiet."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Response

from channels.address import BadAddress
from hub.conversations import labels as known_labels
from hub.customers import consent, directory, identities, preferences, wordings
from hub.customers.consent import Statement
from hub.customers.directory import AddressTaken
from hub.customers.fields import BadField
from hub.models.vocabulary import AddressKind, Kind, Purpose
from hub.sentences import Sentence
from hub.web import moments
from hub.web.access import ConsentRecorder, CustomerWriter, Visit
from hub.web.customers.customer import again
from hub.web.customers.listing import read_birthday
from hub.web.mending import WrongInput
from hub.web.pages import go
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_FLAGS = ("vip", "do_not_contact", "untracked", "deceased")


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
        return await again(visit, customer_id, worded(e), typed=typed)
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
        return await again(visit, customer_id, taken, address=(kind, value))
    except BadAddress as e:
        return await again(visit, customer_id, worded(e), address=(kind, value))
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
        return await again(visit, customer_id, worded(e), quiet=(quiet_from, quiet_until))
    return go(visit, f"/customers/{customer_id}", _("Saved."))


def _hour(field: str, typed: str) -> time | None:
    try:
        return moments.read_hour(typed.strip()) if typed.strip() else None
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


async def _change(visit: Visit, customer_id: UUID, changes: dict[str, object]) -> None:
    async with visit.hub.database.unit() as session:
        changed = await directory.change(session, customer_id, changes, now=visit.now)
        if "labels" in changes:
            await known_labels.enlist(session, changed.labels)
        await _note(session, visit, "customer.change", customer_id, ", ".join(changes))


async def _note(session: Any, visit: Visit, action: str, customer_id: UUID, detail: str) -> None:
    await visit.note(session, action, subject=f"customer:{customer_id}", detail=detail)
