"""The gate for many customers in one statement: what `permission.decide` says of a campaign's message, as SQL.

`permission` is the truth; a property test holds this against it, traces included. Customers it cannot judge (`by_hand`)
are left out of its answer: they go through `permission` one by one.
"""
# ruff: noqa: S608 - the statements are made of the closed words of our own enums; values are bound

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from hub.models.vocabulary import Kind, Withheld
from hub.outbound import clauses, setwise_known
from hub.outbound.clauses import Terms
from hub.outbound.hours import Hours, Reach
from hub.outbound.matter import Matter
from hub.outbound.setwise_trace import OWN_WORDS, decided_from, trace
from hub.outbound.setwise_values import values
from hub.outbound.verdicts import TELLING

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

# Of the columns of `judged`.
_TERMS = Terms(
    customer="j",
    needs_consent=":consent_needed",
    promotes=":marketing",
    complaining="j.complaining",
    promised="j.promised",
    waiting="j.waiting",
    had="j.number",
    now=":now",
    unhappy="cast(:unhappy as varchar[])",
    overdue="cast(:overdue as timestamptz)",
    per_week=":per_week",
)


def decided(matter: Matter, reach: Reach, hours: Hours, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """Common table expressions that end in `decided`, and their values.

    `decided` has customer_id, kind, recipient, identity_id, reason (null: allowed), not_before, trace, and what the
    reach carries.
    """
    learning = matter.learnt is not None
    tables = [*setwise_known.tables(matter.question, matter.rules, reach, learning=learning), _ORDERS]
    tables += [_judged(matter), _weighed(), _timed(reach.carried, learning=learning)]
    tables.append(decided_from(_SORTS, reach.carried, learning=learning))
    return "with " + ",\n".join(tables), values(matter, reach, hours, now=now)


# For every ranking there can be: each kind's place in the order, its line in the trace, and whether it is wanted.
_ORDERS = """
orders as materialized (
  select * from unnest(cast(:ranking as text[]),
    cast(:email_line as int[]), cast(:sms_line as int[]), cast(:voice_line as int[]),
    cast(:email_wanted as bool[]), cast(:sms_wanted as bool[]), cast(:voice_wanted as bool[]))
  with ordinality as o(ranking, email_line, sms_line, voice_line, email_wanted, sms_wanted, voice_wanted, place))"""


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
    {clauses.complains("x.complaining", "who")} as complaining, {columns}, {faults}
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
      when {clauses.opted_out(f"said.{k}")} then 4
      when {clauses.not_asked(f"said.{k}", ":consent_needed")} then 5
      when {k}.id is null then 6
      when {clauses.dead(k)} then 7
      when {clauses.complained(k, ":consent_needed")} then 8
      when {k}.suppressed = :stop then 4
      when {k}.suppressed is not null then 9
      when {clauses.capped(f"recent.{k}", f"cast(:{k}_cap as int)")} then 10
      else 0 end"""


def _weighed() -> str:
    """About the person first; then the first kind without a fault."""
    best = ", ".join(f"case when {k}_fault = 0 then {k}_line end" for k in (kind.value for kind in Kind))
    refused = " ".join(
        f"when {condition} then '{reason.value}'" for reason, condition in clauses.refusals(_TERMS).items()
    )
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
