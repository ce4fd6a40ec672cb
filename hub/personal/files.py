"""Files that were an erased person's: gone from the storage, but for those that somebody else's words hold as well."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.storage import Storage

BATCH = 200


async def nobodys(session: AsyncSession, digests: Sequence[str]) -> list[str]:
    """Those that no row names any more."""
    return list((await session.execute(_NOBODYS, {"digests": list(digests)})).scalars())


async def delete(storage: Storage, digests: Sequence[str]) -> None:
    """One that is gone already is no error: this may be done again."""
    for one in digests:
        await storage.delete(one)


_NOBODYS = text("""
select d from unnest(cast(:digests as text[])) d
where not exists (select from attachment a where a.sha256 = d)
  and not exists (select from raw_message r where r.sha256 = d)
  and not exists (select from mail_picture p where p.sha256 = d)
  and not exists (select from draft t where position(d in t.typed::text) > 0)
  and not exists (select from personal_export e where position(d in e.parts::text) > 0)
  and not exists (select from held_reply t where position(d in t.typed::text) > 0)
""")
