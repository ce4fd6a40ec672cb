"""What the hub does by itself when a customer writes: keywords, answers to reminders, unsubscribing by mail.

First `understand`, which changes nothing, then `act` once the word is in the log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Inbound, Kind
from hub.conversations import appointments, short_answers, surveys
from hub.conversations.short_answers import Choice
from hub.customers import consent, wordings
from hub.customers.consent import Statement
from hub.gatherings import seats
from hub.inbound import acknowledgements, keywords
from hub.inbound.keywords import Command, Keyword
from hub.inbound.reception import Reception
from hub.models import Appointment, Customer, Guest, Interaction
from hub.models.vocabulary import Origin, Purpose
from hub.outbound import request
from hub.signing import Signer

STOP_IN_WORDS = "stop in words"
CANCELLED = "appointment cancelled"
TO_MOVE = "another time wanted"

_NUMBER = re.compile(r"\s*[0-9]{1,2}[\s.!]*", re.ASCII)
_AFTER = timedelta(milliseconds=1)  # the log is ordered by time: an answer stands behind what it answers
_OCCASIONS = {Command.STOP: "opt-out", Command.START: "opt-in", Command.HELP: "help"}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word asks of the hub itself. `flag` says why a person should look although it was done."""

    keyword: Keyword | None = None
    stops_in_words: bool = False
    appointment: int | None = None
    guest: int | None = None  # the invitation that was answered
    choice: Choice | None = None
    says_more: bool = False  # than the choice: a person reads it
    survey: int | None = None  # the question about satisfaction that a bare number answers
    score: int = 0
    unsubscribes: UUID | None = None  # the mail that was answered with "unsubscribe"
    speaks: bool = False  # a person's mail to us, which may be acknowledged

    @property
    def settled(self) -> bool:
        """No person has to do anything."""
        invited = self.guest is not None and not self.says_more
        return bool(self.keyword or self._confirms or invited or self.unsubscribes or self.survey)

    @property
    def flag(self) -> str:
        if self.stops_in_words:
            return STOP_IN_WORDS
        return _FLAGS.get(self.choice, "") if self.choice and self.appointment is not None else ""

    @property
    def _confirms(self) -> bool:
        return self.choice == "confirm" and not self.says_more and self.appointment is not None


_FLAGS: Mapping[Choice, str] = {"cancel": CANCELLED, "reschedule": TO_MOVE}


async def understand(
    session: AsyncSession, customer: Customer, inbound: Inbound, *, signer: Signer, now: datetime
) -> Meaning:
    """Read a word for commands: keywords on SMS, the unsubscribe mail of RFC 2369, answers to reminders on both."""
    if inbound.kind is Kind.EMAIL:
        return await _written(session, customer, inbound, signer)
    keyword = keywords.read(inbound.text)
    if keyword is not None and await _means(session, keyword, inbound):
        return Meaning(keyword=keyword)
    choice = short_answers.read(inbound.text)
    asked = await appointments.awaiting_answer(session, customer.id, now=now) if choice else None
    invited = await seats.awaiting_answer(session, customer.id, now=now) if choice in ("confirm", "cancel") else None
    said = await _says_how_satisfied(session, customer, inbound.text, asked, invited, now=now)
    if said is not None:
        return said
    if invited is not None and not (asked is not None and await _since(session, asked, invited)):
        return Meaning(guest=invited.id, choice=choice)
    if asked is not None:
        return Meaning(appointment=asked.id, choice=choice)
    return Meaning(stops_in_words=keywords.asks_to_stop(inbound.text))


async def _written(session: AsyncSession, customer: Customer, inbound: Inbound, signer: Signer) -> Meaning:
    """A mail. It answers the reminder whose token it brings back, and only for whoever was reminded."""
    unsubscribes = _unsubscribes(inbound, signer)
    choice, says_more = short_answers.first_line(inbound.reply_text or inbound.text)
    asked = await _answered(session, customer, inbound, signer) if choice else None
    if isinstance(asked, Appointment):
        return Meaning(appointment=asked.id, choice=choice, says_more=says_more)
    if asked is not None and choice in ("confirm", "cancel"):
        return Meaning(guest=asked.id, choice=choice, says_more=says_more)
    return Meaning(unsubscribes=unsubscribes, speaks=inbound.answerable)


async def _answered(
    session: AsyncSession, customer: Customer, inbound: Inbound, signer: Signer
) -> Appointment | Guest | None:
    for token in inbound.tokens:
        message = signer.read_message_token(token)
        if message is None:
            continue
        found = await appointments.of_reminder(session, message) or await seats.of_message(session, message)
        if found is not None and found.customer_id == customer.id:
            return found
    return None


async def _says_how_satisfied(
    session: AsyncSession,
    customer: Customer,
    text: str,
    reminded: Appointment | None,
    invited: Guest | None,
    *,
    now: datetime,
) -> Meaning | None:
    """A number answers what was asked last: not this, when the customer was reminded or invited since."""
    survey = await surveys.awaiting_answer(session, customer.id, now=now) if _NUMBER.fullmatch(text) else None
    if survey is None or survey.interaction_id is None:
        return None
    score = int(re.sub(r"[^0-9]", "", text))
    if not survey.scale.lowest <= score <= survey.scale.highest:
        return None
    if reminded is not None and await appointments.reminded_after(session, reminded.id or 0, survey.interaction_id):
        return None
    if invited is not None and invited.asked_id is not None and invited.asked_id > survey.interaction_id:
        return None
    return Meaning(survey=survey.id, score=score)


async def _since(session: AsyncSession, asked: Appointment, invited: Guest) -> bool:
    """Was the customer reminded of the appointment after they were invited?"""
    return invited.asked_id is None or await appointments.reminded_after(session, asked.id or 0, invited.asked_id)


async def act(
    session: AsyncSession,
    customer: Customer,
    interaction: Interaction,
    inbound: Inbound,
    meaning: Meaning,
    reception: Reception,
    *,
    now: datetime,
) -> None:
    """Do what a word in the log asked for."""
    if meaning.keyword is not None:
        await _obey(session, customer, interaction, inbound, meaning.keyword, reception, now=now)
    if meaning.stops_in_words:
        await _declare(session, interaction, granted=False, source="asked by SMS", now=now)
    if meaning.appointment is not None and meaning.choice is not None:
        await appointments.answer(session, meaning.appointment, meaning.choice, now=now)
    if meaning.guest is not None:
        coming, by = meaning.choice == "confirm", inbound.kind
        await seats.answer(
            session, meaning.guest, coming=coming, gate=reception.gate, now=now + _AFTER, by=by, answers=interaction.id
        )
    if meaning.survey is not None:
        await surveys.answer(session, meaning.survey, meaning.score, now=now + _AFTER)
    if meaning.unsubscribes is not None:
        await _unsubscribe(session, meaning.unsubscribes, interaction, now=now)
    if meaning.speaks and not meaning.settled:
        await acknowledgements.acknowledge(session, customer, interaction, inbound, reception, now=now + _AFTER)


def _unsubscribes(inbound: Inbound, signer: Signer) -> UUID | None:
    if inbound.subject.strip().lower() != "unsubscribe":
        return None
    read = (signer.read_message_token(token) for token in inbound.tokens)
    return next((one for one in read if one is not None), None)


async def _means(session: AsyncSession, keyword: Keyword, inbound: Inbound) -> bool:
    """A plain "yes" is a command only to somebody who is stopped."""
    if not keyword.plain:
        return True
    return bool(await consent.suppressions(session, [(Kind.SMS, inbound.sender.value)]))


async def _obey(
    session: AsyncSession,
    customer: Customer,
    interaction: Interaction,
    inbound: Inbound,
    keyword: Keyword,
    reception: Reception,
    *,
    now: datetime,
) -> None:
    """Answered once: STOP when it is new, START when there was something to lift, HELP once a day (L3)."""
    news = True
    if keyword.command is Command.STOP:
        news = await _stop(session, interaction, now=now)
    elif keyword.command is Command.START:
        news = await _start(session, interaction, now=now)
    if news and inbound.answerable:
        answer = _answer(customer, interaction, keyword, reception)
        await request.send(session, answer, gate=reception.gate, now=now + _AFTER)


async def _stop(session: AsyncSession, interaction: Interaction, *, now: datetime) -> bool:
    """No more SMS from any of our numbers, for any purpose (S2, S4)."""
    await _declare(session, interaction, granted=False, source="STOP by SMS", now=now)
    number, source = interaction.sender, str(interaction.id)
    return await consent.suppress(session, Kind.SMS, number, purpose=None, reason="STOP", source=source, now=now)


async def _start(session: AsyncSession, interaction: Interaction, *, now: datetime) -> bool:
    await _declare(session, interaction, granted=True, source="START by SMS", now=now)
    return await consent.lift(session, Kind.SMS, interaction.sender, purpose=None)


async def _declare(
    session: AsyncSession, interaction: Interaction, *, granted: bool, source: str, now: datetime
) -> None:
    statement = Statement(
        customer_id=interaction.customer_id,
        purpose=None,
        channel=Kind.SMS,
        granted=granted,
        source=source,
        wording=interaction.body_text,
        wording_version=wordings.version("sms"),
        evidence=str(interaction.id),
    )
    await consent.record(session, statement, now=now)


def _answer(customer: Customer, interaction: Interaction, keyword: Keyword, reception: Reception) -> request.Request:
    gate = reception.gate
    language = keywords.language(keyword, customer.language, not customer.provisional, gate.default_language)
    text = keywords.answer(keyword.command, language, reception.company, reception.contact())
    return request.Request(
        customer_id=interaction.customer_id,
        purpose=Purpose.SERVICE,
        origin=Origin.AUTOMATION,
        content=request.Words(text),
        kinds=(Kind.SMS,),
        recipient=interaction.sender,
        channel=interaction.channel,
        dedupe_key=_once(keyword.command, interaction),
        conversation_id=interaction.conversation_id,
        occasion=_OCCASIONS[keyword.command],
        answers=interaction.id,
        automatic=True,
        answers_automatically=True,
    )


def _once(command: Command, interaction: Interaction) -> str:
    """Two robots that know the word HELP must not talk all day; STOP and START change something or are not answered."""
    if command is Command.HELP:
        return f"help:{interaction.sender}:{interaction.at:%Y-%m-%d}"
    return f"{_OCCASIONS[command]}:{interaction.id}"


async def _unsubscribe(session: AsyncSession, original_id: UUID, interaction: Interaction, *, now: datetime) -> None:
    """Who holds the token of a mail may end what it was part of, whichever address they write from (U1)."""
    original = await session.get(Interaction, original_id)
    if original is None:
        return
    statement = Statement(
        customer_id=original.customer_id,
        purpose=original.purpose if original.purpose.needs_consent else Purpose.MARKETING,
        channel=Kind.EMAIL,
        granted=False,
        source="unsubscribe by mail",
        wording=interaction.subject,
        wording_version=wordings.version("mailto"),
        evidence=str(interaction.id),
    )
    await consent.record(session, statement, now=now)
