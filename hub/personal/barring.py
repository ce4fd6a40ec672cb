"""What is kept so that an erased person is not written to again: salted hashes of their addresses, and nothing else."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import identities
from hub.personal.theirs import Person


async def bar(session: AsyncSession, whose: Person, *, now: datetime) -> int:
    """Hash each address with what was on the suppression list for it, and take it off that list; how many.

    Whoever comes back under one of them begins with a no to everything that is no answer: see 0013_personal_data.
    """
    values = {**whose.values, "now": now, "hidden": identities.HIDDEN}
    barred = (await session.execute(_BAR, values)).rowcount  # type: ignore[attr-defined]
    await session.execute(_OFF_THE_LIST, values)
    return int(barred)


_BAR = text("""
insert into erased_address (kind, hash, at, barred)
select i.kind, address_hash(i.value), :now, coalesce((
  select jsonb_agg(jsonb_build_object('kind', s.kind, 'purpose', s.purpose, 'reason', s.reason, 'at', s.at))
  from suppression s
  where s.value = i.value and (s.kind = 'email') = (i.kind = 'email')), '[]') || case
    when not c.do_not_contact then '[]'::jsonb
    else (select jsonb_agg(jsonb_build_object('kind', k, 'purpose', null, 'reason', 'do_not_contact',
      'at', cast(:now as timestamptz)))
      from unnest(case i.kind when 'email' then array['email'] else array['sms', 'voice'] end) k) end
from identity i join customer c on c.id = i.customer_id
where i.customer_id = any(cast(:them as uuid[])) and i.value <> :hidden
on conflict (kind, hash) do update set barred = excluded.barred, at = excluded.at
""")
_OFF_THE_LIST = text("""
delete from suppression s using identity i
where i.customer_id = any(cast(:them as uuid[])) and s.value = i.value and (s.kind = 'email') = (i.kind = 'email')
""")
