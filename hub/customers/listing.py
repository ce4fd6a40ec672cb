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


_IDS = """
select c.id from customer c
where (lower(c.name), c.id) > (:name, cast(:id as uuid)) and {condition}
order by lower(c.name), c.id
limit :limit
"""
_LINES = """
select c.id, c.name, c.language, c.country, c.provisional, c.vip,
  array(select i.value from identity i where i.customer_id = c.id and i.kind = 'email'
        order by i.preferred desc, i.id) as emails,
  array(select i.value from identity i where i.customer_id = c.id and i.kind = 'phone'
        order by i.preferred desc, i.id) as phones,
  (select n.at from interaction n where n.customer_id = c.id order by n.id desc limit 1) as last_at
from customer c where c.id = any(cast(:ids as uuid[])) order by lower(c.name), c.id
"""
# Each way of finding somebody has its own index; one condition of them all would have none.
_NAMED = """
  select id from customer where {names}
  union all select customer_id from identity where value ilike :whole
  union all select customer_id from identity where kind = 'phone' and value like :number
  union all select id from customer where external_id = :given
"""
# The same of each customer alone, where there are a few thousand: guests of an event.
_AMONG = """({names} or c.external_id = :given or exists (select from identity i where i.customer_id = c.id
  and (i.value ilike :whole or i.kind = 'phone' and i.value like :number)))"""
# Of fewer letters no index knows anything: so many names have them that the first ones are soon found in their order.
_SHORTEST = 3
_SHORT = "({names} or c.external_id = :given)"


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
    ids = await found(session, words, without=without, labels=labels, after=after, limit=limit)
    return await lines(session, ids) if ids else []


async def found(
    session: AsyncSession,
    words: Sequence[str],
    *,
    without: Sequence[str] = (),
    labels: Sequence[str] = (),
    after: str | None = None,
    limit: int = 50,
) -> list[UUID]:
    """Who they are, in the same order."""
    name, last = _position(after)
    named, values = condition(words) if words else ("true", {})
    parts = [named]
    for number, word in enumerate(without):
        parts.append(f"strpos(c.latin, latin_words(:not{number})) = 0")
        values[f"not{number}"] = word
    if labels:
        parts.append("c.labels @> cast(:labels as varchar[])")
        values["labels"] = list(labels)
    statement = text(_IDS.format(condition=" and ".join(parts)))
    rows = await session.execute(statement, {**values, "name": name, "id": last, "limit": limit})
    return list(rows.scalars())


async def lines(session: AsyncSession, ids: Sequence[UUID]) -> list[CustomerLine]:
    """These customers by name."""
    rows = (await session.execute(text(_LINES), {"ids": list(ids)})).mappings()
    return [CustomerLine(**{**row, "emails": tuple(row["emails"]), "phones": tuple(row["phones"])}) for row in rows]


_JOINING = str.maketrans("@./-_", "     ")  # as `latin_words` has it


def condition(words: Sequence[str]) -> tuple[str, dict[str, object]]:
    """On customer `c`: all the words are in the name, or all together in an address, a number or the external id.

    One or two letters are looked for in names alone.
    """
    if _is_short(words):
        return _shortly(words)
    ways, values = _ways(words)
    return f"c.id = any(array({ways}))", values


def among(words: Sequence[str]) -> tuple[str, dict[str, object]]:
    """The same on a `c` that is one of a few thousand: no index is asked, and one or two letters are enough."""
    names, values = _names(words, "c.latin")
    return _AMONG.format(names=names), values | _told(words)


async def anybody(session: AsyncSession, words: Sequence[str], *, most: int) -> list[UUID]:
    """So many of those for whom `condition` holds, in no order."""
    named, values = _shortly(words) if _is_short(words) else _ways(words)
    source = f"customer c where {named}" if _is_short(words) else f"({named}) found"
    rows = await session.execute(text(f"select id from {source} limit :most"), {**values, "most": most})  # noqa: S608
    return list(dict.fromkeys(rows.scalars()))


def _is_short(words: Sequence[str]) -> bool:
    return max(map(len, _apart(words)), default=0) < _SHORTEST


def _apart(words: Sequence[str]) -> list[str]:
    return [word for word in (" ".join(word.translate(_JOINING).split()) for word in words) if word]


def _shortly(words: Sequence[str]) -> tuple[str, dict[str, object]]:
    names, values = _names(words, "c.latin")
    return _SHORT.format(names=names), values


def _ways(words: Sequence[str]) -> tuple[str, dict[str, object]]:
    names, values = _names(words, "latin")
    return _NAMED.format(names=names), values | _told(words)


def _told(words: Sequence[str]) -> dict[str, object]:
    """What an address and a number are like."""
    whole = " ".join(words)
    digits = _digits(whole)
    return {"whole": f"%{_literal(whole)}%", "number": f"%{digits}%" if digits else ""}


def _names(words: Sequence[str], column: str) -> tuple[str, dict[str, object]]:
    apart = _apart(words)
    names = [f"{column} like '%' || latin_words(:word{number}) || '%'" for number in range(len(apart))] or ["false"]
    values: dict[str, object] = {f"word{number}": _literal(word) for number, word in enumerate(apart)}
    return " and ".join(names), values | {"given": " ".join(words)}


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
