"""Messages to many, some thousands in one statement: gate, log rows, work tickets, and who was written to.

Their words are not made here: `preparing` makes them, once, when they leave, of what is known then.
"""
# ruff: noqa: S608 - the statements are made of the closed words of our own enums and modules; values are bound

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Auto
from hub import live
from hub.clock import uuid7
from hub.models import Interaction, TemplateVersion
from hub.models.columns import defaults
from hub.models.vocabulary import Direction, Kind, Origin, Purpose, State, Withheld
from hub.outbound import bulk, costs, planning, rendering, senders
from hub.outbound.asking import PRIORITY, Gate
from hub.outbound.hours import Reach
from hub.outbound.matter import Matter
from hub.outbound.question import Learnt, Question

# These rows of the log are not checked one by one: no customer is deleted while they are written (0003_dispatch).
NOBODY_GOES = text(f"select pg_advisory_xact_lock_shared({0x437573746F6D6572})")


class FedTwice(RuntimeError):
    """Somebody else feeds the same recipients: the transaction must not be committed."""


@dataclass(frozen=True, slots=True)
class Own:
    """What is each one's own, as SQL of the roll's row `r` and the customer `c`: all variables (jsonb), and the moment
    from which on it is of no use. The interaction's number stands on the roll already.
    """

    variables: str
    expires: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Roll:
    """Whom it is for, written down in a table. `which`: SQL that chooses among its rows, called `r`, by `values`.

    Without `own`, who has no interaction there is asked for, and gets its number.
    """

    table: str
    which: str
    values: Mapping[str, Any]
    own: Own | None = None

    def free(self, reach: str = "r.customer_id > :low and r.customer_id <= :high") -> str:
        """A condition: chosen, in reach, and not asked for yet."""
        return f"{self.which} and {reach}" + ("" if self.own else " and r.interaction_id is null")


@dataclass(frozen=True, slots=True)
class Mailing:
    """What is said to everybody on a roll: one step of a campaign, or the greeting of an occasion."""

    roll: Roll
    origin: Origin
    purpose: Purpose
    kinds: tuple[Kind, ...]
    version: TemplateVersion
    variables: Mapping[str, Any]
    topic: str = ""
    campaign_id: int | None = None
    step: int = 0
    occasion: str = ""
    learnt: Mapping[UUID, Learnt] | None = None  # None: it does not go by what was learnt


@dataclass(frozen=True, slots=True)
class Fed:
    """How many are in the log now, and how many of them will leave. `by_hand`: see `feed`."""

    logged: int
    queued: int
    by_hand: frozenset[UUID]


async def feed(session: AsyncSession, mailing: Mailing, reach: Reach, *, gate: Gate, now: datetime) -> Fed:
    """Log and queue, or withhold, for those in reach (see `in_reach`).

    Left out are those whom `setwise` cannot judge (`by_hand`): they go through `request.send_many`. Raises FedTwice.
    """
    await session.execute(NOBODY_GOES)
    asked = await bulk.ask_in(session, matter(mailing, gate), reach, now=now)
    ids = await _senders(session, gate, now)
    own = mailing.roll.own.values if mailing.roll.own else {"variables": dict(mailing.variables)}
    values = {**_constants(mailing, gate, now), **asked.values, **own, **ids}
    row = (await bulk.run(session, f"{asked.tables},\n{_writing(mailing, reach)}", values)).one()
    if not row.logged == row.taken == row.judged:
        raise FedTwice(f"{mailing.roll.table}: {row.judged} recipients, {row.taken} of them free")
    for channel in {gate.senders[Kind(kind)][0] for kind in row.kinds or ()}:
        await live.publish(session, "outbox", channel=channel)
    return Fed(row.logged, row.queued, asked.by_hand)


def in_reach(roll: Roll, low: UUID, high: UUID, *, only: Collection[UUID] | None = None, few: bool = False) -> Reach:
    """Those on the roll above `low` and up to `high` who have no message yet; `only`: none but these few of them."""
    columns = "r.*" if roll.own else "r.customer_id"
    source = f"select {columns} from {roll.table} r where {roll.free()}"
    carried = _carried(roll.own) if roll.own else {}
    if only is None:
        return Reach(source, roll.values, low, high, few=few, carried=carried)
    values = {**roll.values, "only": list(only)}
    named = f"{source} and r.customer_id = any(cast(:only as uuid[]))"
    return Reach(named, values, low, high, few=True, carried=carried)


def _carried(own: Own) -> dict[str, str]:
    return {"message": "r.interaction_id", "variables": own.variables, "expires_at": own.expires}


def matter(mailing: Mailing, gate: Gate) -> Matter:
    """What the gate is asked about everybody."""
    question = Question(
        purpose=mailing.purpose,
        origin=mailing.origin,
        available=planning.available(gate, ""),
        texts=frozenset(),
        kinds=mailing.kinds,
        topic=mailing.topic,
    )
    return Matter(question, spoken(mailing.version, gate.default_language), gate.rules, mailing.learnt)


def spoken(version: TemplateVersion, fallback: str) -> dict[Kind, frozenset[str] | None]:
    """The languages in which a template has a text for each kind; None: the fallback's serves everybody."""
    found: dict[Kind, frozenset[str] | None] = {}
    for kind in Kind:
        languages = (one for one in version.variants if kind in rendering.kinds(version.variants, one, one))
        found[kind] = None if kind in rendering.kinds(version.variants, fallback, fallback) else frozenset(languages)
    return found


async def _senders(session: AsyncSession, gate: Gate, now: datetime) -> dict[str, int | None]:
    known = await senders.ids(session)
    for kind, names in gate.senders.items():
        if names and names[0] not in known:
            await senders.register(session, names[0], kind, rate=1, burst=1, now=now)  # the worker brings its rate
            known = await senders.ids(session)
    return {f"{kind.value}_sender": known.get(next(iter(gate.senders.get(kind, ())), "")) for kind in Kind}


def _constants(mailing: Mailing, gate: Gate, now: datetime) -> dict[str, Any]:
    """The head of the slice's ids is its millisecond and 42 random bits, their tail counts (RFC 9562 5.7 and 6.2)."""
    usual = next(iter(mailing.kinds or gate.rules.default_ranking), Kind.EMAIL)
    names = {f"{kind.value}_channel": next(iter(gate.senders.get(kind, ())), "") for kind in Kind}
    return {
        **names,
        "head": str(uuid7(now))[:28],
        "usual": usual.value,
        "origin": mailing.origin.value,
        "priority": PRIORITY[mailing.origin],
        "campaign_id": mailing.campaign_id,
        "occasion": mailing.occasion,
        "version": mailing.version.id,
        "segments": costs.guess(mailing.version, gate.default_language),
    }


def _writing(mailing: Mailing, reach: Reach) -> str:
    """The rest of the statement, after `decided`."""
    roll = mailing.roll
    if roll.own is None:
        taken = _TAKEN.format(roll=roll, free=roll.free(reach.within("r.customer_id")))
        return _NUMBERED + _WRITE.format(variables="cast(:variables as jsonb)", taken=taken, expires="null")
    return _NUMBERED_IN_TIME + _WRITE.format(variables="variables", taken=_THERE, expires="expires_at")


def _log_columns() -> tuple[str, str]:
    """Columns of the log and what this module puts there; the others hold what the model says."""
    own = {
        "id": "id",
        "at": "cast(:now as timestamptz)",
        "customer_id": "customer_id",
        "direction": f"'{Direction.OUT.value}'",
        "kind": "coalesce(kind, :usual)",
        "channel": "case kind when 'email' then :email_channel when 'sms' then :sms_channel "
        "when 'voice' then :voice_channel else '' end",
        "origin": "cast(:origin as text)",
        "purpose": "cast(:purpose as text)",
        "state": f"case when reason is null then '{State.QUEUED.value}' else '{State.WITHHELD.value}' end",
        "state_rank": f"case when reason is null then {State.QUEUED.rank} else {State.WITHHELD.rank} end",
        "state_at": "cast(:now as timestamptz)",
        "reason": "coalesce(reason, '')",
        "recipient": "coalesce(recipient, '')",
        "template_version_id": "cast(:version as int)",
        "variables": "{variables}",
        "trace": "trace",
        "auto": f"'{Auto.AUTO_REPLY.value}'",
        "campaign_id": "cast(:campaign_id as int)",
        "occasion": "cast(:occasion as text)",
    }
    empty = {name: "''" for name, value in defaults(Interaction).items() if value == "" and name not in own}
    columns = own | empty
    return ", ".join(columns), ", ".join(columns.values())


_COLUMNS, _VALUES = _log_columns()
_ID = "(:head || lpad(to_hex(row_number() over ()), 8, '0'))::uuid as id"

_NUMBERED = f"""
numbered as materialized (
  select d.customer_id, d.kind, d.recipient, d.reason, d.not_before, d.trace, {_ID} from decided d),"""

# As `permission` has it: what may not leave before it is of no use any more is withheld.
_NUMBERED_IN_TIME = f"""
numbered as materialized (
  select t.customer_id, case when not late then kind end as kind, case when not late then recipient end as recipient,
    case when late then '{Withheld.TOO_LATE.value}' else reason end as reason,
    case when not late then not_before end as not_before,
    case when late then trace || to_jsonb('too late: of no use after '
      || to_char(expires_at at time zone 'utc', 'YYYY-MM-DD HH24:MI') || ' UTC') else trace end as trace,
    variables, expires_at, message as id
  from (
    select d.*, d.reason is null and coalesce(d.not_before, cast(:now as timestamptz)) >= d.expires_at as late
    from decided d) t),"""

_TAKEN = """
  update {roll.table} r set interaction_id = n.id from numbered n where r.customer_id = n.customer_id and {free}
  returning 1"""

_THERE = "select 1 from numbered"

_WRITE = f"""
logged as (
  insert into interaction ({_COLUMNS}) select {_VALUES} from numbered returning 1),
taken as ({{taken}}),
queued as (
  insert into outbox (interaction_id, campaign_id, sender_id, priority, due_at, expires_at, cost, attempts, fence,
    worker)
  select id, cast(:campaign_id as int),
    case kind when 'email' then cast(:email_sender as int) when 'sms' then cast(:sms_sender as int)
      else cast(:voice_sender as int) end,
    cast(:priority as int), coalesce(not_before, cast(:now as timestamptz)), {{expires}},
    case kind when 'sms' then cast(:segments as smallint) else 1 end, 0, 0, ''
  from numbered where reason is null returning 1)
select (select count(*) from logged) as logged, (select count(*) from taken) as taken,
  (select count(*) from numbered) as judged,
  (select count(*) from queued) as queued,
  (select array_agg(distinct kind) from numbered where reason is null) as kinds
"""
