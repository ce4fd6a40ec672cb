"""The list of customers, page by page and by words. Selects columns, never entities."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession


@dataclass(frozen=True, slots=True)
class CustomerLine:
    id: UUID
    name: str
    language: str
    country: str | None
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    last_at: datetime | None  # of the latest word in or out
    provisional: bool
    vip: bool

    @property
    def cursor(self) -> str:
        """What to pass as `after` for the page that begins behind this line."""
        return base64.urlsafe_b64encode(json.dumps([self.name.lower(), str(self.id)]).encode()).decode()


_LINES = """
select c.id, c.name, c.language, c.country, c.provisional, c.vip,
  array(select i.value from identity i where i.customer_id = c.id and i.kind = 'email'
        order by i.preferred desc, i.id) as emails,
  array(select i.value from identity i where i.customer_id = c.id and i.kind = 'phone'
        order by i.preferred desc, i.id) as phones,
  (select n.at from interaction n where n.customer_id = c.id order by n.id desc limit 1) as last_at
from customer c
where (lower(c.name), c.id) > (:name, cast(:id as uuid))
  and (:words = ''
    or c.name ilike :pattern
    or c.external_id = :words
    or exists (select 1 from identity i where i.customer_id = c.id and i.value ilike :pattern)
    or (:digits <> '' and exists (
      select 1 from identity i where i.customer_id = c.id and i.kind = 'phone' and i.value like '%' || :digits || '%')))
order by lower(c.name), c.id
limit :limit
"""


async def listing(
    session: AsyncSession, *, query: str = "", after: str | None = None, limit: int = 50
) -> list[CustomerLine]:
    """By name. `query` finds a part of a name, of an address, digits of a number, or a whole external id.

    `after` is the `cursor` of the last line of the page before; one that is no cursor begins at the start.
    """
    words = query.replace("\0", "").strip()[:200]
    name, last = _position(after)
    found = await session.execute(
        text(_LINES),
        {
            "words": words,
            "pattern": f"%{_literal(words)}%",
            "digits": _digits(words),
            "name": name,
            "id": last,
            "limit": limit,
        },
    )
    return [
        CustomerLine(**{**row, "emails": tuple(row["emails"]), "phones": tuple(row["phones"])})
        for row in found.mappings()
    ]


def _literal(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


def _digits(words: str) -> str:
    """The digits of what looks like a number as people write it, else nothing."""
    digits = "".join(c for c in words if c in "0123456789")
    return digits if len(digits) >= 4 and not words.strip("+-() 0123456789") else ""


def _position(after: str | None) -> tuple[str, UUID]:
    try:
        name, last = json.loads(base64.urlsafe_b64decode(after or ""))
        return str(name), UUID(last)
    except (ValueError, TypeError, AttributeError, binascii.Error):
        return "", UUID(int=0)
