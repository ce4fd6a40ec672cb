"""What lies behind the sample company: a season of letters, answered in a mail program, and a year of purchases."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub.bootstrap import Hub
from hub.cli.demo import company
from hub.customers import purchases
from hub.customers.directory import NewCustomer
from hub.customers.finding import Whom
from hub.inbound import ingestion
from hub.inbound.archives import Found

DAYS = 84
_BUSY, _SLOW = (3, 5, 6, 8), (0, 1, 2)  # letters a day
_FRIDAY = 4
_MAGIC = ("bounce-", "vacation-", "full-")  # mailboxes that do not behave: see the sandbox's table
_FIRST = 17  # the sample company's people before this one have a part in the story


@dataclass(frozen=True, slots=True)
class _Matter:
    subject: str
    question: str
    answer: str


_MATTERS = {
    "en": (
        _Matter("Delivery to an island", "Hello,\n\ndo you deliver to the Isle of Wight, and what does it cost?",
                "Hello,\n\nwe do, within eight working days, for £9.\n\nMaria"),
        _Matter("Watering can leaks", "Hi,\n\nthe can I bought last week drips at the seam. What can be done?",
                "Hello,\n\na new one is on its way to you. You may keep the old one for the potting shed.\n\nIvan"),
        _Matter("When to plant tulips", "Good morning,\n\nis it too late for tulips in a heavy clay soil?",
                "Good morning,\n\nnot until the ground freezes. Put a hand of sand below each bulb.\n\nIvan"),
    ),
    "pl": (
        _Matter("Zmiana adresu dostawy", "Dzień dobry,\n\nczy mogę jeszcze zmienić adres dostawy?",
                "Dzień dobry,\n\noczywiście, proszę podać nowy adres do godziny 14.\n\nMaria"),
        _Matter("Faktura na firmę", "Dzień dobry,\n\nproszę o fakturę na firmę do ostatniego zamówienia.",
                "Dzień dobry,\n\nfaktura jest w załączniku do dzisiejszej wiadomości z systemu.\n\nMaria"),
        _Matter("Jaka trawa pod orzechem", "Dzień dobry,\n\npod starym orzechem nic nie rośnie. Co polecacie?",
                "Dzień dobry,\n\nmieszankę cieniolubną albo barwinek. Orzech trawy nie lubi.\n\nIvan"),
    ),
    "bg": (
        _Matter("Кога ще пристигне пратката", "Здравейте,\n\nпоръчах преди пет дни. Кога да я очаквам?",
                "Здравейте,\n\nутре между 10 и 14 часа. Извинете за забавянето.\n\nМария"),
        _Matter("Розите имат петна", "Здравейте,\n\nпо листата на розите се появиха черни петна. Какво да правя?",
                "Здравейте,\n\nмахнете болните листа и не поливайте отгоре. До две седмици ще се оправят.\n\nИван"),
    ),
    "ru": (
        _Matter("Счёт за октябрь", "Добрый день!\n\nПришлите, пожалуйста, счёт за последний заказ.",
                "Добрый день!\n\nСчёт отправлен на этот адрес сегодня утром.\n\nМария"),
        _Matter("Подойдёт ли секатор левше", "Здравствуйте!\n\nЯ левша. Какой секатор посоветуете?",
                "Здравствуйте!\n\nМодель с двумя съёмными ручками: она одинакова для обеих рук.\n\nИван"),
    ),
}  # fmt: skip
_GOODS = ("Garden lantern", "Apple tree", "Frost-proof pot", "Lawn seed, 5 kg", "Secateurs", "Rain barrel", "Bulbs")


async def read(hub: Hub, *, now: datetime) -> None:
    """Take the old letters in, as `hub ingest` does: into their customers' histories, settled, told to nobody."""
    mail = next(one for one in hub.channels.values() if one.kind is Kind.EMAIL and one.listener)
    ours = str(hub.settings.channels[mail.name].provider_settings["address"])
    found = iter([Found("", letter, 0) for letter in letters(ours, now)])
    while group := ingestion.next_group(found):
        await ingestion.ingest(hub.database, mail.name, group, hub.reception, now=now)


async def buy(session: AsyncSession, *, now: datetime) -> None:
    """What they bought in the last thirteen months: some never, some every month."""
    chance = random.Random(2025)  # noqa: S311 - nothing secret
    buyers = [one for number, one in enumerate(company.people(now)) if number % 4 and one.emails]
    told = [one for place, buyer in enumerate(buyers) for one in _bought(chance, place, buyer, now)]
    await purchases.record(session, told)


def letters(ours: str, now: datetime) -> Iterator[bytes]:
    """The mails of the season in the order in which they were written; the same for the same moment."""
    chance = random.Random(2024)  # noqa: S311 - nothing secret
    people = [one for one in company.people(now)[_FIRST:] if _writes(one)]
    for ago in range(DAYS, 1, -1):
        day = now - timedelta(days=ago)
        for _ in range(chance.choice(_BUSY if day.weekday() <= _FRIDAY else _SLOW)):
            yield from _exchange(chance, chance.choice(people), ours, day)


def _writes(one: NewCustomer) -> bool:
    return bool(one.emails) and not one.emails[0].startswith(_MAGIC)


def _exchange(chance: random.Random, who: NewCustomer, ours: str, day: datetime) -> Iterator[bytes]:
    """A question in the day and its answer some hours later; one of five says thank you."""
    theirs, matter = who.emails[0], chance.choice(_MATTERS[who.language or "en"])
    asked = day.replace(hour=chance.randint(6, 14), minute=chance.randint(0, 59))
    question = _letter(theirs, who.name, ours, matter.subject, matter.question, asked)
    yield bytes(question)
    answered = asked + timedelta(minutes=chance.randint(10, 480))
    answer = _letter(ours, "", theirs, f"Re: {matter.subject}", matter.answer, answered, after=question)
    yield bytes(answer)
    if chance.randint(1, 5) == 1:
        later = answered + timedelta(minutes=chance.randint(5, 300))
        yield bytes(_letter(theirs, who.name, ours, f"Re: {matter.subject}", "👍", later, after=answer))


def _letter(
    sender: str, name: str, to: str, subject: str, text: str, at: datetime, after: EmailMessage | None = None
) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"{name} <{sender}>" if name else sender, to, subject
    mail["Date"], mail["Message-ID"] = format_datetime(at), make_msgid(domain=sender.rpartition("@")[2])
    if after is not None:
        mail["In-Reply-To"] = after["Message-ID"]
    mail.set_content(text)
    return mail


def _bought(chance: random.Random, place: int, buyer: NewCustomer, now: datetime) -> Sequence[purchases.Told]:
    """Every customer has a habit: from once a year to once a month."""
    times = (1, 1, 2, 3, 5, 12)[place % 6]
    return [
        purchases.Told(
            Whom(email=buyer.emails[0]),
            purchases.SOURCE,
            f"{place}-{number}",
            now - timedelta(days=chance.randint(1, 395)),
            Decimal(chance.randint(900, 24_000)) / 100,
            "EUR",
            chance.choice(_GOODS),
        )
        for number in range(times)
    ]
