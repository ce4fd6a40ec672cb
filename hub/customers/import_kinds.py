"""What tells the kinds of files apart that people bring in at the desk: one literal table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import importing, importing_purchases
from hub.customers.importing import Duplicates
from hub.customers.purchases import LONGEST_SOURCE, SOURCE
from hub.customers.results import Result
from hub.customers.sheets import CUSTOMERS, Layout, Line
from hub.models import FileImport
from hub.models.vocabulary import Brought
from hub.sentences import Sentence, too_long
from hub.settings import Settings

LONGEST_ORIGIN, LONGEST_WORDING = 200, 2000
LEFT_OUT = "-"  # what a column holds that is not read
Read = Callable[[], Iterable[Line]]


@dataclass(frozen=True, slots=True)
class Usual:
    """What holds where a row says nothing."""

    currency: str
    zone: str
    country: str | None
    language: str


def usual(settings: Settings) -> Usual:
    """As the operator has it."""
    return Usual(settings.rfm.currency, settings.hub.timezone, settings.hub.country, settings.hub.languages[0])


class Write(Protocol):
    def __call__(
        self, session: AsyncSession, lines: Sequence[Line], found: FileImport, usual: Usual, *, now: datetime
    ) -> Awaitable[list[Result]]: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """`lacking`: said where a needed column is missing. `wrong`: what is the matter with the source and the wording as
    they were typed; `asks`: what more has to be said before it begins. `in_order`: in which order rows are written;
    `beside`: those that stand further down and have to be there when the first ones are tried.
    """

    layout: Layout
    titles: Mapping[str, Sentence]
    lacking: Sentence
    empty: Sentence
    source: str
    wrong: Callable[[str, str], Sentence | None]
    asks: Callable[[FileImport], Sentence | None]
    in_order: Callable[[Read], Iterator[Line]]
    beside: Callable[[Sequence[Line], Iterable[Line]], list[Line]]
    write: Write


# ---- customers ------------------------------------------------------------------------------

_TITLES = {
    "name": Sentence("Name"),
    "given_name": Sentence("Given name"),
    "family_name": Sentence("Family name"),
    "email": Sentence("Email"),
    "phone": Sentence("Phone"),
    "language": Sentence("Language"),
    "timezone": Sentence("Time zone"),
    "country": Sentence("Country"),
    "culture": Sentence("Whose feasts they keep"),
    "birthday": Sentence("Birthday"),
    "labels": Sentence("Labels"),
    "external_id": Sentence("Customer's number"),
    "vip": Sentence("VIP"),
    "consent": Sentence("Consents"),
}
_LONG_ORIGIN = Sentence("Where they agreed has %(length)s characters and takes at most %(most)s. Shorten it")
_LONG_WORDING = Sentence("What they agreed to has %(length)s characters and takes at most %(most)s. Shorten it")


def _wrong_of_customers(source: str, wording: str) -> Sentence | None:
    return too_long(_LONG_ORIGIN, source, LONGEST_ORIGIN) or too_long(_LONG_WORDING, wording, LONGEST_WORDING)


def _consents_are_proven(found: FileImport) -> Sentence | None:
    if "consent" in found.fields and not (found.source and found.wording):
        return Sentence("A column holds consents. Say where the people agreed, and to which words, or leave it out")
    return None


async def _write_customers(
    session: AsyncSession, lines: Sequence[Line], found: FileImport, usual: Usual, *, now: datetime
) -> list[Result]:
    terms = importing.Terms(
        Duplicates.UPDATE if found.update else Duplicates.SKIP,
        found.source,
        usual.country,
        usual.language,
        wording=found.wording,
        file=found.name,
        staff_id=found.asked_by,
    )
    return await importing.bring(session, lines, terms, now=now)


# ---- purchases ------------------------------------------------------------------------------


def _wrong_of_purchases(source: str, _wording: str) -> Sentence | None:
    if source and len(source) <= LONGEST_SOURCE:
        return None
    return Sentence("Name the system that the numbers are of, in 1 to %(most)s characters", {"most": LONGEST_SOURCE})


def _refunded(first: Sequence[Line], rest: Iterable[Line]) -> list[Line]:
    """The purchases that refunds among the first rows are for, from wherever they stand."""
    refunded = importing_purchases.refunded
    wanted = {refunded(line) for line in first} - {""}
    return (
        [one for one in rest if not refunded(one) and one.cells.get("number", "").strip() in wanted] if wanted else []
    )


async def _write_purchases(
    session: AsyncSession, lines: Sequence[Line], found: FileImport, usual: Usual, *, now: datetime
) -> list[Result]:
    terms = importing_purchases.Terms(found.source, usual.currency, usual.zone, usual.country, found.update)
    return await importing_purchases.write(session, lines, terms, now=now)


KINDS: Mapping[Brought, Kind] = {
    Brought.CUSTOMERS: Kind(
        layout=CUSTOMERS,
        titles=_TITLES,
        lacking=Sentence("Say which columns hold the people's names, email addresses or telephone numbers"),
        empty=Sentence("The file has a header and no rows. Choose one with customers in it"),
        source="",
        wrong=_wrong_of_customers,
        asks=_consents_are_proven,
        in_order=lambda read: iter(read()),
        beside=lambda _first, _rest: [],
        write=_write_customers,
    ),
    Brought.PURCHASES: Kind(
        layout=importing_purchases.LAYOUT,
        titles=importing_purchases.TITLES,
        lacking=Sentence(
            "Say which columns hold the number, the date and the amount, and whose a purchase is: the customer's "
            "number, email or phone"
        ),
        empty=Sentence("The file has a header and no rows. Choose one with purchases in it"),
        source=SOURCE,
        wrong=_wrong_of_purchases,
        asks=lambda _found: None,
        in_order=importing_purchases.in_order,
        beside=_refunded,
        write=_write_purchases,
    ),
}
