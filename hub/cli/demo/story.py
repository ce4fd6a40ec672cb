"""The story, scene by scene: what customers do in the outside world, what the company does, what the log shows then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from uuid import UUID, uuid4

import aiohttp
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub import clock
from hub.campaigns import lifecycle
from hub.cli.demo import company, morning
from hub.cli.demo.company import ANA, DOMAIN, GEORGI
from hub.cli.demo.stage import AGENT, AGENT_PHONE, COLLEAGUE, LEAD, Theatre
from hub.cli.sandbox import Answer, Behaviour
from hub.conversations import appointments, assignment, call_cards, call_outcomes, replies, wrap_ups
from hub.customers import consent, directory
from hub.interactions import history
from hub.interactions.history import Entry
from hub.models.vocabulary import (
    AddressKind,
    AppointmentState,
    CampaignState,
    Direction,
    OccasionKind,
    Origin,
    Purpose,
    State,
    Withheld,
)
from hub.occasions import forecast, greeting, reminders, rules
from hub.outbound import calling, request, templates
from hub.outbound.request import Placed
from hub.staff import accounts

SCENE_SECONDS = 40
CALLER = 16  # which of the sample company's people leaves the voicemail that nobody has seen to yet
FORGED = "FORGED: change nothing"


class Failed(AssertionError):
    """A scene did not end as it should; says what was seen instead."""


@dataclass(frozen=True, slots=True)
class Scene:
    """`play` returns what was seen, in words. Raises Failed."""

    name: str
    title: str
    play: Callable[[Theatre], Awaitable[str]]


async def mail_in(t: Theatre) -> str:
    """Ana writes a mail."""
    await t.world.mail.write(
        ANA.emails[0],
        _company_mail(t),
        "Faktura 118 jest błędna",
        "Dzień dobry,\n\nna fakturze 118 jest zły adres.\n\nAna",
    )
    entry = await _until_in_log(t, ANA, lambda e: e.kind is Kind.EMAIL and e.direction is Direction.IN)
    return f"“{entry.subject}” stands in Ana's history"


async def sms_in(t: Theatre) -> str:
    """Ana sends an SMS."""
    t.world.carrier.text(ANA.phones[0], "Czy dostali Państwo mój mail?")
    await _until_in_log(t, ANA, lambda e: e.kind is Kind.SMS and e.direction is Direction.IN)
    return "it stands below her mail"


async def call_in(t: Theatre) -> str:
    """Ana calls, nobody takes it, she leaves a voicemail."""
    t.world.carrier.behave(AGENT_PHONE, Behaviour(Answer.NO_ANSWER))
    t.world.carrier.dial(ANA.phones[0], Behaviour(speaks=7), to=_company_number(t, "voice"))
    entry = await _until_in_log(t, ANA, lambda e: e.kind is Kind.VOICE and bool(e.attachments))
    return f"missed, with a recording of {entry.attachments[0].size // 1000} kB"


async def answer_by_sms(t: Theatre) -> str:
    """Maria answers the mail by SMS, and it is delivered."""
    ana = await _customer(t, ANA)
    mail = await _until_in_log(t, ANA, lambda e: e.kind is Kind.EMAIL and e.direction is Direction.IN)
    text = "Dzień dobry, poprawiliśmy fakturę 118. Maria"
    async with t.hub.database.unit() as session:
        reply = replies.Reply(mail.conversation_id, ana, Kind.SMS, text, await _maria(session), form_token=str(uuid4()))
        given = await replies.answer(session, reply, gate=t.hub.gate, now=clock.now())
    await _until_state(t, _placed(given), State.DELIVERED)
    arrived = [m.body for m in t.world.carrier.texts(ANA.phones[0])]
    _expect(text in arrived, f"Ana's telephone shows {arrived}")
    return "delivered; Ana's telephone shows it"


async def stranger(t: Theatre) -> str:
    """Somebody nobody knows writes."""
    address = f"hannah.stranger@{DOMAIN}"
    await t.world.mail.write(address, _company_mail(t), "Do you deliver to Vienna?", "Hello, do you?")

    async def known(session: AsyncSession) -> bool:
        found = await directory.find(session, AddressKind.EMAIL, address)
        return found is not None and found.provisional

    await _until(t, known, "no provisional customer was made")
    return "a provisional customer was made of it"


async def stop_word(t: Theatre) -> str:
    """Georgi writes СТОП, and is asked nothing more."""
    georgi = await _customer(t, GEORGI)
    t.world.carrier.text(GEORGI.phones[0], "СТОП")

    async def refused(session: AsyncSession) -> bool:
        standing = consent.standing(await consent.ledger(session, georgi), Purpose.MARKETING, Kind.SMS)
        return standing is not None and not standing.granted

    await _until(t, refused, "the consent ledger has no refusal")
    await t.world.carrier.until(lambda: bool(t.world.carrier.texts(GEORGI.phones[0])))
    return f"written into the ledger; {len(t.world.carrier.texts(GEORGI.phones[0]))} confirmation sent"


async def forged(t: Theatre) -> str:
    """Somebody forges a webhook."""
    url = f"{t.hub.settings.hub.public_url}/webhooks/sms/message"
    form = {"MessageSid": "SM" + "0" * 32, "From": ANA.phones[0], "To": _company_number(t, "sms"), "Body": FORGED}
    async with (
        aiohttp.ClientSession() as client,
        client.post(url, data=form, headers={"X-Twilio-Signature": "no"}) as got,
    ):
        _expect(got.status == 403, f"answered {got.status}")
    _expect(all(e.text != FORGED for e in await _log_of(t, ANA)), "it got into the log")
    return "refused with 403, nothing changed"


async def bridge(t: Theatre) -> str:
    """Maria calls Ana from her desk: her own telephone first, then Ana's."""
    t.world.carrier.behave(AGENT_PHONE, Behaviour(always="1"))
    ana = await _customer(t, ANA)
    async with t.hub.database.unit() as session:
        given = await calling.bridge(
            session,
            customer_id=ana,
            number=ANA.phones[0],
            staff_id=await _maria(session),
            gate=t.hub.gate,
            now=clock.now(),
        )
    call = _placed(given)
    await _until_state(t, call, State.DELIVERED)
    await _wrap_up(t, call, "She has the right invoice now, and the one that was wrong is cancelled.")
    return "both were joined; one interaction in Ana's history, wrapped up with its outcome"


async def _wrap_up(t: Theatre, call: UUID, note: str) -> None:
    """As Maria does when she has hung up: with the first outcome there is."""

    async def over(session: AsyncSession) -> bool:
        return call in {card.id for card in await call_cards.not_wrapped_up(session)}

    await _until(t, over, "the call is not over for Maria")
    async with t.hub.database.unit() as session:
        first, *_others = await call_outcomes.listing(session)
        said = wrap_ups.WrapUp(first.id or 0, note)
        await wrap_ups.wrap_up(session, call, said, staff_id=await _maria(session), others=False, now=clock.now())


async def campaign(t: Theatre) -> str:
    """Marta sends a small campaign; everybody gets it once, or is left out for a reason."""
    now = clock.now()
    segment = [{"field": "label", "op": "eq", "value": "club"}]
    async with t.hub.database.unit() as session:
        version = await templates.current(session, "spring-offer", now=now)
        plan = lifecycle.Plan("Spring offer", version.id, segment)
        created = await lifecycle.create(session, plan, staff_id=None, now=now)
        number = created.id or 0
        await lifecycle.start(session, number, gate=t.hub.gate, now=now)

    async def over(session: AsyncSession) -> bool:
        return (await lifecycle.get(session, number)).state is CampaignState.FINISHED

    await _until(t, over, "the campaign did not finish")
    async with t.hub.database.unit() as session:
        counts = await lifecycle.counts(session, number)
    _expect(counts.total == counts.fed == counts.audience, f"the counters do not add up: {counts}")
    _expect(bool(counts.withheld), "nobody was left out, although some refused")
    return f"{counts.audience} people: {counts.total - counts.held} written to, {counts.held} left out with a reason"


async def greetings(t: Theatre) -> str:
    """Today's birthdays are greeted, once, although the schedule runs again and again."""
    async with t.hub.database.unit() as session:
        await rules.change_birthdays(session, at_hour=time(0), now=clock.now())
    first = await _greet(t)
    second = await _greet(t)
    _expect(second == 0, f"the second run greeted {second} people again")
    async with t.hub.database.unit() as session:
        coming = [c async for c in forecast.lines(session, 1, gate=t.hub.gate, now=clock.now())]
        await rules.change_birthdays(session, now=clock.now())  # from tomorrow on at the usual hour
    today = [c for c in coming if c.greeted and c.occasion.kind is OccasionKind.BIRTHDAY]
    _expect(len(today) > 0, "nobody was greeted")
    return f"{len(today)} birthdays today greeted once; this run {first}, the next {second}"


async def reminder(t: Theatre) -> str:
    """Ana is reminded of an appointment and answers 1."""
    ana, now = await _customer(t, ANA), clock.now()
    before = len(t.world.carrier.texts(ANA.phones[0]))
    starts = now + timedelta(hours=5, seconds=1)
    async with t.hub.database.unit() as session:
        booked = await appointments.book(
            session,
            ana,
            "Przegląd pieca",
            starts,
            "Europe/Warsaw",
            remind_before=[timedelta(hours=5)],
            now=now,
        )
    await _until_reminded(t, ana)
    await t.world.carrier.until(lambda: len(t.world.carrier.texts(ANA.phones[0])) > before)
    t.world.carrier.text(ANA.phones[0], "1")

    async def confirmed(session: AsyncSession) -> bool:
        coming = await appointments.upcoming(session, now=clock.now())
        return any(a.id == booked.id and a.state is AppointmentState.CONFIRMED for a in coming)

    await _until(t, confirmed, "the appointment is not confirmed")
    return "reminded by SMS, confirmed by answering 1"


async def spoken(t: Theatre) -> str:
    """A spoken message is read out on the telephone."""
    georgi = await _customer(t, GEORGI)
    async with t.hub.database.unit() as session:
        words = request.Words("Поръчката ви пристига утре между десет и дванадесет часа.")
        asked = request.Request(georgi, Purpose.SERVICE, Origin.API, words, kinds=(Kind.VOICE,))
        given = await request.send(session, asked, gate=t.hub.gate, now=clock.now())
    await _until_state(t, _placed(given), State.DELIVERED)
    return "called, read out, held to the end"


async def busy_morning(t: Theatre) -> str:
    """Eight customers write in four languages; the desk gives the work out and answers one."""
    people = company.people(clock.now())
    for word in morning.WORDS:
        who = people[word.number]
        if word.kind is Kind.SMS:
            t.world.carrier.text(who.phones[0], word.text)
        else:
            await t.world.mail.write(who.emails[0], _company_mail(t), word.subject, word.text)
    found: dict[int, tuple[UUID, UUID]] = {}
    for word in morning.WORDS:
        entry = await _until_in_log(t, people[word.number], lambda e: e.direction is Direction.IN)
        assert entry.conversation_id is not None
        found[word.number] = entry.customer_id, entry.conversation_id
    async with t.hub.database.unit() as session:
        staff = await _staff(session)
        agent, colleague, lead = staff[AGENT], staff[COLLEAGUE], staff[LEAD]
        await morning.sort(session, found, agent=agent, colleague=colleague, lead=lead, now=clock.now())
        customer, conversation = found[morning.GREEN.number]
        reply = replies.Reply(conversation, customer, Kind.SMS, morning.ANSWER, agent, form_token=str(uuid4()))
        given = await replies.answer(session, reply, gate=t.hub.gate, now=clock.now())
    await _until_state(t, _placed(given), State.DELIVERED)
    async with t.hub.database.unit() as session:
        await assignment.resolve(session, conversation, now=clock.now())
    return f"{len(found)} conversations: four given out, one snoozed, one answered and settled"


async def left_to_do(t: Theatre) -> str:
    """Somebody calls while nobody can take it: what they said waits for whoever opens the desk."""
    caller = company.people(clock.now())[CALLER]
    t.world.carrier.behave(AGENT_PHONE, Behaviour(Answer.NO_ANSWER))
    t.world.carrier.dial(caller.phones[0], Behaviour(speaks=9), to=_company_number(t, "voice"))
    entry = await _until_in_log(t, caller, lambda e: e.kind is Kind.VOICE and bool(e.attachments))
    t.world.carrier.behave(AGENT_PHONE, Behaviour(always="1"))
    return f"a voicemail of {caller.name} waits to be heard and called back, {entry.attachments[0].size // 1000} kB"


SCENES: tuple[Scene, ...] = (
    Scene("mail_in", "Ana writes a mail", mail_in),
    Scene("sms_in", "Ana sends an SMS", sms_in),
    Scene("call_in", "Ana calls and leaves a voicemail", call_in),
    Scene("answer_by_sms", "Maria answers the mail by SMS", answer_by_sms),
    Scene("bridge", "Maria calls Ana from her desk", bridge),
    Scene("stranger", "A stranger writes", stranger),
    Scene("stop_word", "Georgi writes STOP", stop_word),
    Scene("forged", "Somebody forges a webhook", forged),
    Scene("spoken", "A spoken message goes out", spoken),
    Scene("reminder", "An appointment is confirmed by “1”", reminder),
    Scene("campaign", "Marta sends a campaign", campaign),
    Scene("greetings", "Today's birthdays are greeted", greetings),
    Scene("busy_morning", "Customers write in four languages", busy_morning),
    Scene("left_to_do", "A voicemail is left to call back", left_to_do),
)


# ---- watching -------------------------------------------------------------------------------


async def _until(t: Theatre, probe: Callable[[AsyncSession], Awaitable[bool]], otherwise: str) -> None:
    deadline = asyncio.get_running_loop().time() + SCENE_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        async with t.hub.database.unit() as session:
            if await probe(session):
                return
        await asyncio.sleep(0.1)
    raise Failed(f"after {SCENE_SECONDS} s {otherwise}")


async def _until_in_log(t: Theatre, who: directory.NewCustomer, wanted: Callable[[Entry], bool]) -> Entry:
    found: list[Entry] = []
    customer = await _customer(t, who)

    async def there(session: AsyncSession) -> bool:
        found[:] = [e for e in await history.timeline(session, customer) if wanted(e)]
        return bool(found)

    await _until(t, there, f"it is not in {who.name}'s history")
    return found[0]


async def _until_state(t: Theatre, interaction: UUID, state: State) -> None:
    seen: list[Entry] = []

    async def reached(session: AsyncSession) -> bool:
        seen[:] = [await history.entry(session, interaction)]
        return seen[0].state is state

    try:
        await _until(t, reached, "")
    except Failed as e:
        raise Failed(f"after {SCENE_SECONDS} s it is {seen[0].state}: {seen[0].reason} {seen[0].detail}") from e


async def _until_reminded(t: Theatre, customer: UUID) -> None:
    """The worker's own schedule may do it first; either way it happens once."""

    async def reminded(session: AsyncSession) -> bool:
        await reminders.remind(session, gate=t.hub.gate, now=clock.now())
        return any(e.origin is Origin.REMINDER for e in await history.timeline(session, customer))

    await _until(t, reminded, "there is no reminder in her history")


async def _log_of(t: Theatre, who: directory.NewCustomer) -> list[Entry]:
    customer = await _customer(t, who)
    async with t.hub.database.unit() as session:
        return await history.timeline(session, customer, limit=200)


async def _greet(t: Theatre) -> int:
    return await greeting.greet(t.hub.database, gate=t.hub.gate, clock=clock.now)


async def _customer(t: Theatre, who: directory.NewCustomer) -> UUID:
    async with t.hub.database.unit() as session:
        found = await directory.find(session, AddressKind.PHONE, who.phones[0])
    if found is None:
        raise Failed(f"{who.name} is not in the directory")
    return found.id


async def _maria(session: AsyncSession) -> int:
    return (await _staff(session))[AGENT]


async def _staff(session: AsyncSession) -> Mapping[str, int]:
    return {one.email: one.id or 0 for one in await accounts.listing(session)}


def _placed(answer: request.Answer) -> UUID:
    if not isinstance(answer, Placed):
        reason = answer.reason.value if isinstance(answer, request.Held) else Withheld.NO_CHANNEL.value
        raise Failed(f"the gate said no: {reason}")
    return answer.interaction_id


def _expect(true: bool, otherwise: str) -> None:
    if not true:
        raise Failed(otherwise)


def _company_mail(t: Theatre) -> str:
    return str(t.hub.settings.channels["mail"].provider_settings["address"])


def _company_number(t: Theatre, channel: str) -> str:
    return str(t.hub.settings.channels[channel].provider_settings["number"])
