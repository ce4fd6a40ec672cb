"""Files that were uploaded at the desk: those that name an erased person go, and those under way are waited for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import sheets
from hub.models.vocabulary import AddressKind
from hub.personal.theirs import Person
from hub.storage import Storage, StorageError

_DIGITS = 8  # of a number, from its end: sheets write what is before them in many ways


@dataclass(frozen=True, slots=True)
class Upload:
    """A file whose import has not begun or is not done, and what was said of it."""

    id: UUID
    digest: str
    told: str


@dataclass(frozen=True, slots=True)
class Signs:
    """By what somebody is recognised in a sheet: addresses in lower case, and keys of another system."""

    mails: tuple[str, ...]
    phones: tuple[re.Pattern[str], ...]
    keys: frozenset[str]


async def signs(session: AsyncSession, whose: Person) -> Signs:
    own = [(one.kind, one.value) for one in whose.addresses if one.value in whose.spelled]
    return Signs(
        tuple(value.lower() for kind, value in own if kind is AddressKind.EMAIL),
        tuple(_pattern(value) for kind, value in own if kind is AddressKind.PHONE),
        frozenset((await session.execute(_KEYS, whose.values)).scalars()),
    )


async def open_ones(session: AsyncSession) -> list[Upload]:
    return [Upload(*row) for row in await session.execute(_OPEN)]


async def naming(storage: Storage, files: Collection[Upload], signs: Signs) -> list[UUID]:
    """Which of these files name them. One that is not there any more names nobody."""
    found = []
    for one in files:
        try:
            content = await storage.get(one.digest)
        except StorageError:
            continue
        if await asyncio.to_thread(_names, one.told, content, signs):
            found.append(one.id)
    return found


async def forget(session: AsyncSession, ids: Collection[UUID]) -> list[str]:
    """Those that have not begun were never here; their digests."""
    return list((await session.execute(_FORGET, {"ids": list(ids)})).scalars())


async def under_way(session: AsyncSession, ids: Collection[UUID]) -> int:
    """How many of them are being written: what they write of a person must be there to be erased."""
    return int((await session.execute(_UNDER_WAY, {"ids": list(ids)})).scalar_one())


def _names(told: str, content: bytes, signs: Signs) -> bool:
    sheet = sheets.decode(content)
    said = f"{told}\n{sheet}".lower()
    if any(mail in said for mail in signs.mails) or any(phone.search(said) for phone in signs.phones):
        return True
    return bool(signs.keys) and any(cell.strip().removeprefix("'") in signs.keys for cell in _cells(sheet))


def _cells(sheet: str) -> Iterator[str]:
    header = sheets.names(sheet)
    yield from header
    for line in sheets.read_by(sheet, [""] * len(header)):
        yield from line.original


def _pattern(phone: str) -> re.Pattern[str]:
    return re.compile(r"[\s().\-/]*".join(re.sub(r"\D", "", phone)[-_DIGITS:]))


_KEYS = text("""
select external_id from customer where id = any(cast(:them as uuid[])) and external_id <> ''
union select loser ->> 'external_id' from customer_merge
  where loser_id = any(cast(:them as uuid[])) and loser ->> 'external_id' <> ''
""")
_OPEN = text("""
select id, sha256, concat_ws(' ', name, source, wording, new_list) from file_import where done_at is null order by id
""")
_THESE = "from file_import where id = any(cast(:ids as uuid[]))"
_FORGET = text(f"delete {_THESE} and begun_at is null returning sha256")
_UNDER_WAY = text(f"select count(*) {_THESE} and begun_at is not null and done_at is null")
