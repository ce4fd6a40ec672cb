"""The gate's yes to a campaign's mails that are about to leave, in one statement for hundreds of them.

`permission.decide` is the truth; a property test holds this against it. Whoever gets no plain yes here is left to
`preparing`, which says why, or from when on.
"""
# ruff: noqa: S608 - our own words and the closed words of our enums; values are bound

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast
from uuid import UUID

from hub.clock import first_uuid7
from hub.database.engine import Database
from hub.models.vocabulary import Kind, Purpose, State
from hub.outbound import clauses, hours
from hub.outbound.clauses import AHEAD, Terms
from hub.outbound.outbox import Ticket
from hub.outbound.question import NEVER_LEFT, WEEK, Rules
from hub.outbound.quiet_hours import is_zone

# Values: $1 to $3 tickets, fences, messages; $4 their state; $5 now; $6, $7 the week; $8 purposes that need consent;
# $9 labels that keep them away; $10 since when nobody may have waited; $11 marketing a week; $12, $13 caps of purposes;
# $14 states of what never left; $15 the rank from which a message is leaving.

_NEEDS_CONSENT = "i.purpose = any($8::text[])"
_TERMS = Terms(
    customer="u",
    needs_consent=_NEEDS_CONSENT,
    promotes=f"i.purpose = '{Purpose.MARKETING.value}'",
    complaining=clauses.complains("troubled.complaining", "u"),
    promised="troubled.promised",
    waiting="troubled.waiting",
    had="recent.marketing",
    now="$5",
    unhappy="$9::varchar[]",
    overdue="$10",
    per_week="$11",
)

_SAID = f"""
  select {clauses.standing("whole", "narrow")} as mail
  from (select {clauses.said("g", Kind.EMAIL, "g.topic = ''")} as whole,
      {clauses.said("g", Kind.EMAIL, "g.topic <> ''")} as narrow
    from consent g
    where g.customer_id = u.id and g.topic in ('', c.topic) and {clauses.speaks("g", purpose="i.purpose")}) g"""

_TROUBLED = f"""
  select {clauses.troubles("v")} from conversation v
  where {_NEEDS_CONSENT} and v.customer_id = u.id and {clauses.unsettled("v")}"""

# As `question.earlier` counts: what was written before it and what is leaving; of those that leave, the first go on.
_RECENT = f"""
  select count(*) filter (where j.purpose = '{Purpose.MARKETING.value}') as marketing,
    count(*) filter (where j.purpose = i.purpose and j.kind = '{Kind.EMAIL.value}') as mails
  from interaction j
  where i.purpose <> '{Purpose.SERVICE.value}' and j.customer_id = u.id
    and {clauses.counted("j", week="$6", never_left="$14::text[]")} and j.id < $7
    and case when i.state = '{State.QUEUED.value}' then j.id < i.id or j.state_rank >= $15
      else j.id < i.id and j.state_rank >= $15 end"""

_REFUSED = " or ".join(
    f"({one})"
    for one in (
        *clauses.refusals(_TERMS).values(),
        clauses.opted_out("said.mail"),
        clauses.not_asked("said.mail", _NEEDS_CONSENT),
        clauses.dead("a"),
        clauses.complained("a", _NEEDS_CONSENT),
        clauses.capped("recent.mails", "($13::int[])[array_position($12::text[], i.purpose::text)]"),
    )
)

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
join customer u on u.id = i.customer_id
join identity a on a.kind = 'email' and a.value = i.recipient and a.customer_id = u.id
cross join lateral ({_SAID}) said
cross join lateral ({_TROUBLED}) troubled
cross join lateral ({_RECENT}) recent
where i.id = any($3::uuid[]) and i.state = $4 and i.kind = 'email' and i.origin = 'campaign'
  and i.in_reply_to = '' and i.template_version_id is not null
  and not exists (select from attachment f where f.interaction_id = i.id)
  and not exists (select from suppression s
    where {clauses.suppresses("s", Kind.EMAIL, value="i.recipient", purpose="i.purpose")})
  and not exists (select from channel_preference p
    where p.customer_id = u.id and p.purpose = i.purpose and 'email' <> all(p.channels))
  and ({_REFUSED}) is not true
"""


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
        *(now, first_uuid7(now - WEEK), first_uuid7(now + AHEAD)),
        [purpose.value for purpose in Purpose if purpose.needs_consent],
        sorted(rules.unhappy_labels),
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
