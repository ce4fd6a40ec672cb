"""Call lists: written down, given out to one agent each, through the gate, tried again, settled, counted."""

from __future__ import annotations

import asyncio
from datetime import datetime, time, timedelta
from uuid import UUID

import pytest

from channels.message import Kind
from hub.call_lists import arranging, results, scripts, settling, taking
from hub.call_lists.arranging import CallListProblem, NoSuchCallList, Plan
from hub.call_lists.audience import Whom
from hub.call_lists.settling import Came
from hub.call_lists.taking import Nobody, NotYours
from hub.customers import consent, directory, identities, preferences
from hub.customers.consent import Statement
from hub.customers.directory import NewCustomer
from hub.database.engine import Database
from hub.interactions import partitions
from hub.models import CallList, CallListPerson, Customer, HandledCall, Interaction, Staff
from hub.models.vocabulary import CallResult, CallTurn, IdentityState, Purpose, Role, State, Withheld
from hub.outbound import senders, templates
from hub.outbound.asking import Placed
from hub.outbound.question import Rules
from hub.outbound.request import Gate
from hub.segments import lists
from hub.staff import accounts, teams
from tests.gates import AT_ANY_HOUR, PLAIN, gate_of

HOUR = timedelta(hours=1)
PLAN = Plan("Spring calls", "spring-call")


class Company:
    """Two agents, and customers who agreed to be called, on a list of people."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.database, self.now, self.gate = database, now, gate_of(AT_ANY_HOUR)
        self.magda = self.oleg = self.people = 0
        self.made = 0

    async def customer(self, name: str, phone: str = "", *, agrees: bool = True, email: str = "") -> UUID:
        new = NewCustomer(
            name, given_name=name, timezone="UTC", phones=(phone,) if phone else (), emails=(email,) if email else ()
        )
        async with self.database.unit() as session:
            made = await directory.create(session, new, now=self.now)
            if agrees:
                yes = Statement(made.id, Purpose.MARKETING, None, granted=True, source="web form")
                await consent.record(session, yes, now=self.now)
            await lists.add(session, self.people, [made.id], staff_id=None, now=self.now)
        return made.id

    async def arrange(self, plan: Plan = PLAN, *, by_telephone: bool = False, gate: Gate | None = None) -> int:
        async with self.database.unit() as session:
            whom = Whom(segment_id=self.people, by_telephone=by_telephone)
            made = await arranging.create(
                session, plan, whom, gate=gate or self.gate, staff_id=self.magda, now=self.now
            )
        self.made = made.id or 0
        return self.made

    async def next(
        self, agent: int, at: datetime | None = None, *, rules: Rules = AT_ANY_HOUR
    ) -> CallListPerson | Nobody:
        async with self.database.unit() as session:
            return await taking.take(session, self.made, agent, others=False, gate=gate_of(rules), now=at or self.now)

    async def had(self, agent: int, at: datetime | None = None) -> CallListPerson:
        row = await self.next(agent, at)
        assert isinstance(row, CallListPerson)
        return row

    async def say(self, agent: int, row: CallListPerson, came: Came, at: datetime | None = None) -> CallList:
        async with self.database.unit() as session:
            return await settling.settle(session, row.id or 0, agent, came, now=at or self.now)

    async def row(self, customer: UUID) -> CallListPerson:
        async with self.database.unit() as session:
            found = await results.people(session, self.made)
            number = next(one.id for one in found if one.customer_id == customer)
            row = await session.get(CallListPerson, number)
        assert row is not None
        return row

    async def parts(self) -> dict[str, int]:
        async with self.database.unit() as session:
            return {name: n for name, n in (await results.figures(session, self.made)).parts.items() if n}


@pytest.fixture
async def company(database: Database, now: datetime) -> Company:
    company = Company(database, now)
    async with database.unit() as session:
        await partitions.ensure_months(session, now)
        for kind, name in ((Kind.EMAIL, "mail"), (Kind.SMS, "sms"), (Kind.VOICE, "voice")):
            await senders.register(session, name, kind, rate=100, burst=100, now=now)
        staff = [Staff(email=f"{n}@x.test", name=n, role=Role.AGENT, password_hash="", created_at=now) for n in "mo"]
        session.add_all(staff)
        words = {"en": {"voice": "Good day, {{ customer.given_name }}, this is {{ company }}."}}
        await templates.save(session, "spring-call", words, now=now)
        company.people = (await lists.create(session, "Guests", staff_id=None, now=now)).id or 0
    company.magda, company.oleg = (one.id or 0 for one in staff)
    return company


async def test_two_agents_who_ask_at_once_have_two_people(company: Company) -> None:
    people = {await company.customer(f"P{n}", f"+4860100001{n}") for n in range(2)}
    await company.arrange()
    rows = await asyncio.gather(company.had(company.magda), company.had(company.oleg))
    assert {row.customer_id for row in rows} == people
    assert await company.next(company.magda) == rows[0]


async def test_the_last_one_is_had_by_one_of_two(company: Company) -> None:
    await company.customer("Ana", "+48601000011")
    await company.arrange()
    rows = await asyncio.gather(company.next(company.magda), company.next(company.oleg))
    assert sorted(isinstance(row, Nobody) for row in rows) == [False, True]


async def test_who_asks_twice_at_once_has_one(company: Company) -> None:
    for n in range(3):
        await company.customer(f"P{n}", f"+4860100001{n}")
    await company.arrange()
    rows = await asyncio.gather(*(company.had(company.magda) for _ in range(3)))
    assert len({row.id for row in rows}) == 1
    assert await company.parts() == {"everybody": 3, "never_called": 2, "held": 1}


async def test_a_hold_ends_by_itself_and_whoever_had_it_says_nothing_more(company: Company) -> None:
    await company.customer("Ana", "+48601000011")
    await company.arrange()
    row = await company.had(company.magda)
    assert isinstance(await company.next(company.oleg, company.now + 29 * HOUR / 60), Nobody)
    again = await company.had(company.oleg, company.now + HOUR / 2)
    assert (again.id, again.staff_id) == (row.id, company.oleg)
    with pytest.raises(NotYours):
        await company.say(company.magda, row, Came(CallResult.REACHED))


async def test_who_is_talked_with_is_held_however_long_it_takes(company: Company) -> None:
    await company.customer("Ana", "+48601000011")
    await company.arrange()
    row = await company.had(company.magda)
    async with company.database.unit() as session:
        await accounts.set_phone(session, company.magda, "+48601000001", now=company.now)
        answer = await settling.call(session, row.id or 0, company.magda, gate=company.gate, now=company.now)
    assert isinstance(answer, Placed)
    assert isinstance(await company.next(company.oleg, company.now + 2 * HOUR), Nobody)
    with pytest.raises(CallListProblem, match="not over"):
        await company.say(company.magda, row, Came(CallResult.REACHED))
    async with company.database.unit() as session:
        handled = await session.get(HandledCall, answer.interaction_id)
        assert handled is not None
        handled.ended_at = company.now
    await company.say(company.magda, row, Came(CallResult.NO_CALLS))
    async with company.database.unit() as session:
        said = await session.get(Interaction, answer.interaction_id)
        handled = await session.get(HandledCall, answer.interaction_id)
        assert said is not None
        assert handled is not None
    assert (said.purpose, said.call) == (
        Purpose.MARKETING,
        {"bridge": "+48601000001", "call_list": company.made, "outcome": "Wants no calls"},
    )
    assert (handled.wrapped_at, handled.outcome_id) == (company.now, None)


async def test_the_gate_is_asked_when_somebody_is_given_out_and_its_reasons_are_listed(company: Company) -> None:
    shy = await company.customer("Shy", "+48601000011", agrees=False)
    dead = await company.customer("Dead", "+48601000012")
    never = await company.customer("Never", "+48601000013")
    mute = await company.customer("Mute", email="mute@x.test")
    mails = await company.customer("Mails", "+48601000014")
    fine = await company.customer("Fine", "+48601000015")
    await company.arrange()
    async with company.database.unit() as session:
        for customer, field in ((dead, "deceased"), (never, "do_not_contact")):
            setattr(await session.get(Customer, customer), field, True)
        await preferences.rank(session, mails, Purpose.MARKETING, [Kind.EMAIL], now=company.now)
    assert (await company.had(company.magda)).customer_id == fine
    reasons = {one: (await company.row(one)).reason for one in (shy, dead, never, mute, mails)}
    assert reasons == {
        shy: Withheld.NO_CONSENT,
        dead: Withheld.DECEASED,
        never: Withheld.DO_NOT_CONTACT,
        mute: Withheld.NO_ADDRESS,
        mails: Withheld.CHANNEL_UNWANTED,
    }
    assert await company.parts() == {"everybody": 6, "held": 1, "left_out": 5}


async def test_who_was_left_out_is_asked_about_again_when_a_marketer_says_so(company: Company) -> None:
    shy = await company.customer("Shy", "+48601000011", agrees=False)
    await company.arrange()
    assert isinstance(await company.next(company.magda), Nobody)
    async with company.database.unit() as session:
        yes = Statement(shy, Purpose.MARKETING, Kind.VOICE, granted=True, source="web form")
        await consent.record(session, yes, now=company.now)
        assert await arranging.ask_again(session, company.made, staff_id=company.magda, now=company.now) == 1
    assert (await company.had(company.magda)).customer_id == shy


async def test_whoever_sleeps_waits_for_the_morning_of_their_own_clock(company: Company) -> None:
    await company.customer("Ana", "+48601000011")
    await company.arrange()
    night = company.now.replace(hour=2, minute=0, second=0, microsecond=0) + timedelta(days=1)
    answer = await company.next(company.magda, night, rules=PLAIN)
    assert isinstance(answer, Nobody)
    assert answer.next_at is not None
    assert (answer.next_at, answer.more) == (night.replace(hour=8), False)
    assert isinstance(await company.next(company.magda, answer.next_at, rules=PLAIN), CallListPerson)


async def test_who_is_not_reached_is_tried_again_so_often_and_no_more(company: Company) -> None:
    ana = await company.customer("Ana", "+48601000011")
    await company.arrange(Plan("Calls", "spring-call", again_hours=3, attempts=2))
    await company.say(company.magda, await company.had(company.magda), Came(CallResult.NOT_REACHED))
    later = company.now + 3 * HOUR
    assert await company.next(company.oleg, later - HOUR) == Nobody(False, later)
    await company.say(company.oleg, await company.had(company.oleg, later), Came(CallResult.NOT_REACHED), later)
    row = await company.row(ana)
    assert (row.turn, row.calls, row.result) == (CallTurn.DONE, 2, CallResult.NOT_REACHED)
    async with company.database.unit() as session:
        said = await session.get(Interaction, row.interaction_id)
    assert said is not None
    assert (said.state, said.recipient, said.purpose) == (State.FAILED, "+48601000011", Purpose.MARKETING)
    assert (said.call or {})["call_list"] == company.made


async def test_a_call_promised_by_one_agent_comes_to_them_and_in_the_end_to_anybody(company: Company) -> None:
    await company.customer("Ana", "+48601000011")
    await company.arrange()
    at = company.now + 2 * HOUR
    came = Came(CallResult.CALL_BACK, call_back_at=at, by_me=True)
    await company.say(company.magda, await company.had(company.magda), came)
    assert isinstance(await company.next(company.magda, at - HOUR), Nobody)
    assert isinstance(await company.next(company.oleg, at), Nobody)
    assert (await company.had(company.magda, at)).staff_id == company.magda
    assert (await company.had(company.oleg, at + 5 * HOUR)).staff_id == company.oleg


async def test_who_wants_no_calls_says_no_to_all_of_them_and_is_left_out_elsewhere(company: Company) -> None:
    ana = await company.customer("Ana", "+48601000011")
    await company.arrange()
    await company.say(company.magda, await company.had(company.magda), Came(CallResult.NO_CALLS))
    row = await company.row(ana)
    async with company.database.unit() as session:
        (no, _yes) = await consent.ledger(session, ana)
    assert (no.granted, no.channel, no.purpose, no.staff_id) == (False, Kind.VOICE, None, company.magda)
    assert no.evidence == str(row.interaction_id)
    await company.arrange(Plan("Again", "spring-call"))
    assert isinstance(await company.next(company.oleg), Nobody)
    assert (await company.row(ana)).reason == Withheld.OPTED_OUT


async def test_a_wrong_number_is_used_no_more(company: Company) -> None:
    ana = await company.customer("Ana", "+48601000011")
    await company.arrange()
    await company.say(company.magda, await company.had(company.magda), Came(CallResult.WRONG_NUMBER))
    async with company.database.unit() as session:
        (number,) = await identities.of(session, ana)
    assert number.state is IdentityState.DEAD


async def test_those_whose_channel_is_the_telephone(company: Company) -> None:
    """By the gate's order, or because they have no other address."""
    only = await company.customer("Only", "+48601000011")
    first = await company.customer("First", "+48601000012", email="first@x.test")
    await company.customer("Mail", "+48601000013", email="mail@x.test")
    await company.customer("None", email="none@x.test")
    async with company.database.unit() as session:
        await preferences.rank(session, first, Purpose.MARKETING, [Kind.VOICE, Kind.EMAIL], now=company.now)
    await company.arrange(by_telephone=True)
    async with company.database.unit() as session:
        assert {one.customer_id for one in await results.people(session, company.made)} == {only, first}


async def test_the_script_has_the_customers_values(company: Company) -> None:
    await company.customer("Ana", "+48601000011")
    await company.arrange()
    row = await company.had(company.magda)
    async with company.database.unit() as session:
        found = await arranging.get(session, company.made)
        sheet = await scripts.sheet(session, found, row, gate=company.gate, now=company.now)
    assert (sheet.script, sheet.problem) == ("Good day, Ana, this is Meadow & Sons.", None)
    assert [one.value for one in sheet.numbers] == ["+48601000011"]


async def test_a_team_s_list_is_worked_on_by_that_team(company: Company) -> None:
    await company.customer("Ana", "+48601000011")
    async with company.database.unit() as session:
        team = (await teams.create(session, "Callers", now=company.now)).id or 0
        await teams.set_members(session, team, [company.oleg], now=company.now)
    await company.arrange(Plan("Calls", "spring-call", team_id=team))
    with pytest.raises(NoSuchCallList):
        await company.next(company.magda)
    assert isinstance(await company.next(company.oleg), CallListPerson)


async def test_nobody_is_given_out_outside_its_hours_while_it_is_paused_or_when_it_is_closed(company: Company) -> None:
    await company.customer("Ana", "+48601000011")
    clock = company.now.time().replace(microsecond=0)
    hours = (time((clock.hour + 1) % 24), time((clock.hour + 2) % 24))
    await company.arrange(Plan("Calls", "spring-call", hours=hours))
    with pytest.raises(CallListProblem, match="worked on from"):
        await company.next(company.magda)
    await company.arrange()
    row = await company.had(company.magda)
    for act, told in ((arranging.pause, "paused"), (arranging.close, "closed")):
        async with company.database.unit() as session:
            await act(session, company.made, staff_id=None, now=company.now)
        with pytest.raises(CallListProblem, match=told):
            await company.next(company.oleg)
    await company.say(company.magda, row, Came(CallResult.REACHED))
    assert await company.parts() == {"everybody": 1, "reached": 1}


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (Plan(" ", "spring-call"), "a name"),
        (Plan("x" * 101, "spring-call"), "101 characters"),
        (Plan("Calls", "nothing"), "Choose the message"),
        (Plan("Calls", "mail-alone"), "no words for calls"),
        (Plan("Calls", "spring-call", attempts=0), "1 to 20"),
        (Plan("Calls", "spring-call", hours=(time(9), time(9))), "begin when they end"),
        (PLAN, "Nobody is meant"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_the_remedy(plan: Plan, told: str, company: Company) -> None:
    async with company.database.unit() as session:
        await templates.save(session, "mail-alone", {"en": {"subject": "x", "body": "x"}}, now=company.now)
    with pytest.raises(CallListProblem, match=told):
        await company.arrange(plan)
