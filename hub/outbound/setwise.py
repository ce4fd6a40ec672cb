# ruff: noqa: S608 - the statements are made of the closed words of our own enums; values are bound
"""The gate for many customers in one statement: what `permission.decide` says of a campaign's message, as SQL.

`permission` is the truth; a property test holds this against it, traces included. Customers it cannot judge (`by_hand`)
are left out of its answer: they go through `permission` one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

from hub.clock import first_uuid7
from hub.models.vocabulary import AddressKind, Kind, Withheld
from hub.outbound.facts import COMPLAINT, NEVER_LEFT, WEEK
from hub.outbound.hours import Hours, Reach
from hub.outbound.permission import STOP, TELLING, Question, Rules, order

_NOBODY_RANKED = "-"
_AHEAD = timedelta(days=1)  # no message in the log is younger than this: later months need not be looked at

# What is wrong with a channel kind, in the order in which `permission` looks; 0: nothing.
_FAULTS = (
    Withheld.CHANNEL_UNWANTED,
    Withheld.NO_CHANNEL,
    Withheld.NO_TEXT,
    Withheld.OPTED_OUT,
    Withheld.NO_CONSENT,
    Withheld.NO_ADDRESS,
    Withheld.ADDRESS_DEAD,
    Withheld.COMPLAINED,
    Withheld.SUPPRESSED,
)


@dataclass(frozen=True, slots=True)
class Matter:
    """What is asked for all of them. `spoken`: the languages that have a text for a kind; None: every customer's has.

    `question.texts`, which hangs on each customer's language, is not looked at.
    """

    question: Question
    spoken: Mapping[Kind, frozenset[str] | None]
    rules: Rules


def decided(matter: Matter, reach: Reach, hours: Hours, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """Common table expressions that end in `decided`, and their values.

    `decided` has customer_id, language, kind, recipient, identity_id, reason (null: allowed), not_before and trace.
    """
    tables = [_WHO.format(source=reach.source), _ORDERS, _recent(matter), _COMPLAINING, _CONSENTS]
    tables += [_address(kind) for kind in Kind] + [_judged(), _weighed(), _timed(), _DECIDED]
    return "with " + ",\n".join(tables), _values(matter, reach, hours, now)


def question_for(matter: Matter, language: str) -> Question:
    """The same question about one customer, whose language this is, for `permission`."""
    spoken = {kind: matter.spoken.get(kind, frozenset()) for kind in Kind}
    texts = frozenset(kind for kind, languages in spoken.items() if languages is None or language in languages)
    return replace(matter.question, texts=texts)


_WHO = """
who as materialized (
  select c.id, c.language, c.timezone, c.deceased, c.do_not_contact, c.paused_from, c.paused_until, c.labels,
         coalesce(array_to_string(p.channels, ','), '-') as ranking
  from ({source}) r
  join customer c on c.id = r.customer_id and c.id > :low and c.id <= :high
  left join channel_preference p on p.customer_id = c.id and p.purpose = :purpose and p.customer_id > :low
   and p.customer_id <= :high
  where c.id <> all(cast(:by_hand as uuid[])))"""

# For every ranking there can be: each kind's place in the order, its line in the trace, and whether it is wanted.
_ORDERS = """
orders as materialized (
  select * from unnest(cast(:ranking as text[]),
    cast(:email_line as int[]), cast(:sms_line as int[]), cast(:voice_line as int[]),
    cast(:email_wanted as bool[]), cast(:sms_wanted as bool[]), cast(:voice_wanted as bool[]))
  as o(ranking, email_line, sms_line, voice_line, email_wanted, sms_wanted, voice_wanted))"""

_RECENT = """
recent as (
  select i.customer_id, count(*) as number from who
  join interaction i on i.customer_id = who.id and i.customer_id > :low and i.customer_id <= :high
  where i.id >= :week and i.id < :tomorrow and i.purpose = 'marketing' and i.direction = 'out'
    and i.state <> all(cast(:never_left as text[]))
  group by i.customer_id)"""

_COMPLAINING = """
complaining as (
  select distinct customer_id from conversation where flag = 'complaint' and state <> 'resolved'
    and customer_id > :low and customer_id <= :high)"""

# The latest row's number, doubled, and 1 for a yes: one maximum says both.
_CONSENTS = """
said as (
  select c.customer_id,
    max(c.id * 2 + c.granted::int) filter (where c.channel is null or c.channel = 'email') as email,
    max(c.id * 2 + c.granted::int) filter (where c.channel is null or c.channel = 'sms') as sms,
    max(c.id * 2 + c.granted::int) filter (where c.channel is null or c.channel = 'voice') as voice
  from who join consent c on c.customer_id = who.id and c.customer_id > :low and c.customer_id <= :high
  where c.purpose is null or c.purpose = :purpose
  group by c.customer_id)"""


def _recent(matter: Matter) -> str:
    return _RECENT if matter.question.purpose == "marketing" else _RECENT.replace("where", "where false and", 1)


def _address(kind: Kind) -> str:
    """Of each customer the first address that may be used; with none, the first there is."""
    k = kind.value
    return f"""
{k}_address as (
  select distinct on (i.customer_id) i.customer_id, i.id, i.value, i.state, s.reason as suppressed, s.at
  from who join identity i on i.customer_id = who.id and i.customer_id > :low and i.customer_id <= :high
  left join suppression s on s.kind = '{k}' and s.value = i.value and (s.purpose is null or s.purpose = :purpose)
  where i.kind = '{AddressKind.of(kind).value}' and :{k}_asked
  order by i.customer_id,
    (i.state = 'dead' or (i.state = 'complained' and :consent_needed) or s.id is not null),
    not i.preferred, i.state = 'soft', i.id, s.id)"""


def _judged() -> str:
    """Each kind's fault as a number, see `_FAULTS`."""
    faults = ", ".join(f"{_fault(kind)} as {kind.value}_fault" for kind in Kind)
    joins = " ".join(
        f"left join {kind.value}_address {kind.value} on {kind.value}.customer_id = who.id" for kind in Kind
    )
    columns = ", ".join(
        f"{k}.id as {k}_id, {k}.value as {k}_value, {k}.suppressed as {k}_suppressed, {k}.at as {k}_at, "
        f"said.{k} as {k}_said"
        for k in (kind.value for kind in Kind)
    )
    return f"""
judged as (
  select who.*, o.email_line, o.sms_line, o.voice_line, recent.number,
    (x.customer_id is not null or :complaint = any(who.labels)) as complaining, {columns}, {faults}
  from who join orders o on o.ranking = who.ranking
  left join recent on recent.customer_id = who.id
  left join complaining x on x.customer_id = who.id
  left join said on said.customer_id = who.id {joins})"""


def _fault(kind: Kind) -> str:
    k = kind.value
    return f"""
    case when o.{k}_line is null then null
      when not o.{k}_wanted then 1
      when not :{k}_available then 2
      when not (:{k}_spoken_by_all or who.language = any(cast(:{k}_spoken as text[]))) then 3
      when said.{k} % 2 = 0 then 4
      when said.{k} is null and :consent_needed then 5
      when {k}.id is null then 6
      when {k}.state = 'dead' then 7
      when {k}.state = 'complained' and :consent_needed then 8
      when {k}.suppressed = :stop then 4
      when {k}.suppressed is not null then 9
      else 0 end"""


def _weighed() -> str:
    """About the person first; then the first kind without a fault, or the most telling of the faults."""
    best = ", ".join(f"case when {k}_fault = 0 then {k}_line end" for k in (kind.value for kind in Kind))
    faults = ", ".join(f"{kind.value}_fault" for kind in Kind)
    lines = ", ".join(
        "case " + " ".join(f"when {k.value}_line = {n} then {_line(k)}" for k in Kind) + " end" for n in (1, 2, 3)
    )
    telling = " ".join(f"when {_FAULTS.index(one) + 1} in ({faults}) then '{one.value}'" for one in TELLING)
    return f"""
weighed as (
  select j.*, least({best}) as best, p.reason as refused, p.words,
    case {telling} else '{Withheld.NO_CHANNEL.value}' end as told,
    array_remove(array[{lines}], null) as lines
  from judged j cross join lateral (select {_PERSON}) p)"""


_PERSON = f"""
  case when deceased then '{Withheld.DECEASED.value}' when do_not_contact then '{Withheld.DO_NOT_CONTACT.value}'
    when :consent_needed and (paused_from is not null or paused_until is not null)
      and (paused_from is null or paused_from <= :now) and not coalesce(paused_until <= :now, false)
      then '{Withheld.PAUSED.value}'
    when :marketing and complaining then '{Withheld.COMPLAINT_OPEN.value}'
    when :marketing and coalesce(number, 0) >= :per_week then '{Withheld.FREQUENCY.value}' end as reason,
  case when deceased then 'the customer has died' when do_not_contact then 'the customer is not to be contacted'
    when :consent_needed and (paused_from is not null or paused_until is not null)
      and (paused_from is null or paused_from <= :now) and not coalesce(paused_until <= :now, false)
      then 'the customer wants a pause '
        || coalesce('until ' || to_char(paused_until at time zone 'utc', 'YYYY-MM-DD'), 'for the time being')
    when :marketing and complaining then 'a complaint of the customer''s is open'
    when :marketing and coalesce(number, 0) >= :per_week
      then 'had ' || coalesce(number, 0) || ' marketing messages in 7 days, ' || :per_week || ' are allowed'
    end as words"""


def _line(kind: Kind) -> str:
    """What the trace says of one kind."""
    k = kind.value
    day = "'YYYY-MM-DD'"
    return f"""'{k}: ' || case {k}_fault
      when 0 then 'allowed, ranked ' || {k}_line
      when 1 then 'not wanted by the customer for ' || :purpose
      when 2 then 'no such channel is set up'
      when 3 then 'there is no text for it'
      when 4 then case when {k}_said % 2 = 0
        then (select 'opted out ' || to_char(c.at at time zone 'utc', {day}) || ' by ' || c.source
              from consent c where c.id = {k}_said / 2)
        else 'opted out ' || to_char({k}_at at time zone 'utc', {day}) || ' by STOP' end
      when 5 then 'no consent to ' || :purpose
      when 6 then 'no address'
      when 7 then {k}_value || ' does not work any more'
      when 8 then {k}_value || ' complained of unwanted messages'
      else {k}_value || ' suppressed ' || to_char({k}_at at time zone 'utc', {day}) || ': '
        || replace({k}_suppressed, '_', ' ') end"""


def _timed() -> str:
    """When their quiet ends: what was worked out for the customer, else for their zone, else for whoever has none."""
    chosen = " ".join(f"when {k.value}_line then '{k.value}'" for k in Kind)
    values = " ".join(f"when {k.value}_line then {k.value}_value" for k in Kind)
    numbers = " ".join(f"when {k.value}_line then {k.value}_id" for k in Kind)
    return f"""
timed as (
  select w.id as customer_id, w.language,
    case when w.refused is null then case w.best {chosen} end end as kind,
    case when w.refused is null then case w.best {values} end end as recipient,
    case when w.refused is null then case w.best {numbers} end end as identity_id,
    coalesce(w.refused, case when w.best is null then w.told end) as reason,
    case when w.refused is null and w.best is not null then
      case when y.id is not null then y.opens when z.zone is not null then z.opens
        else cast(:unknown_opens as timestamptz) end end as not_before,
    w.refused, w.words, w.lines
  from weighed w
  left join unnest(cast(:odd as uuid[]), cast(:odd_opens as timestamptz[])) as y(id, opens) on y.id = w.id
  left join unnest(cast(:zones as text[]), cast(:zone_opens as timestamptz[])) as z(zone, opens)
    on z.zone = w.timezone)"""


_DECIDED = """
decided as materialized (
  select customer_id, language, kind, recipient, identity_id, reason, not_before,
    to_jsonb(case when refused is not null then array[words]
      when cardinality(lines) = 0 then array['no channel was asked for']
      when not_before is not null then array_append(lines,
        'quiet hours: not before ' || to_char(not_before at time zone 'utc', 'YYYY-MM-DD HH24:MI') || ' UTC')
      else lines end) as trace
  from timed)"""


def _values(matter: Matter, reach: Reach, hours: Hours, now: datetime) -> dict[str, Any]:
    purpose = matter.question.purpose
    return {
        **reach.values,
        **_orders(matter),
        **_kinds(matter),
        "low": reach.low,
        "high": reach.high,
        "purpose": purpose.value,
        "consent_needed": purpose.needs_consent,
        "marketing": purpose == "marketing",
        "per_week": matter.rules.marketing_per_week,
        "never_left": [state.value for state in NEVER_LEFT],
        "week": first_uuid7(now - WEEK),
        "tomorrow": first_uuid7(now + _AHEAD),
        "now": now,
        "stop": STOP,
        "complaint": COMPLAINT,
        "by_hand": list(hours.by_hand),
        "odd": list(hours.odd),
        "odd_opens": list(hours.odd.values()),
        "zones": list(hours.zones),
        "zone_opens": list(hours.zones.values()),
        "unknown_opens": hours.unknown,
    }


def _kinds(matter: Matter) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for kind in Kind:
        spoken = matter.spoken.get(kind, frozenset())
        values[f"{kind.value}_asked"] = not matter.question.kinds or kind in matter.question.kinds
        values[f"{kind.value}_available"] = kind in matter.question.available
        values[f"{kind.value}_spoken_by_all"] = spoken is None
        values[f"{kind.value}_spoken"] = sorted(spoken or ())
    return values


def _orders(matter: Matter) -> dict[str, list[Any]]:
    """Every ranking that a customer can have, and none at all."""
    rankings = [one for n in range(len(Kind) + 1) for one in permutations(Kind, n)]
    rows = [(_NOBODY_RANKED, *order(None, matter.question, matter.rules))]
    rows += [(",".join(one), *order(one, matter.question, matter.rules)) for one in rankings]
    columns: dict[str, list[Any]] = {"ranking": [key for key, _, _ in rows]}
    for kind in Kind:
        lines = [[*tried, *unwanted] for _, tried, unwanted in rows]
        columns[f"{kind.value}_line"] = [line.index(kind) + 1 if kind in line else None for line in lines]
        columns[f"{kind.value}_wanted"] = [kind in tried for _, tried, _ in rows]
    return columns
