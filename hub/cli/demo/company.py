"""The sample company: about 200 customers of four languages with consent and preferences of every kind."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub.customers import consent, directory, preferences, spelling
from hub.models.vocabulary import Purpose

SIZE = 200
DOMAIN = "customers.example"

# The people that the story is about; the numbers' last digits decide how the sandbox's telephones behave.
ANA = directory.NewCustomer(
    name="Ana Nowak", given_name="Ana", language="pl", timezone="Europe/Warsaw", country="PL", birthday=(1988, 5, 14),
    emails=(f"ana.nowak@{DOMAIN}",), phones=("+48601123456",), labels=("club",), vip=True,
)  # fmt: skip
GEORGI = directory.NewCustomer(
    name="Георги Петров", given_name="Георги", language="bg", timezone="Europe/Sofia", country="BG",
    emails=(f"georgi.petrov@{DOMAIN}",), phones=("+359881234567",), labels=("club",),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _People:
    language: str
    country: str
    zones: tuple[str, ...]
    prefix: str  # of mobile numbers, completed to nine digits or what the country has
    digits: int
    given: tuple[str, ...]  # women and men in turn
    family: tuple[str, ...]  # a woman's and, where it is another, a man's behind a slash


_NATIONS = (
    _People(
        "en", "GB", ("Europe/London", "Europe/Dublin"), "+44770", 7,
        ("Alice", "James", "Emily", "Oliver", "Grace", "Harry", "Chloe", "Thomas", "Isla", "George"),
        ("Smith", "Taylor", "Brown", "Wilson", "Evans", "Walker", "Hughes", "Green", "O'Brien", "Clarke"),
    ),
    _People(
        "pl", "PL", ("Europe/Warsaw",), "+4860", 7,
        ("Zofia", "Jakub", "Maja", "Szymon", "Łucja", "Paweł", "Agnieszka", "Tomasz", "Małgorzata", "Piotr"),
        (
            "Kowalska/Kowalski", "Wiśniewska/Wiśniewski", "Wójcik", "Kamińska/Kamiński", "Lewandowska/Lewandowski",
            "Zielińska/Zieliński", "Dąbrowska/Dąbrowski", "Szymańska/Szymański", "Żak",
        ),
    ),
    _People(
        "bg", "BG", ("Europe/Sofia",), "+35988", 7,
        ("Мария", "Иван", "Елена", "Димитър", "Десислава", "Николай", "Виктория", "Стефан", "Радост", "Петър"),
        (
            "Иванова/Иванов", "Димитрова/Димитров", "Стоянова/Стоянов", "Георгиева/Георгиев", "Тодорова/Тодоров",
            "Николова/Николов", "Христова/Христов", "Ангелова/Ангелов", "Маринова/Маринов",
        ),
    ),
    _People(
        "ru", "KZ", ("Asia/Almaty", "Asia/Tbilisi", "Asia/Yerevan"), "+7701", 7,
        ("Ольга", "Дмитрий", "Наталья", "Сергей", "Татьяна", "Андрей", "Светлана", "Максим", "Юлия", "Алексей"),
        (
            "Иванова/Иванов", "Смирнова/Смирнов", "Кузнецова/Кузнецов", "Попова/Попов", "Васильева/Васильев",
            "Соколова/Соколов", "Новикова/Новиков", "Фёдорова/Фёдоров", "Морозова/Морозов",
        ),
    ),
)  # fmt: skip


async def load(session: AsyncSession, *, now: datetime) -> int:
    """Fill an empty database with the sample company; returns how many customers it has."""
    everybody = people(now)
    for number, new in enumerate(everybody):
        customer = await directory.create(session, new, now=now)
        await _allow(session, customer.id, number, now)
        await directory.change(session, customer.id, _circumstances(number), now=now)
    return len(everybody)


def names(now: datetime) -> dict[str, str]:
    """Who is behind the mail addresses and numbers of the sample company, the people of the story first."""
    return {address: one.name for one in people(now) for address in (*one.phones, *one.emails)}


def people(now: datetime) -> list[directory.NewCustomer]:
    """The same company every time; only who has a birthday today depends on the day."""
    chance = random.Random(2026)  # noqa: S311 - nothing secret
    return [ANA, GEORGI, *_strangers(chance, now)]


def _strangers(chance: random.Random, now: datetime) -> Iterator[directory.NewCustomer]:
    for number in range(2, SIZE):
        nation = _NATIONS[number % len(_NATIONS)]
        given, family = _called(chance, nation)
        zone = chance.choice(nation.zones)
        new = directory.NewCustomer(
            name=f"{given} {family}",
            given_name=given,
            language=nation.language,
            timezone=zone if number % 9 else None,
            country=nation.country,
            birthday=_birthday(chance, number, now, zone),
            emails=(_mailbox(given, family, number),),
            phones=(_telephone(chance, nation, number),),
            labels=("club",) if number % 2 else (),
        )
        yield _incomplete(new, number)


def _called(chance: random.Random, nation: _People) -> tuple[str, str]:
    given, family = chance.choice(nation.given), chance.choice(nation.family).split("/")
    return given, family[nation.given.index(given) % 2 and -1]


def _birthday(chance: random.Random, number: int, now: datetime, zone: str) -> tuple[int | None, int, int]:
    """Some have theirs today by their own clock, one on 29 February, some without the year."""
    if number % 25 == 3:
        today = now.astimezone(ZoneInfo(zone))
        return chance.randint(1950, 2004), today.month, today.day
    if number == 4:
        return 1992, 2, 29
    day = now + timedelta(days=chance.randint(1, 364))
    return (None if number % 7 == 0 else chance.randint(1950, 2004)), day.month, min(day.day, 28)


def _mailbox(given: str, family: str, number: int) -> str:
    """Every fortieth mailbox bounces, every fiftieth sends a vacation notice (see the sandbox's table)."""
    local = spelling.fold(f"{given}.{family}").replace("'", "_")
    magic = {21: "bounce-", 33: "vacation-", 38: "full-"}.get(number % 60, "")
    return f"{magic}{local.strip('.') or 'customer'}.{number}@{DOMAIN}"


def _telephone(chance: random.Random, nation: _People, number: int) -> str:
    """Mostly ordinary numbers; a few end like the sandbox's telephones that are unreachable or opted out."""
    magic = {5: "0001", 27: "0009", 44: "0003"}.get(number % 60)
    ordinary = f"{chance.randint(0, 8)}{number:03d}"
    filling = str(number).zfill(nation.digits - 4)[-(nation.digits - 4) :]
    return f"{nation.prefix}{filling}{magic or ordinary}"


def _incomplete(new: directory.NewCustomer, number: int) -> directory.NewCustomer:
    if number % 17 == 0:
        return replace(new, phones=())
    if number % 19 == 0:
        return replace(new, emails=())
    return new


async def _allow(session: AsyncSession, customer_id: UUID, number: int, now: datetime) -> None:
    """Consent of every kind: for all, for one channel, refused, never asked; and rankings of the channels."""
    for statement in _statements(customer_id, number):
        await consent.record(session, statement, now=now)
    for purpose, kinds in _rankings(number).items():
        await preferences.rank(session, customer_id, purpose, kinds, now=now)


def _statements(customer_id: UUID, number: int) -> Iterator[consent.Statement]:
    signed_up = partial(consent.Statement, customer_id, granted=True, source="sign-up form", wording_version="2026-01")
    if number % 5 != 4:
        kind = None if number % 3 else Kind.EMAIL
        yield signed_up(purpose=Purpose.MARKETING, channel=kind, wording="News and offers")
    if number % 8 != 7:
        yield signed_up(purpose=Purpose.GREETINGS, channel=None, wording="Greetings")
    if number % 11 == 10:
        yield consent.Statement(customer_id, Purpose.MARKETING, None, False, source="told an agent")


def _rankings(number: int) -> dict[Purpose, tuple[Kind, ...]]:
    found: dict[Purpose, tuple[Kind, ...]] = {}
    if number == 0:
        found[Purpose.REMINDERS] = (Kind.SMS, Kind.EMAIL)
    if number % 4 == 1:
        found[Purpose.MARKETING] = (Kind.SMS, Kind.EMAIL)
    if number % 6 == 1:
        found[Purpose.SERVICE] = (Kind.SMS, Kind.EMAIL, Kind.VOICE)
    return found


def _circumstances(number: int) -> dict[str, object]:
    """A few who must not be written to at all, and a few who matter more."""
    return {
        "deceased": number == 90,
        "do_not_contact": number in (60, 120),
        "vip": number < 2 or number % 31 == 0,
    }
