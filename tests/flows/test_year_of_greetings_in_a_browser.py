"""A year of greetings: switched on at the desk in Chromium, then lived through on a fast clock, in seconds.

The real schedule is turned, the real gate is asked, and every greeting travels to the sandbox's mail server or carrier.
What should arrive is written down here by hand, from printed calendars; what did arrive is read at the far side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import text
from sqlmodel import select

from hub.customers import consent, directory
from hub.customers.consent import Statement
from hub.interactions import partitions
from hub.jobs import tick, turns
from hub.models import Interaction, Outbox
from hub.models.vocabulary import Kind, Origin, Purpose, Role, State
from hub.occasions import greeting, schedules
from hub.outbound import templates
from hub.outbound.delivery import Delivery
from tests.flows.browsing import chromium, in_chromium, sit_down
from tests.flows.town import Town, town

pytestmark = in_chromium

LONG_AGO = datetime(2024, 1, 15, tzinfo=UTC)
FIRST, LAST = datetime(2024, 2, 1, tzinfo=UTC), datetime(2025, 3, 3, tzinfo=UTC)
STEP = timedelta(hours=7, minutes=10)  # so that every hour of the day is looked at, in every zone
BIRTHDAY, NAME_DAY = "Birthday", "Name day"
WARSAW, SOFIA, COMPANY = "Europe/Warsaw", "Europe/Sofia", "UTC"  # the last as the town has it
WORDS = {
    "birthday": (BIRTHDAY, "{% if age %}{{ age }} years.{% endif %}"),
    "name-day": (NAME_DAY, "All the best."),
}

Kept = tuple[str, str]  # what for, the date where they live
Act = Callable[[Town, "Fast"], Awaitable[None]]


@dataclass(frozen=True)
class Person:
    """`gets`: everything that arrives in the time, on which date of theirs; `held`: what is withheld, and why."""

    name: str
    country: str
    zone: str | None
    born: tuple[int | None, int, int]
    gets: tuple[Kept, ...] = ()
    held: tuple[tuple[str, str], ...] = ()
    phone: str = ""
    agreed: bool = True

    @property
    def email(self) -> str:
        return "" if self.phone else f"guest-{PEOPLE.index(self)}@example.org"


PEOPLE = (
    Person("Adam N", "PL", WARSAW, (1990, 5, 14), ((BIRTHDAY, "2024-05-14"), (NAME_DAY, "2024-12-24"))),
    # The birthday is the name day: one greeting; and nobody knows how old she is.
    Person("Anna N", "PL", WARSAW, (None, 7, 26), ((BIRTHDAY, "2024-07-26"),)),
    # 29 February in a leap year, and in another one.
    Person(
        "Ewa N",
        "PL",
        "America/New_York",
        (1988, 2, 29),
        ((BIRTHDAY, "2024-02-29"), (NAME_DAY, "2024-12-24"), (BIRTHDAY, "2025-02-28")),
    ),
    # The days on which the clocks change there.
    Person("Mariusz N", "PL", WARSAW, (1993, 3, 31), ((BIRTHDAY, "2024-03-31"), (NAME_DAY, "2025-01-19"))),
    Person("Melchior N", "PL", None, (1982, 10, 27), ((BIRTHDAY, "2024-10-27"), (NAME_DAY, "2025-01-06"))),
    # As early and as late as it gets on earth, around New Year.
    Person("Adam K", "PL", "Pacific/Kiritimati", (1970, 1, 1), ((NAME_DAY, "2024-12-24"), (BIRTHDAY, "2025-01-01"))),
    Person("Hanna H", "PL", "Pacific/Honolulu", (1980, 12, 31), ((NAME_DAY, "2024-07-26"), (BIRTHDAY, "2024-12-31"))),
    # The same name, kept on another day in another country.
    Person("Иван Б", "BG", SOFIA, (1975, 11, 2), ((BIRTHDAY, "2024-11-02"), (NAME_DAY, "2025-01-07"))),
    Person("Иван Р", "RU", "Asia/Vladivostok", (None, 6, 8), ((BIRTHDAY, "2024-06-08"), (NAME_DAY, "2024-07-07"))),
    Person(
        "Мария Б",
        "BG",
        SOFIA,
        (1969, 2, 12),
        ((BIRTHDAY, "2024-02-12"), (NAME_DAY, "2024-08-15"), (BIRTHDAY, "2025-02-12")),
    ),
    Person("Мария Р", "RU", "Asia/Kamchatka", (2001, 3, 9), ((BIRTHDAY, "2024-03-09"), (NAME_DAY, "2024-08-04"))),
    # Palm Sunday moves with Easter.
    Person("Цветана Б", "BG", SOFIA, (1999, 9, 9), ((NAME_DAY, "2024-04-28"), (BIRTHDAY, "2024-09-09"))),
    # A telephone only; and the hub was down on the birthday: late, but not at night.
    Person(
        "Danuta N",
        "PL",
        WARSAW,
        (None, 6, 6),
        ((BIRTHDAY, "2024-06-07"), (NAME_DAY, "2025-01-03")),
        phone="+48601000111",
    ),
    # Down for longer than two days: never.
    Person("Kacper N", "PL", WARSAW, (1995, 8, 21), ((NAME_DAY, "2025-01-06"),)),
    # Left out by hand at the desk.
    Person("Honorata N", "PL", WARSAW, (1984, 5, 20), ((NAME_DAY, "2025-01-11"),)),
    # Opts out in September, between the two.
    Person("Feliks N", "PL", WARSAW, (1991, 3, 15), ((BIRTHDAY, "2024-03-15"),), (("2025-01-14", "opted_out"),)),
    # In dispute until December.
    Person("Seweryn N", "PL", WARSAW, (1977, 8, 8), ((NAME_DAY, "2025-01-08"),), (("2024-08-08", "complaint_open"),)),
    # Died long ago; dies in the autumn; wants nothing at all; never agreed.
    Person("Agnieszka N", "PL", WARSAW, (1950, 4, 4), (), (("2024-04-04", "deceased"), ("2025-01-21", "deceased"))),
    Person("Lucjan N", "PL", WARSAW, (1941, 4, 5), ((BIRTHDAY, "2024-04-05"),), (("2025-01-07", "deceased"),)),
    Person(
        "Wilhelm N",
        "PL",
        WARSAW,
        (1960, 4, 6),
        (),
        (("2024-04-06", "do_not_contact"), ("2025-01-10", "do_not_contact")),
    ),
    Person(
        "Rajmund N",
        "PL",
        WARSAW,
        (1961, 4, 7),
        (),
        (("2024-04-07", "no_consent"), ("2025-01-23", "no_consent")),
        agreed=False,
    ),
)
BY_NAME = {person.name: person for person in PEOPLE}


@dataclass(frozen=True)
class Arrived:
    """What lay at the far side at this moment of the fast clock."""

    name: str
    what: str
    at: datetime

    @property
    def there(self) -> datetime:
        """By the clock on the recipient's wall; without a zone of theirs, the company's."""
        return self.at.astimezone(ZoneInfo(BY_NAME[self.name].zone or COMPANY))


@dataclass
class Fast:
    """The clock, who is whom, and what has arrived so far."""

    at: datetime
    ids: dict[str, UUID]
    arrived: list[Arrived]

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
async def meadow(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """With the quiet hours of a hub as it is shipped; nobody works but the test, by its own clock."""
    async with town(database_url, tmp_path, gate={}) as meadow:
        yield meadow


async def test_in_a_year_every_greeting_comes_once_in_the_daytime_and_to_nobody_who_is_left_out(meadow: Town) -> None:
    await meadow.staff(Role.MARKETER)
    fast = Fast(FIRST, await _settle(meadow), [])
    async with chromium() as browser:
        desk = await sit_down(browser, meadow.url, "marketer", path="/occasions")
        await _switch_on(meadow, desk)
        await _leave_out(meadow, desk, "2024-05-20", "Honorata N")
        await _live(meadow, fast)

        due = Counter((one.name, *kept) for one in PEOPLE for kept in one.gets)
        assert Counter((one.name, one.what, f"{one.there:%Y-%m-%d}") for one in fast.arrived) == due
        assert max(Counter((one.name, one.there.date()) for one in fast.arrived).values()) == 1
        assert [one for one in fast.arrived if not _in_the_daytime(one)] == []
        assert await _log(meadow, fast) == (due, Counter((p.name, *held) for p in PEOPLE for held in p.held))
        assert _ages(meadow) == {"Adam N": "34 years.", "Anna N": "", "Ewa N": "36 years."}

        for person in PEOPLE:
            for _what, day in person.gets[-1:]:
                await _shown(meadow, desk, day, person.name, "in the log")
        await _shown(meadow, desk, "2024-06-06", "Danuta N", "in the log")
        await _shown(meadow, desk, "2024-04-04", "Agnieszka N", "died")
        await _shown(meadow, desk, "2024-05-20", "Honorata N", "left this one out")
        await desk.goto(f"{meadow.url}/occasions/year")
        await expect(desk.locator(".year a.has").first).to_be_visible()


# ---- before ---------------------------------------------------------------------------------


async def _settle(meadow: Town) -> dict[str, UUID]:
    """The customers, as they were long ago, and the words; the log has room for the year."""
    ids = {}
    async with meadow.hub.database.unit() as session:
        await partitions.ensure_months(session, FIRST, ahead=14)
        await schedules.ensure(session, {"greetings": turns.TICKS["greetings"].every}, now=FIRST)
        for name, (subject, body) in WORDS.items():
            texts = {"subject": f"{subject}: {{{{ given_name }}}}", "body": body, "sms": f"{subject}. {body}"}
            await templates.save(session, f"our-{name}", {"en": texts}, now=LONG_AGO)
        for person in PEOPLE:
            new = directory.NewCustomer(
                person.name,
                given_name=person.name.split()[0],
                country=person.country,
                timezone=person.zone,
                birthday=person.born,
                emails=(person.email,) if person.email else (),
                phones=(person.phone,) if person.phone else (),
            )
            ids[person.name] = (await directory.create(session, new, now=LONG_AGO)).id
            if person.agreed:
                await consent.record(session, _said(ids[person.name], granted=True), now=LONG_AGO)
    await _change(meadow, ids["Agnieszka N"], {"deceased": True}, LONG_AGO)
    await _change(meadow, ids["Wilhelm N"], {"do_not_contact": True}, LONG_AGO)
    await _change(meadow, ids["Seweryn N"], {"labels": ["complaint"]}, LONG_AGO)
    return ids


async def _switch_on(meadow: Town, desk: Page) -> None:
    await desk.get_by_text("Change the rule").click()
    await desk.get_by_label("Greet by itself").check()
    await desk.locator("#template").select_option("our-birthday")
    await desk.get_by_label("At, their time").fill("10:00")
    await desk.get_by_role("button", name="Save").click()
    for country in ("PL", "BG", "RU"):
        await desk.goto(f"{meadow.url}/occasions")
        await desk.locator("#rules").get_by_role("link", name="Name day", exact=True).click()
        await desk.get_by_label("Calendar of names").select_option(country)
        await desk.get_by_label("For customers of these countries or cultures").fill(country)
        await desk.locator("#template").select_option("our-name-day")
        await desk.get_by_role("button", name="Save").click()
        await expect(desk.locator("#rules .entry-row", has_text="switched on")).to_have_count(
            ("PL", "BG", "RU").index(country) + 1
        )


async def _leave_out(meadow: Town, desk: Page, day: str, name: str) -> None:
    await desk.goto(f"{meadow.url}/occasions/days/{day}")
    await desk.get_by_role("button", name=f"Skip {name}").click()
    await _shown(meadow, desk, day, name, "left this one out")


# ---- the year -------------------------------------------------------------------------------


async def _live(meadow: Town, fast: Fast) -> None:
    """Turn the schedule and send what is due, at every step, and as soon as the hub is back after an outage."""
    delivery = Delivery(meadow.hub.database, meadow.hub.channels, meadow.hub.storage, meadow.hub.gate, "s", now=fast)
    ahead = sorted(_HAPPENS, key=lambda one: one[0])
    while fast.at < LAST:
        fast.at = _after(fast.at + STEP)
        while ahead and ahead[0][0] <= fast.at:
            await ahead.pop(0)[1](meadow, fast)
        await tick.turn(meadow.hub, "greetings", now=fast.at)
        if await _is_asked_for(meadow):
            await greeting.greet(meadow.hub.database, gate=meadow.hub.gate, clock=fast)
        await _dispatch(meadow, delivery)
        _look(meadow, fast)


async def _is_asked_for(meadow: Town) -> bool:
    """Take the schedule's job, whose own clock is not the fast one."""
    async with meadow.hub.database.unit() as session:
        job = text("delete from pgqueuer where entrypoint = :name returning 1")
        return (await session.execute(job, {"name": greeting.JOB})).first() is not None


def _after(at: datetime) -> datetime:
    return next((end for begin, end in _DOWN if begin <= at < end), at)


async def _dispatch(meadow: Town, delivery: Delivery) -> None:
    """What the pump does, for both channels; a text is waited for until it is on the telephone."""
    async with meadow.hub.database.unit() as session:
        waits = (await session.exec(select(Outbox.id).limit(1))).first() is not None
    for channel in ("mail", "sms") if waits else ():
        _taken, ready = await delivery.claim(channel, 50)
        for one in ready:
            before = len(meadow.world.carrier.texts(one.message.to.value))
            await delivery.settle([await delivery.deliver(one)])
            if one.kind is Kind.SMS:
                await meadow.until(_more_than(meadow, one.message.to.value, before))


def _more_than(meadow: Town, number: str, before: int) -> Callable[[], Awaitable[bool]]:
    async def more() -> bool:
        return len(meadow.world.carrier.texts(number)) > before

    return more


def _look(meadow: Town, fast: Fast) -> None:
    """At every mailbox and telephone, for what was not there before."""
    known = Counter(one.name for one in fast.arrived)
    for person in PEOPLE:
        heads = (
            [text.body.partition(".")[0] for text in meadow.world.carrier.texts(person.phone)]
            if person.phone
            else [letter.subject.partition(":")[0] for letter in meadow.world.mail.mailbox(person.email)]
        )
        fast.arrived += [Arrived(person.name, head, fast.at) for head in heads[known[person.name] :]]


async def _set_back(meadow: Town, fast: Fast) -> None:
    """Somebody sets the machine's clock back by a day."""
    fast.at -= timedelta(days=1)


async def _opts_out(meadow: Town, fast: Fast) -> None:
    async with meadow.hub.database.unit() as session:
        await consent.record(session, _said(fast.ids["Feliks N"], granted=False), now=fast.at)


async def _is_settled(meadow: Town, fast: Fast) -> None:
    await _change(meadow, fast.ids["Seweryn N"], {"labels": []}, fast.at)


async def _dies(meadow: Town, fast: Fast) -> None:
    await _change(meadow, fast.ids["Lucjan N"], {"deceased": True}, fast.at)


_HAPPENS: tuple[tuple[datetime, Act], ...] = (
    (datetime(2024, 5, 14, 18, tzinfo=UTC), _set_back),
    (datetime(2024, 9, 1, tzinfo=UTC), _opts_out),
    (datetime(2024, 10, 20, tzinfo=UTC), _dies),
    (datetime(2024, 12, 1, tzinfo=UTC), _is_settled),
    (datetime(2025, 1, 7, 18, tzinfo=UTC), _set_back),
)
_DOWN = (
    (datetime(2024, 6, 5, 20, tzinfo=UTC), datetime(2024, 6, 7, 1, tzinfo=UTC)),  # back at three in Warsaw's morning
    (datetime(2024, 8, 20, 20, tzinfo=UTC), datetime(2024, 8, 26, tzinfo=UTC)),
)


# ---- after ----------------------------------------------------------------------------------


def _in_the_daytime(one: Arrived) -> bool:
    """From the hour of the rule on the day itself, from the end of quiet hours when it is late; where nobody knows the
    zone, in the narrow window."""
    late = (one.name, one.what) == ("Danuta N", BIRTHDAY)
    begins, ends = (time(8) if late else time(10)), (time(21) if BY_NAME[one.name].zone else time(18))
    return begins <= one.there.time() < ends


async def _log(meadow: Town, fast: Fast) -> tuple[Counter[tuple[str, str, str]], Counter[tuple[str, str, str]]]:
    """What the log says was sent, and what it says was withheld."""
    names = {customer: name for name, customer in fast.ids.items()}
    sent: Counter[tuple[str, str, str]] = Counter()
    held: Counter[tuple[str, str, str]] = Counter()
    for row in await meadow.log():
        assert row.origin is Origin.OCCASION
        name = names[row.customer_id]
        if row.state is State.WITHHELD:
            held[name, _day(row, name), row.reason] += 1
        else:
            assert row.state in (State.SENT, State.DELIVERED)
            sent[name, BIRTHDAY if row.occasion == "birthday" else NAME_DAY, _day(row, name)] += 1
    return sent, held


def _day(row: Interaction, name: str) -> str:
    return f"{row.at.astimezone(ZoneInfo(BY_NAME[name].zone or COMPANY)):%Y-%m-%d}"


def _ages(meadow: Town) -> dict[str, str]:
    """What the first birthday mail says of it."""
    said = {}
    for name in ("Adam N", "Anna N", "Ewa N"):
        letter = meadow.world.mail.mailbox(BY_NAME[name].email)[0]
        said[name] = letter.text.strip()
    return said


async def _shown(meadow: Town, desk: Page, day: str, name: str, what: str) -> None:
    await desk.goto(f"{meadow.url}/occasions/days/{date.fromisoformat(day)}")
    await expect(desk.locator(".entry-row", has_text=name).filter(has_text=what).first).to_be_visible()


async def _change(meadow: Town, customer: UUID, change: dict[str, object], now: datetime) -> None:
    async with meadow.hub.database.unit() as session:
        await directory.change(session, customer, change, now=now)


def _said(customer: UUID, *, granted: bool) -> Statement:
    return Statement(customer, Purpose.GREETINGS, None, granted=granted, source="told an agent")
