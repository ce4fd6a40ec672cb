"""Customers from a CSV file: understanding each row, and writing it by a duplicates policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from channels import address
from channels.message import Kind
from hub import sentences
from hub.customers import consent, directory, identities, wordings
from hub.customers import customer_cells as cell
from hub.customers.fields import checked
from hub.customers.results import Result
from hub.customers.sheets import BadCell, Line
from hub.models import Customer
from hub.models.vocabulary import AddressKind, Outcome, Purpose
from hub.sentences import Sentence

_SINGLE = ("name", "given_name", "language", "timezone", "country", "culture", "birthday", "external_id", "vip")


class Duplicates(StrEnum):
    """What to do with a row whose address or number in the other system is known already."""

    SKIP = "skip"
    UPDATE = "update"  # fill and overwrite the fields that the row brings
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Row:
    """One row understood. `grants` are the consents it brings; an import never takes one away and never turns a no."""

    customer: directory.NewCustomer
    grants: tuple[tuple[Purpose, Kind | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """How rows are read and written that do not say it themselves. Of consents: `source` and `wording`, where they were
    given and to what (empty: nobody knows), in which `file`, and who brought it in.
    """

    policy: Duplicates
    source: str
    country: str | None
    language: str
    wording: str = ""
    file: str = ""
    staff_id: int | None = None


def understand(line: Line, *, country: str | None, language: str) -> Row:
    """Check every cell of a row. Raises ValueError whose sentence is for the person who made the file."""
    if line.problem:
        raise BadCell(line.problem)

    def get(name: str) -> str:
        return line.cells.get(name, "").strip()

    own_country = cell.country(get("country")) or country
    emails = tuple(dict.fromkeys(address.mail(part) for part in cell.many(get("email"))))
    phones = tuple(dict.fromkeys(address.phone(part, own_country) for part in cell.many(get("phone"))))
    return Row(
        directory.NewCustomer(
            name=_name(line) or next(iter((*emails, *phones)), "") or _nobody(),
            given_name=get("given_name"),
            language=cell.language(get("language")) or language,
            timezone=cell.zone(get("timezone")),
            country=cell.country(get("country")),
            culture=cell.culture(get("culture")),
            birthday=cell.birthday(get("birthday")),
            emails=emails,
            phones=phones,
            labels=tuple(cell.many(get("labels"))),
            attributes={
                k.removeprefix("attributes."): v for k, v in line.cells.items() if k.startswith("attributes.") and v
            },
            external_id=get("external_id") or None,
            vip=cell.truth(get("vip")),
        ),
        grants=tuple(dict.fromkeys(cell.grant(part) for part in cell.many(get("consent")))),
    )


def _name(line: Line) -> str:
    """In one column, or in two: then `name` is often the first of them."""
    whole, given, family = (line.cells.get(one, "").strip() for one in ("name", "given_name", "family_name"))
    if whole and family.casefold() in whole.casefold():
        return whole
    return " ".join(filter(None, (whole or given, family)))


def _nobody() -> str:
    raise BadCell(Sentence("The row has neither a name nor an address. Fill in a name, an email or a phone"))


async def bring(session: AsyncSession, lines: Sequence[Line], terms: Terms, *, now: datetime) -> list[Result]:
    """These rows, within the caller's transaction: what became of each. Of a rejected one nothing stays."""
    return [await _brought(session, line, terms, now) for line in lines]


async def _brought(session: AsyncSession, line: Line, terms: Terms, now: datetime) -> Result:
    try:
        row = understand(line, country=terms.country, language=terms.language)
        async with session.begin_nested():
            return await write(session, line, row, terms, now=now)
    except ValueError as e:
        return Result(line, Outcome.REJECTED, sentences.of(e) or Sentence(str(e)))


async def write(session: AsyncSession, line: Line, row: Row, terms: Terms, *, now: datetime) -> Result:
    """Write one understood row, within the caller's transaction."""
    owners = await _owners(session, row.customer)
    if len(owners) > 1:
        return Result(line, Outcome.REJECTED, Sentence(_SEVERAL, {"many": len(owners)}))
    if not owners:
        customer = await directory.create(session, row.customer, now=now)
        await _record_grants(session, customer.id, line, row, terms, now)
        return Result(line, Outcome.ADDED, customer_id=customer.id)
    return await _known(session, line, row, owners[0], terms, now=now)


_SEVERAL = Sentence("Its addresses belong to %(many)s different customers. Merge them first, or divide the row").words


async def _known(
    session: AsyncSession, line: Line, row: Row, owner: Customer, terms: Terms, *, now: datetime
) -> Result:
    if terms.policy is Duplicates.REJECT:
        return Result(line, Outcome.REJECTED, Sentence("Known already as %(name)s", {"name": owner.name}))
    known = Sentence("This is %(name)s", {"name": owner.name})  # as they were called before
    changed = terms.policy is Duplicates.UPDATE and await _update(session, line, row, owner, terms, now)
    return Result(line, Outcome.CHANGED if changed else Outcome.KNOWN, known, owner.id)


async def _update(session: AsyncSession, line: Line, row: Row, owner: Customer, terms: Terms, now: datetime) -> bool:
    """Whether the row brought anything."""
    changes = _changes(line, row.customer, owner)
    fresh = any(getattr(owner, name) != value for name, value in checked(changes).items())
    if fresh:
        await directory.change(session, owner.id, changes, now=now)
    for kind, values in ((AddressKind.EMAIL, row.customer.emails), (AddressKind.PHONE, row.customer.phones)):
        for value in values:
            if await directory.find(session, kind, value) is None:
                await identities.add(session, owner.id, kind, value, now=now)
                fresh = True
    return await _record_grants(session, owner.id, line, row, terms, now) or fresh


def _changes(line: Line, new: directory.NewCustomer, owner: Customer) -> dict[str, object]:
    """The fields a row brings: an empty cell empties nothing, labels and attributes come to those there are. Whom the
    company's own list names is no stranger any more.
    """
    brought = {name.partition(".")[0] for name, text in line.cells.items() if text.strip()}
    values: dict[str, object] = {
        **{name: getattr(new, name) for name in _SINGLE},
        "labels": [*owner.labels, *new.labels],
        "attributes": {**owner.attributes, **new.attributes},
    }
    named = {"name"} if "family_name" in brought else set()
    return {name: value for name, value in values.items() if name in brought | named} | {"provisional": False}


async def _owners(session: AsyncSession, new: directory.NewCustomer) -> list[Customer]:
    found: dict[UUID, Customer] = {}
    keys = [(AddressKind.EMAIL, v) for v in new.emails] + [(AddressKind.PHONE, v) for v in new.phones]
    for kind, value in keys:
        if owner := await directory.find(session, kind, value):
            found[owner.id] = owner
    if new.external_id and (owner := await directory.find_external(session, new.external_id)):
        found[owner.id] = owner
    return list(found.values())


async def _record_grants(
    session: AsyncSession, customer_id: UUID, line: Line, row: Row, terms: Terms, now: datetime
) -> bool:
    """Write the row's consents, except where the customer has said no (G3) or has said yes already. Whether any was."""
    ledger = await consent.ledger(session, customer_id) if row.grants else []
    new = [(purpose, open_) for purpose, kind in row.grants for open_ in consent.unsaid(ledger, purpose, kind)]
    for purpose, kind in new:
        statement = consent.Statement(
            customer_id,
            purpose,
            kind,
            True,
            source=terms.source,
            wording=terms.wording or wordings.plain(purpose, kind, granted=True),
            wording_version=wordings.version("import"),
            evidence=f"{terms.file}, line {line.number}" if terms.file else "",
            staff_id=terms.staff_id,
        )
        await consent.record(session, statement, now=now)
    return bool(new)
