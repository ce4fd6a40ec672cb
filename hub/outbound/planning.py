"""From a request and the facts to what would be written: decision, words, log row. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Auto
from hub.clock import uuid7
from hub.customers.directory import NotFound
from hub.models import Customer, Interaction, TemplateVersion
from hub.models.vocabulary import Direction, Kind, Purpose, State, Withheld
from hub.outbound import preference_links, rendering, templates, unsubscribe_links
from hub.outbound.asking import Gate, Request, Templated, Words
from hub.outbound.facts import facts
from hub.outbound.permission import decide
from hub.outbound.question import Decision, Facts, Question
from hub.outbound.rendering import Rendered, TemplateProblem


class Addressee(Protocol):
    """What of a customer stands in words that are written to them."""

    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def given_name(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def attributes(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What one request comes to. `channel` is empty when it is withheld."""

    request: Request
    decision: Decision
    rendered: Rendered | None
    interaction: Interaction
    channel: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read for all requests together."""

    facts: Mapping[UUID, Facts]
    versions: Mapping[int, TemplateVersion]
    answered: Mapping[UUID, str]  # inbound interaction → its Message-ID


async def plans(session: AsyncSession, requests: Sequence[Request], *, gate: Gate, now: datetime) -> list[Plan]:
    """One plan a request, in their order. Raises hub.customers.directory.NotFound."""
    known = _Known(
        facts=await facts(session, [r.customer_id for r in requests], now=now, elsewhere=_elsewhere(requests)),
        versions=await templates.versions(
            session, {r.content.version_id for r in requests if isinstance(r.content, Templated)}
        ),
        answered=await _answered(session, requests),
    )
    return [_plan(request, known, gate, now) for request in requests]


def values(
    gate: Gate, customer: Addressee, purpose: Purpose, kind: Kind, more: Mapping[str, object], *, now: datetime
) -> dict[str, object]:
    """The names that a template may use. `unsubscribe_url` is there when the purpose needs consent: for this `kind`."""
    person = {
        "name": customer.name,
        "given_name": customer.given_name,
        "language": customer.language,
        "attributes": dict(customer.attributes),
    }
    own = {"preferences_url": preference_links.address(gate, customer.id, now=now)}
    if purpose.needs_consent:
        own["unsubscribe_url"] = unsubscribe_links.address(gate, customer.id, purpose, kind)
    return {**more, "customer": person, "company": gate.company, **own}


def available(gate: Gate, channel: str) -> frozenset[Kind]:
    """Kinds that have a configured channel; with a channel named, only that one's."""
    return frozenset(kind for kind, names in gate.senders.items() if (channel in names if channel else names))


def _plan(request: Request, known: _Known, gate: Gate, now: datetime) -> Plan:
    about = known.facts.get(request.customer_id)
    if about is None:
        raise NotFound(f"with the id {request.customer_id}")
    version = _version(request, known)
    start = max(now, request.not_before or now)
    decision = decide(about, _question(request, version, about.customer, gate), gate.rules, start)
    rendered: Rendered | None = None
    meant = decision.kind or _meant(request, gate)
    used = values(gate, about.customer, request.purpose, meant, _more(request), now=now)
    if decision.kind is not None:
        try:
            language = request.language or about.customer.language
            rendered = _words(request, version, decision.kind, language, gate, used)
        except TemplateProblem as problem:
            decision = Decision(None, None, Withheld.TEMPLATE_ERROR, None, (*decision.trace, str(problem.said)))
    row = _row(request, decision, rendered, known, gate, now)
    row.variables = used if isinstance(request.content, Templated) else None
    channel = _channel(request, decision, gate)
    row.channel = channel
    return Plan(request, decision, rendered, row, channel, decision.not_before or start)


def _question(request: Request, version: TemplateVersion | None, customer: Customer, gate: Gate) -> Question:
    spoken = rendering.kinds(version.variants, customer.language, gate.default_language) if version else frozenset(Kind)
    return Question(
        purpose=request.purpose,
        origin=request.origin,
        available=available(gate, request.channel),
        texts=spoken,
        kinds=request.kinds,
        recipient=request.recipient,
        answering=request.answers is not None,
        occasion=request.occasion,
        conversation_id=request.conversation_id,
        expires_at=request.expires_at,
        topic=request.topic,
        learnt=request.learnt,
    )


def _elsewhere(requests: Sequence[Request]) -> set[tuple[UUID, str]]:
    return {(request.customer_id, request.reply_to) for request in requests if request.reply_to}


def _version(request: Request, known: _Known) -> TemplateVersion | None:
    if not isinstance(request.content, Templated):
        return None
    found = known.versions.get(request.content.version_id)
    if found is None:
        raise LookupError(f"There is no template version {request.content.version_id}")
    return found


def _more(request: Request) -> Mapping[str, object]:
    return request.content.variables if isinstance(request.content, Templated) else {}


def _words(
    request: Request,
    version: TemplateVersion | None,
    kind: Kind,
    language: str,
    gate: Gate,
    used: Mapping[str, object],
) -> Rendered:
    if isinstance(request.content, Words) or version is None:
        return _own_words(request, kind, language)
    return rendering.render(version.variants, kind, language, gate.default_language, used, name="template")


def _own_words(request: Request, kind: Kind, language: str) -> Rendered:
    words = request.content
    if not isinstance(words, Words):
        raise TypeError("a template's words need its version")
    if kind is not Kind.EMAIL:
        return Rendered("", words.text, "", language)
    return Rendered(words.subject, words.text, words.html, language, words.closing)


def _row(
    request: Request, decision: Decision, rendered: Rendered | None, known: _Known, gate: Gate, now: datetime
) -> Interaction:
    """Of a campaign's body the log keeps the template version and the values; all other words are kept whole."""
    state = State.QUEUED if decision.kind else State.WITHHELD
    text = rendered if rendered is not None else _refused_words(request)
    whole = request.campaign_id is None
    return Interaction(
        id=uuid7(now),
        at=now,
        customer_id=request.customer_id,
        conversation_id=request.conversation_id,
        direction=Direction.OUT,
        kind=decision.kind or _meant(request, gate),
        origin=request.origin,
        purpose=request.purpose,
        state=state,
        state_rank=state.rank,
        state_at=now,
        reason=decision.reason.value if decision.reason else "",
        recipient=decision.identity.value if decision.identity else request.recipient,
        subject=text.subject,
        body_text=text.text if whole else "",
        body_html=text.html if whole else "",
        closing=text.closing,
        template_version_id=request.content.version_id if isinstance(request.content, Templated) else None,
        language=text.language,
        content_hash=rendered.sha256 if rendered else "",
        trace=list(decision.trace),
        in_reply_to=_in_reply_to(request, known),
        reply_to=request.reply_to,
        auto=Auto.AUTO_REPLY.value if request.automatic or request.answers_automatically else "",
        call=dict(request.call) if request.call is not None else None,
        staff_id=request.staff_id,
        campaign_id=request.campaign_id,
        occasion=request.occasion,
    )


def _refused_words(request: Request) -> Rendered:
    """What would have been said, as far as it is known: a person's own words are never thrown away."""
    words = request.content
    if isinstance(words, Words):
        return Rendered(words.subject, words.text, words.html, "", words.closing)
    return Rendered("", "", "", "")


def _meant(request: Request, gate: Gate) -> Kind:
    return next(iter(request.kinds or gate.rules.default_ranking), Kind.EMAIL)


def _in_reply_to(request: Request, known: _Known) -> str:
    """The Message-ID that is answered; for other kinds than mail, which have none, the hub's own id."""
    return known.answered.get(request.answers, str(request.answers)) if request.answers else ""


def _channel(request: Request, decision: Decision, gate: Gate) -> str:
    if decision.kind is None:
        return ""
    return request.channel or gate.senders[decision.kind][0]


async def _answered(session: AsyncSession, requests: Iterable[Request]) -> dict[UUID, str]:
    wanted = {r.answers for r in requests if r.answers is not None}
    if not wanted:
        return {}
    rows = await session.exec(select(Interaction.id, Interaction.message_id).where(col(Interaction.id).in_(wanted)))
    return {number: message_id for number, message_id in rows if message_id}
