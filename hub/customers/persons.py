"""Customers as what `matching` compares: their names, birthdays, addresses and whatever their attributes tell."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import spelling
from hub.customers.matching import Person
from hub.models import Customer, Identity
from hub.models.vocabulary import AddressKind

# Attributes are named as the company likes, in its language. Folded words, as columns of lists are usually called.
_SURNAME = frozenset({"surname", "last name", "family name", "nazwisko", "familiia", "familiya"})
_HOUSE = frozenset({"street number", "house number", "house", "nr domu", "numer domu"})
_STREET = frozenset({"street", "address", "address 1", "street address", "ulica", "adres", "ulitsa"})
_CITY = frozenset({"city", "town", "suburb", "locality", "miasto", "miejscowosc", "grad", "gorod"})
_POSTCODE = frozenset({"postcode", "postal code", "zip", "zip code", "kod pocztowy", "poshtenski kod", "indeks"})
_NUMBER = frozenset(
    {"soc sec id", "ssn", "social security number", "national id", "personal number", "id card", "passport", "tax id"}
    | {"vat", "vat id", "pesel", "nip", "regon", "dowod", "egn", "lnch", "eik", "bulstat", "inn", "snils", "pasport"}
)


async def persons(session: AsyncSession, customers: Collection[UUID]) -> dict[UUID, Person]:
    """What is known of these. One that does not exist is not in the answer."""
    rows = await session.exec(select(Customer).where(col(Customer.id).in_(customers)))
    owned = await session.exec(select(Identity).where(col(Identity.customer_id).in_(customers)))
    addresses: dict[UUID, list[Identity]] = {}
    for one in owned:
        addresses.setdefault(one.customer_id, []).append(one)
    return {row.id: person(row, addresses.get(row.id, ())) for row in rows}


def person(customer: Customer, identities: Collection[Identity]) -> Person:
    """One customer, for comparing."""
    told = _told(customer.attributes)
    emails = frozenset(one.value for one in identities if one.kind is AddressKind.EMAIL)
    phones = frozenset(one.value for one in identities if one.kind is AddressKind.PHONE)
    return Person(
        name=_name(customer, _first(told, _SURNAME)),
        born=_born(customer),
        street=f"{_first(told, _HOUSE)} {_first(told, _STREET)}".strip(),
        city=_first(told, _CITY),
        postcode=_first(told, _POSTCODE),
        numbers=frozenset(value for name, value in told.items() if name in _NUMBER),
        phones=phones,
        emails=emails,
    )


def _told(attributes: Mapping[str, object]) -> dict[str, str]:
    return {" ".join(spelling.words(name)): str(value) for name, value in attributes.items() if value not in (None, "")}


def _first(told: Mapping[str, str], names: Collection[str]) -> str:
    return next((value for name, value in told.items() if name in names), "")


def _name(customer: Customer, surname: str) -> str:
    """A stranger's address is no name. A family name that has a column of its own belongs to it."""
    if "@" in customer.name or not any(letter.isalpha() for letter in customer.name):
        return surname
    known = spelling.words(customer.name)
    more = " ".join(word for word in spelling.words(surname) if word not in known)
    return f"{customer.name} {more}".strip()


def _born(customer: Customer) -> tuple[int, int, int] | None:
    if customer.birth_month is None or customer.birth_day is None:
        return None
    return customer.birth_year or 0, customer.birth_month, customer.birth_day
