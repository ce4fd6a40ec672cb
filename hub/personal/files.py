"""Files that were an erased person's: gone from the storage, but for those that somebody else's words hold as well."""
# ruff: noqa: S608 - our own tables' names; values are bound

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.database.engine import Database
from hub.models import METADATA
from hub.storage import Storage

BATCH = 200


async def nobodys(session: AsyncSession, digests: Sequence[str]) -> list[str]:
    """Those that no row names any more."""
    return list((await session.execute(_NOBODYS, {"digests": list(digests)})).scalars())


async def delete(storage: Storage, digests: Sequence[str]) -> None:
    """One that is gone already is no error: this may be done again."""
    for one in digests:
        await storage.delete(one)


async def let_go(session: AsyncSession, digests: Sequence[str]) -> None:
    """Files whose rows go in this transaction: written down, so that a crash forgets none. `sweep` deletes them."""
    await session.execute(_LET_GO, {"digests": [one for one in digests if one]})


async def sweep(database: Database, storage: Storage) -> int:
    """Delete what was let go, but for what another row names; how many went. Done again after a crash."""
    total = 0
    while True:
        async with database.unit() as session:
            some = list((await session.execute(_GOING, {"limit": BATCH})).scalars())
            going = await nobodys(session, some)
        await delete(storage, going)
        async with database.unit() as session:
            await session.execute(_GONE, {"digests": some})
        total += len(going)
        if not some:
            return total


_LET_GO = text("insert into going_file select unnest(cast(:digests as text[])) on conflict do nothing")
_GOING = text("select digest from going_file order by digest limit :limit")
_GONE = text("delete from going_file where digest = any(cast(:digests as text[]))")
# Every table that names a file in a column, and those that do so in JSON.
_NAMED = [table.name for table in METADATA.sorted_tables if "sha256" in table.columns]
_TOLD = {"draft": "typed", "held_reply": "typed", "personal_export": "parts", "letter": "files"}
_UNNAMED = [
    *(f"not exists (select from {table} t where t.sha256 = d)" for table in _NAMED),
    *(f"not exists (select from {table} t where position(d in t.{said}::text) > 0)" for table, said in _TOLD.items()),
]
_NOBODYS = text(f"select d from unnest(cast(:digests as text[])) d where {' and '.join(_UNNAMED)}")
