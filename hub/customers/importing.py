"""Customers from a CSV file: understanding each row, and writing it by a duplicates policy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import available_timezones

from sqlmodel.ext.asyncio.session import AsyncSession

from channels import address
from channels.message import Kind
from hub.customers import consent, directory, identities, wordings
from hub.customers.fields import CULTURES
from hub.customers.sheets import Line
from hub.models import Customer
from hub.models.vocabulary import AddressKind, Purpose

_LANGUAGES = {"en", "pl", "bg", "ru"}
_SINGLE = ("name", "given_name", "language", "timezone", "country", "culture", "birthday", "external_id", "vip")
_YES = {"1", "yes", "true", "y", "tak", "да"}
_NO = {"", "0", "no", "false", "n", "nie", "не", "нет"}


class Duplicates(StrEnum):
    """What to do with a row whose address or number in the other system is known already."""

    SKIP = "skip"
    UPDATE = "update"  # fill and overwrite the fields that the row brings
    REJECT = "reject"


class Outcome(StrEnum):
    ADDED = "added"
    UPDATED = "updated"
    SKIPPED = "skipped"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Row:
    """One row understood. `grants` are the consents it brings; an import never takes one away and never turns a no."""

    customer: directory.NewCustomer
    grants: tuple[tuple[Purpose, Kind | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    line: Line
    outcome: Outcome
    reason: str = ""


def understand(line: Line, *, country: str | None, language: str) -> Row:
    """Check every cell of a row. Raises ValueError whose message is for the person who made the file."""
    if line.problem:
        raise ValueError(line.problem)

    def get(name: str) -> str:
        return line.cells.get(name, "").strip()

    own_country = _country(get("country")) or country
    emails = tuple(dict.fromkeys(address.mail(part) for part in _many(get("email"))))
    phones = tuple(dict.fromkeys(address.phone(part, own_country) for part in _many(get("phone"))))
    name = get("name") or get("given_name") or next(iter((*emails, *phones)), "")
    if not name:
        raise ValueError("has neither a name nor an address")
    return Row(
        directory.NewCustomer(
            name=name,
            given_name=get("given_name"),
            language=_language(get("language"), language),
            timezone=_zone(get("timezone")),
            country=_country(get("country")),
            culture=_culture(get("culture")),
            birthday=birthday(get("birthday")),
            emails=emails,
            phones=phones,
            labels=tuple(_many(get("labels"))),
            attributes={
                k.removeprefix("attributes."): v for k, v in line.cells.items() if k.startswith("attributes.") and v
            },
            external_id=get("external_id") or None,
            vip=_truth(get("vip"), "vip"),
        ),
        grants=tuple(_grant(part) for part in _many(get("consent"))),
    )


async def write(
    session: AsyncSession, line: Line, row: Row, policy: Duplicates, *, source: str, now: datetime
) -> Result:
    """Write one understood row by the duplicates policy, within the caller's transaction."""
    owners = await _owners(session, row.customer)
    if len(owners) > 1:
        return Result(
            line, Outcome.REJECTED, f"its addresses belong to {len(owners)} different customers; merge them first"
        )
    if not owners:
        customer = await directory.create(session, row.customer, now=now)
        await _record_grants(session, customer.id, row, source, now)
        return Result(line, Outcome.ADDED)
    return await _known(session, line, row, owners[0], policy, source=source, now=now)


async def _known(
    session: AsyncSession, line: Line, row: Row, owner: Customer, policy: Duplicates, *, source: str, now: datetime
) -> Result:
    if policy is Duplicates.SKIP:
        return Result(line, Outcome.SKIPPED, f"is known already as {owner.name}")
    if policy is Duplicates.REJECT:
        return Result(line, Outcome.REJECTED, f"is known already as {owner.name}")
    await directory.change(session, owner.id, _changes(line, row.customer, owner), now=now)
    for kind, values in ((AddressKind.EMAIL, row.customer.emails), (AddressKind.PHONE, row.customer.phones)):
        for value in values:
            if await directory.find(session, kind, value) is None:
                await identities.add(session, owner.id, kind, value, now=now)
    await _record_grants(session, owner.id, row, source, now)
    return Result(line, Outcome.UPDATED)


def _changes(line: Line, new: directory.NewCustomer, owner: Customer) -> dict[str, object]:
    """The fields a row brings: an empty cell empties nothing, labels and attributes come to those there are."""
    brought = {name.partition(".")[0] for name, cell in line.cells.items() if cell.strip()}
    values: dict[str, object] = {
        **{name: getattr(new, name) for name in _SINGLE},
        "labels": [*owner.labels, *new.labels],
        "attributes": {**owner.attributes, **new.attributes},
    }
    return {name: value for name, value in values.items() if name in brought}


async def _owners(session: AsyncSession, new: directory.NewCustomer) -> list[Customer]:
    found: dict[UUID, Customer] = {}
    keys = [(AddressKind.EMAIL, v) for v in new.emails] + [(AddressKind.PHONE, v) for v in new.phones]
    for kind, value in keys:
        if owner := await directory.find(session, kind, value):
            found[owner.id] = owner
    if new.external_id and (owner := await directory.find_external(session, new.external_id)):
        found[owner.id] = owner
    return list(found.values())


async def _record_grants(session: AsyncSession, customer_id: UUID, row: Row, source: str, now: datetime) -> None:
    """Write the row's consents, except where the customer has said no (G3) or has said yes already."""
    ledger = await consent.ledger(session, customer_id)
    for purpose, kind in row.grants:
        if consent.standing(ledger, purpose, kind) is None:
            statement = consent.Statement(
                customer_id,
                purpose,
                kind,
                True,
                source=source,
                wording=wordings.plain(purpose, kind, granted=True),
                wording_version=wordings.version("import"),
            )
            await consent.record(session, statement, now=now)


def birthday(text: str) -> tuple[int | None, int, int] | None:
    """`1984-02-29`, `29.02.1984`, `29/02/1984`, or without the year `--02-29`, `29.02.`; empty gives None."""
    if not text:
        return None
    if m := re.fullmatch(r"(\d{4}|-)-(\d{1,2})-(\d{1,2})", text):
        year, month, day = m.groups()
    elif m := re.fullmatch(r"(\d{1,2})[./](\d{1,2})(?:[./](\d{4})?)?", text):
        day, month, year = m.groups()
    else:
        raise ValueError(f"birthday {text!r}: write it as 1984-02-29, or without the year as --02-29")
    number = int(year) if year and year != "-" else None
    try:
        born = date(number or 2000, int(month), int(day))
    except ValueError as e:
        raise ValueError(f"birthday {text!r} is not a date") from e
    if number is not None and not 1900 <= number <= date.today().year:  # noqa: DTZ011 - a year is enough here
        raise ValueError(f"birthday {text!r}: the year {number} cannot be right")
    return number, born.month, born.day


def _many(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[;|,]", text) if part.strip()]


def _language(text: str, fallback: str) -> str:
    code = text.lower().replace("_", "-").split("-")[0]
    if text and code not in _LANGUAGES:
        raise ValueError(f"language {text!r} is not one of {', '.join(sorted(_LANGUAGES))}")
    return code or fallback


def _zone(text: str) -> str | None:
    if text and text not in available_timezones():
        raise ValueError(f"timezone {text!r} is not an IANA zone such as Europe/Sofia")
    return text or None


def _country(text: str) -> str | None:
    if text and not re.fullmatch(r"[A-Za-z]{2}", text):
        raise ValueError(f"country {text!r} is not a two-letter code such as BG")
    return text.upper() or None


def _culture(text: str) -> str | None:
    if text and text.lower() not in CULTURES and not re.fullmatch(r"[A-Za-z]{2}", text):
        raise ValueError(f"culture {text!r} is neither a two-letter code such as BG nor one of {', '.join(CULTURES)}")
    return (text.lower() if text.lower() in CULTURES else text.upper()) or None


def _truth(text: str, name: str) -> bool:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise ValueError(f"{name} {text!r} is neither yes nor no")


def _grant(text: str) -> tuple[Purpose, Kind | None]:
    """`marketing`, or for one channel `marketing:email`."""
    purpose, _, kind = text.lower().partition(":")
    try:
        return Purpose(purpose), Kind(kind) if kind else None
    except ValueError as e:
        raise ValueError(f"consent {text!r}: write a purpose, or purpose:channel as in marketing:email") from e
