"""/p/{token}: what a customer gets from us, decided by the customer, without signing in and without a script.

Whoever holds the link may change wishes and sees no address in full: mails are forwarded.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from channels.message import Kind
from hub import clock
from hub.api.access import hub_of, ip_of
from hub.api.problems import Endpoint
from hub.api.public import outside, preference_form, preference_page
from hub.api.public.outside import page, sentence, unless_away, words_for
from hub.api.public.preference_form import Fields, Wrong
from hub.api.public.preference_words import WORDS, Words
from hub.bootstrap import Hub
from hub.campaigns.previews import HARMLESS
from hub.customers import consent, directory, topics, wishes
from hub.customers.consent import Statement
from hub.customers.wishes import Said, Standing
from hub.models import Customer
from hub.models.vocabulary import Purpose
from hub.outbound import preference_links, renewing
from hub.outbound.quiet_hours import is_zone
from hub.staff import audit

router = APIRouter(prefix="/p", route_class=Endpoint, include_in_schema=False)
SOURCE = "preference centre"
_LARGEST = 20_000  # bytes


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever holds a link. Without `customer` it is forged, over (for `over_for`), or its customer is gone."""

    customer: Customer | None
    said: Words
    over_for: UUID | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the page says of the form that came; `chosen`: what of it has not been kept."""

    notice: str = ""
    made_room: Sequence[Purpose] = ()  # purposes in which one way gave its place to another
    kept: bool = False
    wrong: Wrong | None = None
    chosen: Fields = field(default_factory=dict)
    status: int = 200


@router.api_route("/{token}", methods=["GET", "HEAD"])
async def show(request: Request, token: str) -> Response:
    """What holds now. Looking changes nothing: mail scanners open every link."""
    return await unless_away(request, _answered(request, token, acts=False), WORDS)


@router.post("/{token}")
async def decide(request: Request, token: str) -> Response:
    """Keeps what was changed on the page, and shows what holds then; twice is the same as once."""
    return await unless_away(request, _answered(request, token, acts=True), WORDS)


async def _answered(request: Request, token: str, *, acts: bool) -> Response:
    if token == HARMLESS:
        said = words_for(request, WORDS)
        return await sentence(request, said, said.test)
    visitor = await _read(request, token)
    if visitor.over_for is not None:
        return await _over(request, visitor.over_for, visitor.said, acts=acts)
    if visitor.customer is None:
        return await sentence(request, visitor.said, visitor.said.broken, status=404)
    answer = await _decided(request, visitor.customer, visitor.said) if acts else Answer()
    return await _page(request, visitor.customer, answer)


async def _over(request: Request, owner: UUID, said: Words, *, acts: bool) -> Response:
    """Whoever has an old link is offered a new one, which goes to the customer's own address and nowhere else."""
    if acts and (await _fields(request)).get("do") == "renew":
        hub = hub_of(request)
        async with hub.database.unit() as session:
            letter = renewing.Said(said.language, said.new_subject, said.new_text, said.title)
            await renewing.send(session, owner, letter, gate=hub.gate, now=clock.now())
        return await sentence(request, said, said.renewed)
    button = f'<form method="post"><p><button name="do" value="renew">{escape(said.renew)}</button></p></form>'
    return await page(request, said, f"<h1>{escape(said.title)}</h1>\n<p>{escape(said.over)}</p>\n{button}", status=410)


async def _fields(request: Request) -> Fields:
    return await outside.fields(request, largest=_LARGEST, most=preference_form.MOST)


async def _read(request: Request, token: str) -> Visitor:
    hub = hub_of(request)
    link = preference_links.read(hub.signer, token, now=clock.now()) if len(token) <= 100 else None
    if link is None:
        return Visitor(None, words_for(request, WORDS))
    async with hub.database.unit() as session:
        owner = await directory.standing(session, link.customer_id)  # who was merged since is the other one now
        try:
            customer = await directory.get(session, owner)
        except directory.NotFound:
            return Visitor(None, words_for(request, WORDS))
    said = words_for(request, WORDS, customer.language)
    return Visitor(None, said, over_for=owner) if link.is_over else Visitor(customer, said)


async def _decided(request: Request, customer: Customer, said: Words) -> Answer:
    fields = await _fields(request)
    if fields.get("do") not in ("save", "leave"):
        return Answer(wrong=Wrong("", said.same), status=400)
    if not request.state.meters.wishes.take(str(customer.id), time.monotonic()):
        return Answer(wrong=Wrong("", said.too_often), chosen=fields, status=429)
    try:
        _refuse_contested(fields, said)
        changed = await _keep(request, customer, fields, said)
    except Wrong as wrong:
        return Answer(wrong=wrong, chosen=fields, status=422)
    if fields["do"] == "leave":
        return Answer(notice=said.left)
    return Answer(notice=said.same, kept=bool(changed), made_room=preference_form.made_room(fields))


def _refuse_contested(fields: Fields, said: Words) -> None:
    """Raises Wrong: two ways were put on one place."""
    for purpose in Purpose if fields["do"] == "save" else ():
        choice = preference_form.choice(fields, purpose)
        if both := wishes.contested(choice):
            place = said.places[choice.wanted[both[0]] - 1]
            ways = ", ".join(said.channels[kind] for kind in both)
            words = said.same_place.format(purpose=said.purposes[purpose], place=place, ways=ways)
            raise Wrong(f"{purpose.value}.{both[0].value}", words)


async def _keep(request: Request, customer: Customer, fields: Fields, said: Words) -> list[str]:
    """Everything or nothing; what has changed, for the audit trail. Raises Wrong."""
    hub, now = hub_of(request), clock.now()
    own = Said(SOURCE, said.version, ip_of(request), said.wording)
    zone = _zone(hub, customer)
    columns = preference_form.changes(fields, preference_form.shown(customer, zone, now), zone, said, now)
    if columns.get("language") not in (None, *hub.settings.hub.languages):
        del columns["language"]
    async with hub.database.unit() as session:
        if fields["do"] == "leave":
            changed = ["everything"] if await _leave(session, customer, own, said) else []
        else:
            changed = [*columns, *await _choose(session, customer, fields, own, hub)]
            changed += await _topics(session, customer, fields, own, said)
            if columns:
                await directory.change(session, customer.id, columns, now=now)
        if changed:
            subject, detail = f"customer:{customer.id}", ", ".join(changed)
            await audit.write(
                session, "customer.wishes", staff_id=None, subject=subject, detail=detail, ip=own.evidence, now=now
            )
    return changed


async def _leave(session: Any, customer: Customer, own: Said, said: Words) -> bool:
    return await wishes.leave_all(session, customer.id, own, said.stopped_all, now=clock.now())


async def _choose(session: Any, customer: Customer, fields: Fields, own: Said, hub: Hub) -> list[str]:
    usual, changed = hub.gate.rules.default_ranking, []
    for purpose in Purpose:
        choice = preference_form.choice(fields, purpose)
        if await wishes.choose(session, customer.id, purpose, choice, usual, own, now=clock.now()):
            changed.append(purpose.value)
    return changed


async def _topics(session: Any, customer: Customer, fields: Fields, own: Said, said: Words) -> list[str]:
    """After the channels: a yes to a topic is one by the channels that are open then."""
    wanted, changed = preference_form.touched_topics(fields), []
    for topic in await topics.listing(session) if wanted else ():
        if topic.key not in wanted:
            continue
        by = wishes.news(await consent.ledger(session, customer.id))
        wording = said.topic_wording(topics.title(topic, said.language), wanted[topic.key])
        row = Statement(customer.id, None, None, wanted[topic.key], own.source, wording, own.version, own.evidence)
        if await topics.choose(session, customer.id, topic.key, row, by, now=clock.now()):
            changed.append(f"topic {topic.key}")
    return changed


async def _page(request: Request, customer: Customer, answer: Answer) -> Response:
    """As it stands in the database now, but for what has not been kept."""
    hub, now = hub_of(request), clock.now()
    async with hub.database.unit() as session:
        customer = await directory.get(session, customer.id)
        kinds = [kind for kind, names in hub.gate.senders.items() if names]
        offered = await topics.listing(session)
        keys = [topic.key for topic in offered]
        standing = await wishes.read(session, customer.id, kinds, hub.gate.rules.default_ranking, keys)
    said = words_for(request, WORDS, customer.language)
    fields = preference_form.shown(customer, _zone(hub, customer), now)
    typed = {name: answer.chosen.get(name, value) for name, value in fields.items()}
    shown = preference_page.Shown(
        standing=standing,
        fields=typed,
        languages=list(dict.fromkeys((*hub.settings.hub.languages, customer.language))),
        number=_number(hub),
        said=said,
        chosen=answer.chosen,
        notice=" ".join((said.saved, *_orders(standing, answer.made_room, said))) if answer.kept else answer.notice,
        wrong=answer.wrong,
        topics={topic.key: topics.title(topic, said.language) for topic in offered},
    )
    return await page(request, said, preference_page.body(shown), status=answer.status)


def _orders(standing: Standing, purposes: Iterable[Purpose], said: Words) -> list[str]:
    """In which order the ways stand now."""
    lines = []
    for purpose in purposes:
        places = {kind: place for kind, place in standing.places[purpose].items() if place != wishes.NO}
        ways = ", ".join(said.channels[kind] for kind in sorted(places, key=places.__getitem__))
        lines.append(said.order.format(purpose=said.purposes[purpose], ways=ways))
    return lines


def _zone(hub: Hub, customer: Customer) -> ZoneInfo:
    """By whose clock days begin: the customer's, else the company's."""
    known = customer.timezone is not None and is_zone(customer.timezone)
    return ZoneInfo(customer.timezone if known and customer.timezone else hub.settings.hub.timezone)


def _number(hub: Hub) -> str:
    """Ours, that takes an SMS."""
    return next((hub.channels[name].address.value for name in hub.gate.senders.get(Kind.SMS, ())), "")
