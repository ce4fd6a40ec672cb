"""Calls that the hub places: joining an agent with a customer, and spoken messages. What each says, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import AnsweredBy, Ask, CallEvent, HangUp, Ring, Say, Script, Step
from hub.customers import consent, wordings
from hub.customers.consent import Statement
from hub.models import Customer, Interaction, Staff
from hub.models.vocabulary import Kind, Origin, Purpose
from hub.outbound import request
from hub.outbound.asking import Answer, Gate, Request, Words
from hub.outbound.rendering import TemplateProblem, text_of
from hub.sentences import Sentence

ANSWERED, JOIN, JOINED, MENU = "answered", "join", "joined", "menu"
_BYE = Script((HangUp(),))
_AT_ONCE = timedelta(minutes=5)

_PRESS_ONE: Mapping[str, str] = {
    "en": "Your call to {name}. Press 1 and we will ring them.",
    "pl": "Twoje połączenie z: {name}. Naciśnij 1, a zadzwonimy.",
    "bg": "Вашето обаждане до {name}. Натиснете 1 и ще позвъним.",
    "ru": "Ваш звонок: {name}. Нажмите 1, и мы позвоним.",
}
# By what a call is about: which keys answer it, and what whoever pressed one of them hears.
APPOINTMENT, INVITATION = "appointment", "invitation"
_KEYS: Mapping[str, Mapping[str, str]] = {
    APPOINTMENT: {
        "en": "To confirm, press 1. To cancel, press 2. For another time, press 3.",
        "pl": "Aby potwierdzić, naciśnij 1. Aby odwołać, naciśnij 2. Aby poprosić o inny termin, naciśnij 3.",
        "bg": "За потвърждение натиснете 1. За отказ натиснете 2. За друг час натиснете 3.",
        "ru": "Чтобы подтвердить, нажмите 1. Чтобы отменить, нажмите 2. Чтобы выбрать другое время, нажмите 3.",
    },
    INVITATION: {
        "en": "If you are coming, press 1. If you are not, press 2.",
        "pl": "Jeśli przyjdziesz, naciśnij 1. Jeśli nie, naciśnij 2.",
        "bg": "Ако ще дойдете, натиснете 1. Ако няма, натиснете 2.",
        "ru": "Если вы придёте, нажмите 1. Если нет, нажмите 2.",
    },
}
_HEARD: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    APPOINTMENT: {
        "1": {
            "en": "Thank you. We look forward to seeing you.",
            "pl": "Dziękujemy. Do zobaczenia.",
            "bg": "Благодарим Ви. Ще Ви очакваме.",
            "ru": "Спасибо. Ждём вас.",
        },
        "2": {
            "en": "Thank you for telling us. The appointment is cancelled.",
            "pl": "Dziękujemy za informację. Wizyta jest odwołana.",
            "bg": "Благодарим, че ни казахте. Часът е отменен.",
            "ru": "Спасибо, что сообщили. Запись отменена.",
        },
        "3": {
            "en": "Thank you. We will call you to find another time.",
            "pl": "Dziękujemy. Oddzwonimy, aby ustalić inny termin.",
            "bg": "Благодарим. Ще Ви се обадим, за да уточним друг час.",
            "ru": "Спасибо. Мы перезвоним, чтобы подобрать другое время.",
        },
    },
    INVITATION: {
        "1": {
            "en": "Thank you. If all seats are taken already, we will write to you.",
            "pl": "Dziękujemy. Jeśli nie ma już wolnych miejsc, napiszemy.",
            "bg": "Благодарим. Ако вече няма свободни места, ще Ви пишем.",
            "ru": "Спасибо. Если свободных мест уже нет, мы вам напишем.",
        },
        "2": {
            "en": "Thank you for telling us.",
            "pl": "Dziękujemy za informację.",
            "bg": "Благодарим, че ни казахте.",
            "ru": "Спасибо, что сообщили.",
        },
    },
}
_PRESS_NINE: Mapping[str, str] = {
    "en": "To get no more such calls, press 9.",
    "pl": "Aby nie otrzymywać więcej takich połączeń, naciśnij 9.",
    "bg": "За да не получавате повече такива обаждания, натиснете 9.",
    "ru": "Чтобы больше не получать таких звонков, нажмите 9.",
}
_NO_MORE: Mapping[str, str] = {
    "en": "You will get no more such calls. Goodbye.",
    "pl": "Nie będziemy więcej dzwonić. Do widzenia.",
    "bg": "Няма да ви звъним повече. Довиждане.",
    "ru": "Мы больше не будем вам звонить. До свидания.",
}


class NoTelephone(LookupError):
    """A member of staff has no telephone that could be rung."""


async def bridge(
    session: AsyncSession,
    *,
    customer_id: UUID,
    number: str,
    staff_id: int,
    gate: Gate,
    now: datetime,
    conversation_id: UUID | None = None,
    purpose: Purpose = Purpose.SERVICE,
    call_list: int | None = None,
) -> Answer:
    """Ring the agent, and when the agent presses 1 the customer at `number`: one interaction. Raises NoTelephone.

    A call that is no service is of no use later: the agent waits for it now.
    """
    staff = await session.get(Staff, staff_id)
    if staff is None or not staff.phone:
        raise NoTelephone(Sentence("There is no telephone number on this account. Write it down under Your account."))
    asked = Request(
        customer_id=customer_id,
        purpose=purpose,
        origin=Origin.AGENT,
        content=Words(""),
        kinds=(Kind.VOICE,),
        recipient=number,
        conversation_id=conversation_id,
        staff_id=staff_id,
        expires_at=None if purpose is Purpose.SERVICE else now + _AT_ONCE,
        call={"bridge": staff.phone} if call_list is None else {"bridge": staff.phone, "call_list": call_list},
    )
    return await request.send(session, asked, gate=gate, now=now)


async def script(
    session: AsyncSession, interaction: Interaction, event: CallEvent, *, gate: Gate, now: datetime
) -> Script:
    """What an outbound call says next. An event that asks for nothing we know ends the call."""
    if (interaction.call or {}).get("bridge"):
        return await _bridged(session, interaction, event)
    if event.step == ANSWERED:
        return await _message(session, interaction, event, gate)
    if event.step == MENU and event.digits == "9":
        return await _no_more_calls(session, interaction, gate, now=now)
    return _heard(interaction, event, gate) if event.step == MENU else _BYE


# ---- joining an agent and a customer --------------------------------------------------------


async def _bridged(session: AsyncSession, interaction: Interaction, event: CallEvent) -> Script:
    """The 1 keeps the agent's own answering machine from ringing customers."""
    if event.step == JOIN and event.digits == "1":
        return Script((Ring(JOINED, (interaction.recipient,), seconds=30), HangUp()))
    if event.step != ANSWERED:
        return _BYE
    staff = await session.get(Staff, interaction.staff_id) if interaction.staff_id else None
    customer = await session.get(Customer, interaction.customer_id)
    language = _spoken(staff.language if staff else "en")
    words = _PRESS_ONE[language].format(name=customer.name if customer else interaction.recipient)
    return Script((Ask(JOIN, (Say(words, language),), digits=1, seconds=10), HangUp()))


# ---- spoken messages ------------------------------------------------------------------------


async def _message(session: AsyncSession, interaction: Interaction, event: CallEvent, gate: Gate) -> Script:
    """To a machine, once and without a menu; to a person, or to who knows whom (requirement V4), with the way out."""
    if event.answered_by is AnsweredBy.FAX:
        return _BYE
    try:
        said = await text_of(session, interaction)
    except TemplateProblem:
        return _BYE  # it was rendered before the call was placed: only a changed renderer could come here
    language = said.language or gate.default_language
    words = Say(said.text, language)
    if event.answered_by is AnsweredBy.MACHINE:
        return Script((words, HangUp()))
    keys = _KEYS.get(interaction.occasion, {}).get(_spoken(language))
    asked = [Say(one, _spoken(language)) for one in (keys, _PRESS_NINE[_spoken(language)]) if one]
    steps: tuple[Step, ...] = (Ask(MENU, (words, *asked)), HangUp())
    return Script(steps)


def _heard(interaction: Interaction, event: CallEvent, gate: Gate) -> Script:
    """What whoever answered by a key hears; what it does is the business of whatever the call is about."""
    language = _spoken(interaction.language or gate.default_language)
    said = _HEARD.get(interaction.occasion, {}).get(event.digits)
    return Script((Say(said[language], language), HangUp())) if said else _BYE


async def _no_more_calls(session: AsyncSession, interaction: Interaction, gate: Gate, *, now: datetime) -> Script:
    """As easy as it is to be called (requirements V1, G3). People who call back are still answered."""
    language = _spoken(interaction.language or gate.default_language)
    said = Statement(
        customer_id=interaction.customer_id,
        purpose=None,
        channel=Kind.VOICE,
        granted=False,
        source="pressed 9",
        wording=_PRESS_NINE[language],
        wording_version=wordings.version("key-9", language),
        evidence=str(interaction.id),
    )
    await consent.record(session, said, now=now)
    return Script((Say(_NO_MORE[language], language), HangUp()))


def _spoken(language: str) -> str:
    return language if language in _PRESS_ONE else "en"
