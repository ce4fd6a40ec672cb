"""The gate for many customers in one statement: what `permission.decide` says of a campaign's message, as SQL.

`permission` is the truth; a property test holds this against it, traces included. Customers it cannot judge (`by_hand`)
are left out of its answer: they go through `permission` one by one.
"""
# ruff: noqa: S608 - the statements are made of the closed words of our own enums; values are bound

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

from hub.clock import first_uuid7
from hub.models import Customer
from hub.models.vocabulary import AddressKind, Kind, Withheld
from hub.outbound import setwise_learnt
from hub.outbound.facts import COMPLAINT, NEVER_LEFT, WEEK
from hub.outbound.hours import Hours, Reach
from hub.outbound.question import Learnt, Question, Rules
from hub.outbound.setwise_trace import OWN_WORDS, decided_from, hour_words, trace
from hub.outbound.verdicts import STOP, TELLING, order

_NOBODY_RANKED = "-"
_AHEAD = timedelta(days=1)  # no message in the log is younger than this: later months need not be looked at

# Keeps the planner from writing a column's expression wherever the column is named: each is worked out once a row.
_ONCE = "offset 0"

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
    Withheld.FREQUENCY,
    Withheld.TOPIC_UNWANTED,
)
_SORTS = len(_FAULTS) + 2  # none, these, and that the kind was not asked for

# What is said of the person as a whole, in the order in which `permission` looks.
_REFUSALS = {
    Withheld.DECEASED: "deceased",
    Withheld.DO_NOT_CONTACT: "do_not_contact",
    Withheld.PAUSED: ":consent_needed and (paused_from is not null or paused_until is not null) "
    "and (paused_from is null or paused_from <= :now) and not coalesce(paused_until <= :now, false)",
    Withheld.COMPLAINT_OPEN: ":consent_needed and complaining",
    Withheld.ANSWER_OVERDUE: ":marketing and (promised <= :now or waiting <= cast(:overdue as timestamptz))",
    Withheld.DISSATISFIED: ":consent_needed and (labels && cast(:unhappy as varchar[]) or dissatisfied_until > :now)",
    Withheld.FREQUENCY: ":marketing and coalesce(number, 0) >= :per_week",
}


@dataclass(frozen=True, slots=True)
class Matter:
    """What is asked for all of them. `spoken`: the languages that have a text for a kind; None: every customer's has.

    `question.texts`, which hangs on each customer's language, is not looked at, nor is `question.learnt`: `learnt` has
    what is known of some of them. None: it does not go by that.
    """

    question: Question
    spoken: Mapping[Kind, frozenset[str] | None]
    rules: Rules
    learnt: Mapping[UUID, Learnt] | None = None


def decided(matter: Matter, reach: Reach, hours: Hours, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """Common table expressions that end in `decided`, and their values.

    `decided` has customer_id, kind, recipient, identity_id, reason (null: allowed), not_before, trace, and what the
    reach carries.
    """
    known = [_recent(matter), _troubled(matter), _consents(matter)]
    known += [_address(kind, asked=_needed(kind, matter)) for kind in Kind]
    learning = matter.learnt is not None
    tables = [_who(reach, learning=learning), _ORDERS, *(_theirs(one, reach) for one in known)]
    tables += [_judged(matter), _weighed(), _timed(reach.carried, learning=learning)]
    tables.append(decided_from(_SORTS, reach.carried, learning=learning))
    return "with " + ",\n".join(tables), _values(matter, reach, hours, now)


def question_for(matter: Matter, customer: Customer) -> Question:
    """The same question about one customer, for `permission`."""
    spoken = {kind: matter.spoken.get(kind, frozenset()) for kind in Kind}
    texts = frozenset(kind for kind, codes in spoken.items() if codes is None or customer.language in codes)
    learnt = None if matter.learnt is None else matter.learnt.get(customer.id, Learnt())
    return replace(matter.question, texts=texts, learnt=learnt)


_WHO = """
who as materialized (
  select c.id, c.language, c.timezone, c.quiet_from, c.quiet_until, c.deceased, c.do_not_contact, c.paused_from,
         c.paused_until, c.dissatisfied_until, c.labels,
         coalesce(array_to_string(p.channels, ','), {learnt}, '-') as ranking {more} {carried}
  from ({source}) r
  join customer c on c.id = r.customer_id and {c}
  left join channel_preference p on p.customer_id = c.id and p.purpose = :purpose and {p} {join}
  where c.id <> all(cast(:by_hand as uuid[])))"""

# For every ranking there can be: each kind's place in the order, its line in the trace, and whether it is wanted.
_ORDERS = """
orders as materialized (
  select * from unnest(cast(:ranking as text[]),
    cast(:email_line as int[]), cast(:sms_line as int[]), cast(:voice_line as int[]),
    cast(:email_wanted as bool[]), cast(:sms_wanted as bool[]), cast(:voice_wanted as bool[]))
  with ordinality as o(ranking, email_line, sms_line, voice_line, email_wanted, sms_wanted, voice_wanted, place))"""

_RECENT = """
recent as (
  select i.customer_id, count(*) as number, count(*) filter (where i.kind = 'email') as email,
    count(*) filter (where i.kind = 'sms') as sms, count(*) filter (where i.kind = 'voice') as voice
  from who
  join interaction i on i.customer_id = who.id and {i}
  where i.id >= :week and i.id < :tomorrow and i.purpose = :purpose and i.direction = 'out'
    and i.state <> all(cast(:never_left as text[]))
  group by i.customer_id)"""

# Conversations that keep promotions and wishes away: a complaint that is not settled, a question that waits.
_TROUBLED = """
troubled as (
  select v.customer_id, bool_or(v.flag = 'complaint') as complaining, min(v.due_at) as promised,
    min(v.last_inbound_at) filter (where v.state = 'open' and v.due_at is null) as waiting
  from conversation v where v.state <> 'resolved' and {v}
  group by v.customer_id)"""

# The latest row's number, doubled, and 1 for a yes: one maximum says both.
_CONSENTS = """
said as (
  select c.customer_id,
    max(c.id * 2 + c.granted::int) filter (where c.channel is null or c.channel = 'email') as email,
    max(c.id * 2 + c.granted::int) filter (where c.channel is null or c.channel = 'sms') as sms,
    max(c.id * 2 + c.granted::int) filter (where c.channel is null or c.channel = 'voice') as voice
  from who join consent c on c.customer_id = who.id and {c}
  where c.topic = :topic and (c.purpose is null or c.purpose = :purpose)
  group by c.customer_id)"""


def _who(reach: Reach, *, learning: bool) -> str:
    known = setwise_learnt.WHO if learning else {"learnt": "null", "more": "", "join": ""}
    carried = "".join(f", {made_of} as {name}" for name, made_of in reach.carried.items())
    edges = {"c": reach.within("c.id"), "p": reach.within("p.customer_id")}
    return _WHO.format(source=reach.source, carried=carried, **edges, **known)


def _theirs(table: str, reach: Reach) -> str:
    """Of a table whose alias stands in braces the rows of those who are asked about."""
    return table.format(**{one: reach.within(f"{one}.customer_id", "select id from who") for one in "civ"})


def _consents(matter: Matter) -> str:
    """About a topic what was said of the whole counts as well, see `hub.customers.consent.standing`."""
    if not matter.question.topic:
        return _CONSENTS
    whole = _CONSENTS.replace("said as", "said_whole as").replace("c.topic = :topic", "c.topic = ''")
    narrow = _CONSENTS.replace("said as", "said_narrow as")
    columns = ", ".join(
        f"""case when w.{k} is null or n.{k} is null then coalesce(n.{k}, w.{k})
      when w.{k} % 2 = 1 or (n.{k} % 2 = 1 and n.{k} > w.{k}) then n.{k} else w.{k} end as {k},
      coalesce(n.{k} % 2 = 0 and (w.{k} is null or w.{k} % 2 = 1), false) as {k}_off"""
        for k in (kind.value for kind in Kind)
    )
    return f"""{whole},
{narrow},
said as (
  select customer_id, {columns} from said_whole w full join said_narrow n using (customer_id))"""


def _recent(matter: Matter) -> str:
    """The log is only looked at where a rule counts what lies in it."""
    counted = matter.question.purpose == "marketing" or any(p == matter.question.purpose for _, p in matter.rules.caps)
    return _RECENT if counted else _RECENT.replace("where i.id", "where false and i.id", 1)


def _troubled(matter: Matter) -> str:
    if matter.question.purpose.needs_consent:
        return _TROUBLED
    return _TROUBLED.replace("where v.state", "where false and v.state", 1)


def _needed(kind: Kind, matter: Matter) -> bool:
    """Without a channel or without being asked for, no address of the kind is ever looked at."""
    asked = not matter.question.kinds or kind in matter.question.kinds
    return asked and kind in matter.question.available


def _address(kind: Kind, *, asked: bool) -> str:
    """Of each customer the first address that may be used; with none, the first there is."""
    k = kind.value
    return f"""
{k}_address as (
  select distinct on (i.customer_id) i.customer_id, i.id, i.value, i.state, s.reason as suppressed, s.at
  from who join identity i on i.customer_id = who.id and {{i}}
  left join suppression s on s.kind = '{k}' and s.value = i.value and (s.purpose is null or s.purpose = :purpose)
  where i.kind = '{AddressKind.of(kind).value}' and {str(asked).lower()}
  order by i.customer_id,
    (i.state = 'dead' or (i.state = 'complained' and :consent_needed) or s.id is not null),
    not i.preferred, i.state = 'soft', i.id, s.id)"""


def _judged(matter: Matter) -> str:
    """Each kind's fault as a number, see `_FAULTS`."""
    faults = ", ".join(f"{_fault(kind, matter)} as {kind.value}_fault" for kind in Kind)
    joins = " ".join(
        f"left join {kind.value}_address {kind.value} on {kind.value}.customer_id = who.id" for kind in Kind
    )
    columns = ", ".join(
        f"{k}.id as {k}_id, {k}.value as {k}_value, {k}.suppressed as {k}_suppressed, {k}.at as {k}_at, "
        f"said.{k} as {k}_said, recent.{k} as {k}_had"
        for k in (kind.value for kind in Kind)
    )
    return f"""
judged as (
  select who.*, o.place, o.email_line, o.sms_line, o.voice_line, recent.number, x.promised, x.waiting,
    (coalesce(x.complaining, false) or :complaint = any(who.labels)) as complaining, {columns}, {faults}
  from who join orders o on o.ranking = who.ranking
  left join recent on recent.customer_id = who.id
  left join troubled x on x.customer_id = who.id
  left join said on said.customer_id = who.id {joins} {_ONCE})"""


def _fault(kind: Kind, matter: Matter) -> str:
    k = kind.value
    topic = f"when said.{k}_off then 11" if matter.question.topic else ""
    return f"""
    case when o.{k}_line is null then null
      when not o.{k}_wanted then 1
      when not :{k}_available then 2
      when not (:{k}_spoken_by_all or who.language = any(cast(:{k}_spoken as text[]))) then 3
      {topic}
      when said.{k} % 2 = 0 then 4
      when said.{k} is null and :consent_needed then 5
      when {k}.id is null then 6
      when {k}.state = 'dead' then 7
      when {k}.state = 'complained' and :consent_needed then 8
      when {k}.suppressed = :stop then 4
      when {k}.suppressed is not null then 9
      when coalesce(recent.{k}, 0) >= cast(:{k}_cap as int) then 10
      else 0 end"""


def _weighed() -> str:
    """About the person first; then the first kind without a fault."""
    best = ", ".join(f"case when {k}_fault = 0 then {k}_line end" for k in (kind.value for kind in Kind))
    refused = " ".join(f"when {condition} then '{reason.value}'" for reason, condition in _REFUSALS.items())
    return f"""
weighed as (
  select j.*, least({best}) as best, case {refused} end as refused from judged j {_ONCE})"""


def _timed(carried: Iterable[str], *, learning: bool) -> str:
    """When their quiet ends: as a number in the list of instants; 0: nothing has to wait. With no channel left, the
    reason is the most telling of the faults.

    Narrow, because it is kept and read twice. `sort` is the same for all whose trace is the same word for word; a trace
    that holds words of the customer's own is made here (`own_trace`).
    """
    chosen = " ".join(f"when {k.value}_line then '{k.value}'" for k in Kind)
    values = " ".join(f"when {k.value}_line then {k.value}_value" for k in Kind)
    numbers = " ".join(f"when {k.value}_line then {k.value}_id" for k in Kind)
    own = " or ".join(f"{kind.value}_fault in ({', '.join(map(str, OWN_WORDS))})" for kind in Kind)
    faults = ", ".join(f"{kind.value}_fault" for kind in Kind)
    telling = " ".join(f"when {_FAULTS.index(one) + 1} in ({faults}) then '{one.value}'" for one in TELLING)
    lessons = ", case when w.refused is null then w.lessons end as lessons" if learning else ""
    beside = "".join(f", w.{name}" for name in carried)
    sort = "place"
    for kind in Kind:
        sort = f"({sort} * {_SORTS} + coalesce({kind.value}_fault, {_SORTS - 1}))"
    return f"""
timed as materialized (
  select w.id as customer_id, w.hour, case when w.refused is null then case w.best {chosen} end end as kind,
    case when w.refused is null then case w.best {values} end end as recipient,
    case when w.refused is null then case w.best {numbers} end end as identity_id,
    coalesce(w.refused,
      case when w.best is null then case {telling} else '{Withheld.NO_CHANNEL.value}' end end) as reason,
    {sort} * :hours + hour as sort, case when w.refused is not null or {own} then {trace()} end as own_trace{lessons}
    {beside}
  from (
    select w.*, case when w.refused is not null or w.best is null then 0
      when y.id is not null then y.hour when z.zone is not null then z.hour else cast(:unknown_hour as int) end as hour
    from weighed w
    left join unnest(cast(:odd as uuid[]), cast(:odd_hour as int[])) as y(id, hour) on y.id = w.id
    left join unnest(cast(:zones as text[]), cast(:zone_from as time[]), cast(:zone_until as time[]),
        cast(:zone_hour as int[])) as z(zone, quiet_from, quiet_until, hour)
      on z.zone = w.timezone and coalesce(z.quiet_from, time '24:00') = coalesce(w.quiet_from, time '24:00')
      and coalesce(z.quiet_until, time '24:00') = coalesce(w.quiet_until, time '24:00') {_ONCE}) w)"""


def _values(matter: Matter, reach: Reach, hours: Hours, now: datetime) -> dict[str, Any]:
    purpose, rules = matter.question.purpose, matter.rules
    return {
        **reach.values,
        **_orders(matter),
        **_kinds(matter),
        **setwise_learnt.values(matter.learnt),
        **_hours(hours),
        "low": reach.low,
        "high": reach.high,
        "purpose": purpose.value,
        "topic": matter.question.topic,
        "consent_needed": purpose.needs_consent,
        "marketing": purpose == "marketing",
        "per_week": rules.marketing_per_week,
        "overdue": now - rules.overdue if rules.overdue is not None else None,
        "unhappy": sorted(rules.unhappy_labels),
        "never_left": [state.value for state in NEVER_LEFT],
        "week": first_uuid7(now - WEEK),
        "tomorrow": first_uuid7(now + _AHEAD),
        "now": now,
        "stop": STOP,
        "complaint": COMPLAINT,
        "by_hand": list(hours.by_hand),
    }


def _hours(hours: Hours) -> dict[str, Any]:
    """Every instant at which somebody's quiet ends once, and whose it is by its number in the list."""
    instants = sorted({one for one in (*hours.sorts.values(), *hours.odd.values(), hours.unknown) if one is not None})
    number: dict[datetime | None, int] = {instant: place for place, instant in enumerate(instants, start=1)}
    number[None] = 0
    return {
        "zones": [zone for zone, _, _ in hours.sorts],
        "zone_from": [start for _, start, _ in hours.sorts],
        "zone_until": [end for _, _, end in hours.sorts],
        "zone_hour": [number[one] for one in hours.sorts.values()],
        "odd": list(hours.odd),
        "odd_hour": [number[one] for one in hours.odd.values()],
        "unknown_hour": number[hours.unknown],
        "hours": len(number),
        "opens": instants,
        "opens_words": [hour_words(instant) for instant in instants],
    }


def _kinds(matter: Matter) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for kind in Kind:
        spoken = matter.spoken.get(kind, frozenset())
        values[f"{kind.value}_available"] = kind in matter.question.available
        values[f"{kind.value}_spoken_by_all"] = spoken is None
        values[f"{kind.value}_spoken"] = sorted(spoken or ())
        values[f"{kind.value}_cap"] = matter.rules.caps.get((kind, matter.question.purpose))
    return values


def _orders(matter: Matter) -> dict[str, list[Any]]:
    """Every ranking that a customer can have, none at all, and every order that was learnt."""
    rankings = [one for n in range(len(Kind) + 1) for one in permutations(Kind, n)]
    rows = [(_NOBODY_RANKED, *order(None, matter.question, matter.rules))]
    for kinds in sorted({one.kinds for one in (matter.learnt or {}).values() if one.kinds}):
        asked = replace(matter.question, learnt=Learnt(kinds))
        rows.append((setwise_learnt.ranking(kinds), *order(None, asked, matter.rules)))
    rows += [(",".join(one), *order(one, matter.question, matter.rules)) for one in rankings]
    columns: dict[str, list[Any]] = {"ranking": [key for key, _, _ in rows]}
    for kind in Kind:
        lines = [[*tried, *unwanted] for _, tried, unwanted in rows]
        columns[f"{kind.value}_line"] = [line.index(kind) + 1 if kind in line else None for line in lines]
        columns[f"{kind.value}_wanted"] = [kind in tried for _, tried, _ in rows]
    return columns
