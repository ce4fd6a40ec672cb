"""Customers as CSV, safe to open in a spreadsheet, in the columns that the import reads."""

from __future__ import annotations

import csv
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from io import StringIO
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers.sheets import FIELDS
from hub.database import paging
from hub.database.engine import Database
from hub.models import Customer, Identity
from hub.models.vocabulary import AddressKind

HEADER = tuple(name for name in FIELDS if name not in ("consent", "family_name"))
# At the beginning of a cell; and after what parts cells where a comma is the decimal point, or ends a line.
# The wide signs come from Japanese and Chinese keyboards: spreadsheets made for these take them for the narrow ones.
_FORMULA = re.compile(r"(?:\A|(?<=[;\t\r\n]))(?=[=+\-@＝＋－＠\t\r])")


async def pages(database: Database, *, size: int = 1000) -> AsyncIterator[list[tuple[str, ...]]]:
    """Every customer as rows of cells, a page at a time, in order of their ids."""

    async def read(session: AsyncSession, after: UUID | None) -> list[tuple[UUID, tuple[str, ...]]]:
        query = select(Customer).order_by(col(Customer.id)).limit(size)
        query = query.where(col(Customer.id) > after) if after else query
        customers = list((await session.execute(query)).scalars())
        return list(zip([one.id for one in customers], await _rows(session, customers), strict=True))

    async for page in paging.pages(database, read, lambda last: last[0]):
        yield [cells for _, cells in page]


async def _rows(session: AsyncSession, customers: list[Customer]) -> list[tuple[str, ...]]:
    query = select(Identity).where(col(Identity.customer_id).in_([c.id for c in customers])).order_by(col(Identity.id))
    owned: dict[tuple[UUID, AddressKind], list[str]] = {}
    for identity in (await session.execute(query)).scalars():
        owned.setdefault((identity.customer_id, identity.kind), []).append(identity.value)
    return [
        _row(c, owned.get((c.id, AddressKind.EMAIL), []), owned.get((c.id, AddressKind.PHONE), [])) for c in customers
    ]


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """CSV lines (RFC 4180). Words that a spreadsheet would run as a formula get a leading apostrophe; numbers stay."""
    text = StringIO()
    csv.writer(text).writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def _harmless(cell: object) -> object:
    return _FORMULA.sub("'", cell) if isinstance(cell, str) else cell


def _row(c: Customer, emails: list[str], phones: list[str]) -> tuple[str, ...]:
    born = "" if c.birth_month is None else f"{c.birth_year or '-'}-{c.birth_month:02}-{c.birth_day:02}"
    return (
        c.name, c.given_name, "; ".join(emails), "; ".join(phones), c.language, c.timezone or "", c.country or "",
        c.culture or "", born,
        "; ".join(c.labels), c.external_id or "", "yes" if c.vip else "",
    )  # fmt: skip
