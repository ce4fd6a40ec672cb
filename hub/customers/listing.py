"""The list of customers, page by page and by words. Selects columns, never entities."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
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
where (lower(c.name), c.id) > (:name, cast(:id as uuid)) and {condition}
order by lower(c.name), c.id
limit :limit
"""
# Each way of finding somebody has its own index; one condition of them all would have none.
_NAMED = """
c.id in (
  select id from customer where {names}
  union all select customer_id from identity where value ilike :whole
  union all select customer_id from identity where kind = 'phone' and value like :number
  union all select id from customer where external_id = :given)
"""


async def listing(
    session: AsyncSession, *, query: str = "", after: str | None = None, limit: int = 50
) -> list[CustomerLine]:
    """By name. `query` finds parts of a name however it is spelt, a part of an address, digits of a number, or a whole
    external id. `after` is the `cursor` of the last line of the page before; one that is none begins at the start.
    """
    words = " ".join(query.replace("\0", "").split())[:200]
    return await searched(session, words.split(" ") if words else (), after=after, limit=limit)


async def searched(
    session: AsyncSession,
    words: Sequence[str],
    *,
    without: Sequence[str] = (),
    labels: Sequence[str] = (),
    after: str | None = None,
    limit: int = 50,
) -> list[CustomerLine]:
    """The same with each word or phrase apart, words that no name may have, and labels that are all there."""
    name, last = _position(after)
    named, values = condition(words) if words else ("true", {})
    parts = [named]
    for number, word in enumerate(without):
        parts.append(f"strpos(c.latin, latin_words(:not{number})) = 0")
        values[f"not{number}"] = word
    if labels:
        parts.append("c.labels @> cast(:labels as varchar[])")
        values["labels"] = list(labels)
    statement = text(_LINES.format(condition=" and ".join(parts)))
    found = await session.execute(statement, {**values, "name": name, "id": last, "limit": limit})
    return [
        CustomerLine(**{**row, "emails": tuple(row["emails"]), "phones": tuple(row["phones"])})
        for row in found.mappings()
    ]


_JOINING = str.maketrans("@./-_", "     ")  # as `latin_words` has it


def condition(words: Sequence[str]) -> tuple[str, dict[str, object]]:
    """On customer `c`: all the words are in the name, or all together in an address, a number or the external id."""
    whole = " ".join(words)
    apart = [word for word in (" ".join(word.translate(_JOINING).split()) for word in words) if word]
    names = [f"latin like '%' || latin_words(:word{number}) || '%'" for number in range(len(apart))] or ["false"]
    values: dict[str, object] = {f"word{number}": _literal(word) for number, word in enumerate(apart)}
    digits = _digits(whole)
    values |= {"whole": f"%{_literal(whole)}%", "given": whole, "number": f"%{digits}%" if digits else ""}
    return _NAMED.format(names=" and ".join(names)), values


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
