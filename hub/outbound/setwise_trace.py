"""The gate's trace in SQL: the lines that `permission` writes, made once for all who are told the same."""
# ruff: noqa: S608 - the statements are made of the closed words of our own enums; values are bound

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from hub.models.vocabulary import Kind, Withheld
from hub.outbound import clauses
from hub.outbound.local_hours import later_words

# Faults (see `setwise`) whose line names a date, an address or a count of this customer's.
OWN_WORDS = (4, 7, 8, 9, 10, 11)

_DAY = "'YYYY-MM-DD'"
_ONCE = "offset 0"  # see `setwise`


def hour_words(instant: datetime) -> str:
    """The line about quiet hours."""
    return later_words(instant)


def _line(kind: Kind) -> str:
    """What the trace says of one kind."""
    k = kind.value
    return f"""'{k}: ' || case {k}_fault
      when 0 then 'allowed, ranked ' || {k}_line
      when 1 then 'not wanted by the customer for ' || :purpose
      when 2 then 'no such channel is set up'
      when 3 then 'there is no text for it'
      when 4 then case when {clauses.opted_out(f"{k}_said")}
        then (select 'opted out ' || to_char(c.at at time zone 'utc', {_DAY}) || ' by ' || c.source
              from consent c where c.id = {k}_said / 2)
        else 'opted out ' || to_char({k}_at at time zone 'utc', {_DAY}) || ' by STOP' end
      when 5 then 'no consent to ' || :purpose
      when 6 then 'no address'
      when 7 then {k}_value || ' does not work any more'
      when 8 then {k}_value || ' complained of unwanted messages'
      when 9 then {k}_value || ' suppressed ' || to_char({k}_at at time zone 'utc', {_DAY}) || ': '
        || replace({k}_suppressed, '_', ' ')
      when 11 then (select 'opted out of ' || c.topic || ' ' || to_char(c.at at time zone 'utc', {_DAY}) || ' by '
        || c.source from consent c where c.id = {k}_said / 2)
      else 'had ' || coalesce({k}_had, 0) || ' for ' || :purpose || ' in 7 days, ' || cast(:{k}_cap as int)
        || ' are allowed' end"""


_PERSON = f"""case refused
    when '{Withheld.DECEASED.value}' then 'the customer has died'
    when '{Withheld.DO_NOT_CONTACT.value}' then 'the customer is not to be contacted'
    when '{Withheld.PAUSED.value}' then 'the customer wants a pause '
      || coalesce('until ' || to_char(paused_until at time zone 'utc', {_DAY}), 'for the time being')
    when '{Withheld.COMPLAINT_OPEN.value}' then 'a complaint of the customer''s is open'
    when '{Withheld.ANSWER_OVERDUE.value}' then case when promised <= :now
      then 'an answer to the customer has been due since ' || to_char(promised at time zone 'utc', {_DAY})
      else 'the customer has been waiting for an answer since ' || to_char(waiting at time zone 'utc', {_DAY}) end
    when '{Withheld.DISSATISFIED.value}' then coalesce('the customer''s card says: '
      || (select min(label collate "C") from unnest(labels) label where label = any(cast(:unhappy as text[]))),
      'the customer said they were not satisfied: nothing until '
      || to_char(dissatisfied_until at time zone 'utc', {_DAY}))
    else 'had ' || coalesce(number, 0) || ' marketing messages in 7 days, ' || :per_week || ' are allowed' end"""


def trace() -> str:
    """The lines in their order, as JSON, of the columns that `setwise` judges by."""
    lines = ", ".join(
        "case " + " ".join(f"when {k.value}_line = {n} then {_line(k)}" for k in Kind) + " end" for n in (1, 2, 3)
    )
    lines = f"array_remove(array[{lines}, (cast(:opens_words as text[]))[hour]], null)"
    return f"""to_jsonb(case when refused is not null then array[{_PERSON}]
      when coalesce(email_line, sms_line, voice_line) is null then array['no channel was asked for']
      else {lines} end)"""


def decided_from(sorts: int, carried: Iterable[str], *, learning: bool) -> str:
    """Of `timed`, whose `sort` says by its digits in which `order` a customer's kinds stand, what is wrong with each
    (digits of base `sorts`), and the hour. `learning`: `timed` has the lines about what was learnt, which stand first.
    """
    lessons = "coalesce(t.lessons, '[]') || " if learning else ""
    rest, faults = "t.sort / :hours", []
    for kind in reversed(Kind):
        faults.append(f"nullif({rest} % {sorts}, {sorts - 1}) as {kind.value}_fault")
        rest = f"{rest} / {sorts}"
    lines = ", ".join(f"o.{kind.value}_line" for kind in Kind)
    nobodys = ", ".join(
        f"null::text as {k}_value, null::text as {k}_suppressed, null::timestamptz as {k}_at, "
        f"null::bigint as {k}_said, null::bigint as {k}_had"
        for k in (kind.value for kind in Kind)
    )
    return f"""
shared as materialized (
  select sort, {trace()} as trace from (
    select t.sort, (t.sort % :hours)::int as hour, {lines}, {", ".join(faults)}, {nobodys}, null::text as refused,
      null::text[] as labels, null::bigint as number, null::timestamptz as promised, null::timestamptz as waiting,
      null::timestamptz as dissatisfied_until, null::timestamptz as paused_until
    from (select distinct sort from timed where own_trace is null) t join orders o on o.place = {rest} {_ONCE}) as t),
decided as (
  select t.customer_id, t.kind, t.recipient, t.identity_id, t.reason,
    (cast(:opens as timestamptz[]))[t.hour] as not_before, {lessons}coalesce(t.own_trace, s.trace) as trace
    {"".join(f", t.{name}" for name in carried)}
  from timed t left join shared s on s.sort = t.sort)"""
