"""A text as somebody would get it, while it is being written; and sending just that to a colleague."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import uuid7
from hub.customers import directory
from hub.models import Customer, Staff
from hub.models.vocabulary import Kind, Purpose
from hub.outbound import faults, planning, rendering, trial
from hub.outbound.asking import Gate
from hub.outbound.rendering import Rendered, TemplateProblem, Variants
from hub.sentences import Sentence
from hub.texts import lint
from hub.texts.lint import Finding

HARMLESS = "test"  # instead of a signed token: the link of a message that is for nobody

# What the hub tells its own messages beside what every message may name: with something usual for each.
_OF_GREETINGS: Mapping[str, object] = {"given_name": "Ana", "occasion": "birthday", "years": 5, "age": 30}
_OF_REMINDERS: Mapping[str, object] = {
    "given_name": "Ana",
    "title": "Haircut",
    "when": "1 May, 10:00",
    "place": "12 High Street",
    "answer_url": "https://example.org/a/test",
}
_OF_EVENTS: Mapping[str, object] = {
    "given_name": "Ana",
    "title": "Open house",
    "when": "1 May, 18:00",
    "place": "12 High Street",
    "host": "Olga Meyer",
    "about": "A glass of wine, and our new workshop.",
    "outcome": "coming",
    "answer_url": "https://example.org/e/test",
    "calendar_url": "https://example.org/e/test/event.ics",
}
_OF_PROGRAMS: Mapping[str, Mapping[str, object]] = {
    "acknowledgement": {"subject": "My order"},
    "satisfaction": {"nps": False, "survey_url": "https://example.org/s/test"},
    **dict.fromkeys(("event-invitation", "event-answer", "event-reminder", "event-called-off"), _OF_EVENTS),
}


class NothingToTry(Exception):
    """There are no words for this channel. Says why."""


@dataclass(frozen=True, slots=True)
class Somebody:
    """Whose values are shown; without an `id` an example, who is nobody."""

    id: UUID | None
    name: str
    values: dict[str, object]


@dataclass(frozen=True, slots=True)
class Said:
    """The words in one language. `problem`: why there are none; `fallback`: they are in another one."""

    rendered: Rendered | None
    problem: Sentence | None = None
    fallback: bool = False


async def somebody(
    session: AsyncSession, customer_id: UUID | None, name: str, purpose: Purpose, *, gate: Gate, now: datetime
) -> Somebody:
    """This customer, or the example. `name`: of the template, which decides what it may name.

    Raises hub.customers.directory.NotFound.
    """
    if customer_id is None:
        return example(name, purpose, gate=gate, now=now)
    return _as(await directory.get(session, customer_id), customer_id, name, purpose, gate, now)


def example(name: str, purpose: Purpose, *, gate: Gate, now: datetime) -> Somebody:
    """Somebody whom nobody knows, for what hangs on no customer."""
    ana = Customer(id=uuid7(now), name="Ana Nowak", given_name="Ana", created_at=now, updated_at=now)
    return _as(ana, None, name, purpose, gate, now)


def judged(
    name: str, variants: Variants, purpose: Purpose, *, languages: Sequence[str], gate: Gate, now: datetime
) -> list[Finding]:
    """What `lint` finds in it, rendered for the example; `languages`: those of the company."""
    values = example(name, purpose, gate=gate, now=now).values
    return lint.lint(variants, purpose, values, languages=languages, fallback=gate.default_language)


def say(variants: Variants, kind: Kind, language: str, who: Somebody, *, gate: Gate) -> Said:
    """What they would get in this language."""
    try:
        found = rendering.render(variants, kind, language, gate.default_language, who.values, name="template")
    except TemplateProblem as problem:
        return Said(None, problem.said)
    return Said(found, fallback=found.language != language)


async def send_test(
    session: AsyncSession,
    said: Said,
    kind: Kind,
    to: str,
    who: Somebody,
    *,
    staff: Staff,
    gate: Gate,
    country: str,
    most: int,
    now: datetime,
) -> UUID:
    """Send it to an address of ours. Counts for nothing; its links do nothing. In the log it stands with the customer
    whose values it shows; of the example, with the card of whoever asks.

    Raises NothingToTry, channels.address.BadAddress, hub.outbound.trial.NotForTests.
    """
    if said.rendered is None:
        nothing = Sentence("There is no text for this (%(channel)s)", {"channel": faults.CHANNELS[kind]})
        raise NothingToTry(said.problem or nothing)
    card = who.id or (await trial.own_card(session, staff, kind, now=now)).id
    return await trial.send(
        session,
        said.rendered,
        kind,
        to,
        customer_id=card,
        staff_id=staff.id or 0,
        gate=gate,
        country=country,
        most=most,
        now=now,
    )


def _as(
    customer: Customer, customer_id: UUID | None, name: str, purpose: Purpose, gate: Gate, now: datetime
) -> Somebody:
    values = planning.values(gate, customer, purpose, Kind.EMAIL, _told(name, purpose, customer), now=now)
    values["preferences_url"] = f"{gate.public_url}/p/{HARMLESS}"
    if "unsubscribe_url" in values:
        values["unsubscribe_url"] = f"{gate.public_url}/u/{HARMLESS}"
    return Somebody(customer_id, customer.name, values)


def _told(name: str, purpose: Purpose, customer: Customer) -> dict[str, object]:
    own = {"given_name": customer.given_name or customer.name}
    if name in _OF_PROGRAMS:
        known = _OF_PROGRAMS[name]
        return {**known, **own} if "given_name" in known else dict(known)
    if purpose is Purpose.GREETINGS:
        return {**_OF_GREETINGS, **own}
    if purpose is Purpose.REMINDERS:
        return {**_OF_REMINDERS, **own}
    return {}
