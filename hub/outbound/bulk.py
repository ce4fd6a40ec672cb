"""A campaign's messages, a few thousand in one statement: gate, log rows, work tickets, and who was written to.

Their words are not made here: `preparing` makes them, once, when they leave, of what is known then.
"""
# ruff: noqa: S608 - the statements are made of the closed words of our own enums; values are bound

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Result, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Auto
from hub import live
from hub.clock import uuid7
from hub.models import Interaction, TemplateVersion
from hub.models.columns import defaults
from hub.models.vocabulary import Direction, Kind, Origin, Purpose, State, Withheld
from hub.outbound import costs, planning, rendering, senders
from hub.outbound.asking import PRIORITY, Gate
from hub.outbound.hours import Reach, hours
from hub.outbound.question import Question
from hub.outbound.setwise import Matter, decided

# The log's rows of campaigns are not checked one by one: no customer is deleted while they are written (0003_dispatch).
NOBODY_GOES = text(f"select pg_advisory_xact_lock_shared({0x437573746F6D6572})")


class FedTwice(RuntimeError):
    """Somebody else feeds the same recipients: the transaction must not be committed."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """One step of a campaign, the same for everybody."""

    campaign_id: int
    step: int
    purpose: Purpose
    kinds: tuple[Kind, ...]
    version: TemplateVersion
    variables: Mapping[str, Any]
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of one customer. `reason` None: it goes on `kind` to `recipient`."""

    customer_id: UUID
    kind: Kind | None
    recipient: str | None
    identity_id: int | None
    reason: Withheld | None
    not_before: datetime | None
    trace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Table expressions that end in `decided` (see `setwise`), their values, and whom `permission` must judge."""

    tables: str
    values: Mapping[str, Any]
    by_hand: frozenset[UUID]


async def feed(
    session: AsyncSession,
    mailing: Mailing,
    *,
    low: UUID,
    high: UUID,
    gate: Gate,
    now: datetime,
    only: Collection[UUID] | None = None,
) -> int:
    """Log and queue, or withhold, for the recipients above `low` and up to `high` that have no message; how many.

    `only`: none but these of them. Left out are those whom `setwise` cannot judge: they go through
    `request.send_many`. Raises FedTwice.
    """
    values = {"campaign": mailing.campaign_id, "step": mailing.step}
    reach = Reach(_RECIPIENTS, values, low, high)
    if only is not None:
        reach = Reach(_RECIPIENTS + _AMONG, {**values, "only": list(only)}, low, high)
    await session.execute(NOBODY_GOES)
    question = matter(mailing, gate)
    when = await hours(session, reach, purpose=mailing.purpose, rules=gate.rules, now=now)
    with_tables, more = decided(question, reach, when, now=now)
    ids = await _senders(session, gate, now)
    row = (await run(session, f"{with_tables},\n{_WRITE}", {**more, **_constants(mailing, gate, now), **ids})).one()
    if not row.logged == row.taken == row.judged:
        raise FedTwice(f"campaign {mailing.campaign_id}: {row.judged} recipients, {row.taken} of them free")
    for channel in {gate.senders[Kind(kind)][0] for kind in row.kinds or ()}:
        await live.publish(session, "outbox", channel=channel)
    return int(row.logged)


async def verdicts(
    session: AsyncSession, about: Matter, customers: Collection[UUID], *, now: datetime
) -> tuple[dict[UUID, Verdict], frozenset[UUID]]:
    """The gate's answers, and the customers for whom `permission` has to be asked. Writes nothing; see `dry_run`."""
    asked = await ask(session, about, customers, now=now)
    rows = (await run(session, f"{asked.tables} select * from decided", asked.values)).all()
    return {row.customer_id: verdict(row) for row in rows}, asked.by_hand


async def ask(session: AsyncSession, about: Matter, customers: Collection[UUID], *, now: datetime) -> Asked:
    """The question about these customers, of whom there is at least one, ready for `run`."""
    low = UUID(int=max(min(customers).int - 1, 0))
    reach = Reach(_NAMED, {"customers": list(customers)}, low, max(customers))
    when = await hours(session, reach, purpose=about.question.purpose, rules=about.rules, now=now)
    return Asked(*decided(about, reach, when, now=now), when.by_hand)


async def run(session: AsyncSession, statement: str, values: Mapping[str, Any]) -> Result[Any]:
    """Execute a statement about a slice of customers, planned as such."""
    bound = text(statement)
    if "variables" in values:
        bound = bound.bindparams(bindparam("variables", type_=JSONB))
    await session.execute(text(_PLANNED))
    result = await session.execute(bound, values)
    await session.execute(text(_PLANNED_AS_USUAL))
    return result


def matter(mailing: Mailing, gate: Gate) -> Matter:
    """What the gate is asked about everybody."""
    question = Question(
        purpose=mailing.purpose,
        origin=Origin.CAMPAIGN,
        available=planning.available(gate, ""),
        texts=frozenset(),
        kinds=mailing.kinds,
        topic=mailing.topic,
    )
    return Matter(question, spoken(mailing.version, gate.default_language), gate.rules)


def spoken(version: TemplateVersion, fallback: str) -> dict[Kind, frozenset[str] | None]:
    """The languages in which a template has a text for each kind; None: the fallback's serves everybody."""
    found: dict[Kind, frozenset[str] | None] = {}
    for kind in Kind:
        languages = (one for one in version.variants if kind in rendering.kinds(version.variants, one, one))
        found[kind] = None if kind in rendering.kinds(version.variants, fallback, fallback) else frozenset(languages)
    return found


def verdict(row: Any) -> Verdict:
    """A row of `decided`."""
    return Verdict(
        row.customer_id,
        Kind(row.kind) if row.kind else None,
        row.recipient,
        row.identity_id,
        Withheld(row.reason) if row.reason else None,
        row.not_before,
        tuple(row.trace),
    )


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
        "priority": PRIORITY[Origin.CAMPAIGN],
        "version": mailing.version.id,
        "variables": dict(mailing.variables),
        "segments": costs.guess(mailing.version, gate.default_language),
    }


# A slice is a range of every table: each is read through once and joined by hash. What the planner believes of the
# sizes of common table expressions leads it to compare everybody with everybody; compiling takes longer than running.
# It has to know which customers are meant: a plan for any of them reads the whole month of the log for each slice.
_PLANNED = """select set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true),
  set_config('work_mem', '64MB', true), set_config('plan_cache_mode', 'force_custom_plan', true)"""
_PLANNED_AS_USUAL = """select set_config('enable_nestloop', 'on', true), set_config('jit', 'on', true),
  set_config('plan_cache_mode', 'auto', true)"""

_RECIPIENTS = """
select customer_id from campaign_recipient
where campaign_id = :campaign and step = :step and customer_id > :low and customer_id <= :high
  and interaction_id is null
"""

_AMONG = "  and customer_id = any(cast(:only as uuid[]))\n"

_NAMED = "select unnest(cast(:customers as uuid[])) as customer_id"


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
        "origin": f"'{Origin.CAMPAIGN.value}'",
        "purpose": "cast(:purpose as text)",
        "state": f"case when reason is null then '{State.QUEUED.value}' else '{State.WITHHELD.value}' end",
        "state_rank": f"case when reason is null then {State.QUEUED.rank} else {State.WITHHELD.rank} end",
        "state_at": "cast(:now as timestamptz)",
        "reason": "coalesce(reason, '')",
        "recipient": "coalesce(recipient, '')",
        "template_version_id": "cast(:version as int)",
        "variables": "cast(:variables as jsonb)",
        "trace": "trace",
        "auto": f"'{Auto.AUTO_REPLY.value}'",
        "campaign_id": "cast(:campaign as int)",
    }
    empty = {name: "''" for name, value in defaults(Interaction).items() if value == "" and name not in own}
    columns = own | empty
    return ", ".join(columns), ", ".join(columns.values())


_COLUMNS, _VALUES = _log_columns()

_WRITE = f"""
numbered as materialized (
  select d.*, (:head || lpad(to_hex(row_number() over ()), 8, '0'))::uuid as id from decided d),
logged as (
  insert into interaction ({_COLUMNS}) select {_VALUES} from numbered returning 1),
taken as (
  update campaign_recipient r set interaction_id = n.id from numbered n
  where r.campaign_id = :campaign and r.step = :step and r.customer_id = n.customer_id
    and r.customer_id > :low and r.customer_id <= :high and r.interaction_id is null
  returning 1),
queued as (
  insert into outbox (interaction_id, campaign_id, sender_id, priority, due_at, cost, attempts, fence, worker)
  select id, cast(:campaign as int),
    case kind when 'email' then cast(:email_sender as int) when 'sms' then cast(:sms_sender as int)
      else cast(:voice_sender as int) end,
    cast(:priority as int), coalesce(not_before, cast(:now as timestamptz)),
    case kind when 'sms' then cast(:segments as smallint) else 1 end, 0, 0, ''
  from numbered where reason is null)
select (select count(*) from logged) as logged, (select count(*) from taken) as taken,
  (select count(*) from numbered) as judged,
  (select array_agg(distinct kind) from numbered where reason is null) as kinds
"""
