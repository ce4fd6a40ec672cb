"""The gate's yes to a campaign's mails that are about to leave, in one statement for hundreds of them.

`permission.decide` is the truth; a property test holds this against it. Whoever gets no plain yes here is left to
`preparing`, which says why, or from when on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, cast
from uuid import UUID

from hub.clock import first_uuid7
from hub.database.engine import Database
from hub.models.vocabulary import Kind, Purpose, State
from hub.outbound import hours
from hub.outbound.facts import COMPLAINT, NEVER_LEFT, WEEK
from hub.outbound.outbox import Ticket
from hub.outbound.question import Rules
from hub.outbound.quiet_hours import is_zone

_AHEAD = timedelta(days=1)  # no message in the log is younger than this: later months need not be looked at

# Values: $1 to $3 tickets, fences, messages; $4 their state; $5 now; $6, $7 the week; $8 purposes that need consent;
# $9 labels that keep them away; $10 since when nobody may have waited; $11 marketing a week; $12, $13 caps of purposes;
# $14 states of what never left; $15 the rank from which a message is leaving.

# As `consent.standing` and `verdicts` have it: the latest row's number, doubled, and 1 for a yes.
_AGREED = """
  coalesce((
    select case when w is null or n is null then coalesce(n, w)
      when w % 2 = 1 or (n % 2 = 1 and n > w) then n else w end % 2 = 1
    from (select max(g.id * 2 + g.granted::int) filter (where g.topic = '') as w,
        max(g.id * 2 + g.granted::int) filter (where g.topic <> '') as n
      from consent g where g.customer_id = u.id and g.topic in ('', c.topic)
        and (g.purpose is null or g.purpose = i.purpose) and (g.channel is null or g.channel = 'email')) said),
    i.purpose <> all($8::text[]))"""

# What `permission` asks about the person where consent is needed: no complaint, no pause, nobody who waits.
_TACTFUL = """
  (i.purpose <> all($8::text[]) or (a.state <> 'complained' and not u.labels && $9::varchar[]
    and coalesce(u.dissatisfied_until <= $5, true)
    and not ((u.paused_from is not null or u.paused_until is not null)
      and coalesce(u.paused_from <= $5, true) and coalesce(u.paused_until > $5, true))
    and not exists (select from conversation v
      where v.customer_id = u.id and v.state <> 'resolved' and (v.flag = 'complaint' or (i.purpose = 'marketing'
        and (v.due_at <= $5 or (v.due_at is null and v.state = 'open' and v.last_inbound_at <= $10)))))))"""

# As `question.earlier` counts: what was written before it and what is leaving; of those that leave, the first go on.
_SELDOM = """
  (i.purpose = 'service' or (
    select (i.purpose <> 'marketing' or count(*) filter (where j.purpose = 'marketing') < $11)
      and coalesce(count(*) filter (where j.purpose = i.purpose and j.kind = 'email')
        < ($13::int[])[array_position($12::text[], i.purpose::text)], true)
    from interaction j
    where j.customer_id = u.id and j.id >= $6 and j.id < $7 and j.direction = 'out' and j.kind is not null
      and j.state <> all($14::text[]) and case when i.state = 'queued' then j.id < i.id or j.state_rank >= $15
        else j.id < i.id and j.state_rank >= $15 end))"""

_CLEARED = f"""
select t.ticket, i.id, i.purpose, i.recipient, i.template_version_id, i.variables, i.language,
  c.tracked and not u.untracked, i.xmin::text,
  u.id, u.name, u.given_name, u.language, u.attributes, u.timezone, u.quiet_from, u.quiet_until,
  case when u.timezone is null then array(
    select n.value from identity n where n.customer_id = u.id and n.kind = 'phone' order by n.id) else '{{}}' end
from unnest($1::bigint[], $2::int[], $3::uuid[]) as t(ticket, fence, id)
join outbox o on o.id = t.ticket and o.fence = t.fence and o.expires_at is null
join interaction i on i.id = t.id
join campaign c on c.id = i.campaign_id and c.state not in ('paused', 'cancelled') and c.per_hour is null
join customer u on u.id = i.customer_id and not u.deceased and not u.do_not_contact
join identity a on a.kind = 'email' and a.value = i.recipient and a.customer_id = u.id and a.state <> 'dead'
where i.id = any($3::uuid[]) and i.state = $4 and i.kind = 'email' and i.origin = 'campaign'
  and i.in_reply_to = '' and i.template_version_id is not null
  and not exists (select from attachment f where f.interaction_id = i.id)
  and not exists (select from suppression s
    where s.kind = 'email' and s.value = i.recipient and (s.purpose is null or s.purpose = i.purpose))
  and not exists (select from channel_preference p
    where p.customer_id = u.id and p.purpose = i.purpose and 'email' <> all(p.channels))
  and {_AGREED}
  and {_TACTFUL}
  and {_SELDOM}
"""  # noqa: S608 - our own words above; values are bound


class Person(NamedTuple):
    """Whom it is for, see `planning.Addressee`."""

    id: UUID
    name: str
    given_name: str
    language: str
    attributes: Mapping[str, Any]


class Cleared(NamedTuple):
    """A mail that may leave now, and what its words are made of."""

    ticket: int
    id: UUID
    purpose: Purpose
    recipient: str
    version: int
    variables: Mapping[str, Any]
    language: str  # empty: its words were left until now, see `bulk`
    tracked: bool
    seen: str  # which state of the log's row all this is about
    person: Person


async def ask(
    database: Database, tickets: Sequence[Ticket], rules: Rules, *, now: datetime, state: State = State.QUEUED
) -> list[Cleared]:
    """Those of these tickets, held by us, that are for a campaign's mails in this state and may go by all we know."""
    held = ([t.id for t in tickets], [t.fence for t in tickets], [t.interaction_id for t in tickets])
    rows = await database.alone(_CLEARED, *held, state.value, *_values(rules, now))
    return list(_awake(rows, rules, now))


def _values(rules: Rules, now: datetime) -> tuple[object, ...]:
    caps = {purpose.value: most for (kind, purpose), most in rules.caps.items() if kind is Kind.EMAIL}
    return (
        *(now, first_uuid7(now - WEEK), first_uuid7(now + _AHEAD)),
        [purpose.value for purpose in Purpose if purpose.needs_consent],
        [COMPLAINT, *sorted(rules.unhappy_labels)],
        now - rules.overdue if rules.overdue is not None else None,
        *(rules.marketing_per_week, list(caps), list(caps.values())),
        *([state.value for state in NEVER_LEFT], State.SENDING.rank),
    )


def _awake(rows: Sequence[Any], rules: Rules, now: datetime) -> Iterator[Cleared]:
    """Those for whom no quiet hours are now: reckoned once for all with the same zone and hours."""
    is_open: dict[tuple[object, ...], bool] = {}
    for row in rows:
        purpose, (zone, start, end, numbers) = Purpose(row[2]), row[14:]
        sort = (purpose, zone, start, end, *numbers)
        if sort not in is_open:
            somebody = hours.somebody(timezone=zone, quiet_from=start, quiet_until=end)
            is_open[sort] = _is_known(zone) and hours.opens(somebody, numbers, purpose, rules, now) is None
        if is_open[sort]:
            yield _cleared(row, purpose)


@lru_cache(maxsize=256)
def _variables(text: str) -> Mapping[str, Any]:
    """A campaign's are the same for all who get it."""
    return cast("Mapping[str, Any]", json.loads(text))


def _is_known(zone: str | None) -> bool:
    """No for a name of none: then it hangs on telephone numbers that were not asked for."""
    return zone is None or is_zone(zone)


def _cleared(row: Any, purpose: Purpose) -> Cleared:
    ticket, id_, _, to, version, variables, language, tracked, seen = row[:9]
    person = Person(row[9], row[10], row[11], row[12], json.loads(row[13]))
    used = _variables(variables) if variables else {}
    return Cleared(ticket, id_, purpose, to, version, used, language, tracked, seen, person)
