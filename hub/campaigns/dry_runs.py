"""What would happen if a campaign began now: the gate asked about everybody in its segment, slice by slice.

The answers are kept until the next dry run, so that every sum opens the list behind it. Nothing is sent or logged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.campaigns import learning, learnt_difference, lengths, portions, proofs
from hub.campaigns.learnt_difference import Change
from hub.models import Campaign, DryRun, DryRunLine
from hub.models.vocabulary import Kind, Withheld
from hub.outbound import bulk, dry_run, mailings, rendering
from hub.outbound.bulk import Verdict
from hub.outbound.mailings import Mailing
from hub.outbound.rendering import Variants
from hub.outbound.request import Gate
from hub.segments import asking

WRONG = "the text cannot be sent as it is written"

SLICE, AT_ONCE = 20_000, 2_000  # `AT_ONCE`: while somebody waits for the page


@dataclass(frozen=True, slots=True)
class Group:
    """Customers with the same answer: on a `kind`, at once or `later` (when quiet hours end), or left out."""

    kind: Kind | None
    reason: Withheld | None
    later: bool
    number: int
    segments: int = 0  # of SMS
    until: datetime | None = None  # when the last of those who wait may have it


@dataclass(frozen=True, slots=True)
class Report:
    """`looked_at` of `audience` customers were put to the gate; each is in exactly one of the groups."""

    begun_at: datetime
    done_at: datetime | None
    audience: int
    looked_at: int
    groups: tuple[Group, ...]
    learnt: Change | None = None  # None: it does not go by what was learnt

    @property
    def reachable(self) -> int:
        return sum(group.number for group in self.groups if group.kind is not None)

    def of_kind(self, kind: Kind) -> int:
        return sum(group.number for group in self.groups if group.kind is kind)

    def units(self, kind: Kind) -> int:
        """What is counted and paid: segments of SMS, else messages."""
        mine = [group for group in self.groups if group.kind is kind]
        return sum(group.segments if kind is Kind.SMS else group.number for group in mine)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(kind for kind in Kind if self.of_kind(kind))

    def later(self, kind: Kind) -> Group | None:
        """Those of a kind who wait for the end of quiet hours."""
        return next((group for group in self.groups if group.kind is kind and group.later), None)

    @property
    def left_out(self) -> tuple[tuple[Withheld, int], ...]:
        """Reasons, the most frequent first."""
        found = [(group.reason, group.number) for group in self.groups if group.reason is not None]
        return tuple(sorted(found, key=lambda one: (-one[1], one[0])))


async def begin(session: AsyncSession, campaign_id: int, *, now: datetime) -> None:
    """Forget the last one and start anew; `advance` does the work. Raises LookupError."""
    campaign = await _campaign(session, campaign_id)
    await session.exec(delete(DryRunLine).where(col(DryRunLine.campaign_id) == campaign_id))
    fresh: dict[str, Any] = {
        "plan": _plan(campaign),
        "begun_at": now,
        "done_at": None,
        "audience": await asking.count(session, campaign.segment, now=now),
        "looked_at": 0,
        "cursor": None,
        "counts": [],
        "learnt": {},
    }
    row = insert(DryRun).values(campaign_id=campaign_id, **fresh)
    await session.exec(row.on_conflict_do_update(index_elements=["campaign_id"], set_=fresh))


async def advance(session: AsyncSession, campaign_id: int, *, gate: Gate, limit: int = SLICE) -> bool:
    """Put the next `limit` customers to the gate; True: call again. Whoever changes the campaign ends it: see `stale`.

    The moment it is about is when it began. Raises LookupError.
    """
    campaign = await _campaign(session, campaign_id)
    row = await _locked(session, campaign_id)
    if row is None or row.done_at is not None or row.plan != _plan(campaign):
        return False
    where = await asking.where(session, campaign.segment, now=row.begun_at)
    customers = await asking.slice_after(session, where, row.cursor, limit=limit)
    if customers and campaign.template_version_id is not None:
        groups, change = await _judge(session, campaign, customers, gate, row.begun_at)
        row.learnt = (Change.read(row.learnt) + change).kept
        row.counts = [_kept(group) for group in _added([*map(_group, row.counts), *groups])]
        row.looked_at, row.cursor = row.looked_at + sum(group.number for group in groups), customers[-1]
    if len(customers) < limit or campaign.template_version_id is None:
        row.done_at = row.begun_at
        row.audience = row.looked_at if campaign.template_version_id is not None else row.audience
    session.add(row)
    await session.flush()
    await live.publish(session, "campaign", id=campaign_id)
    return row.done_at is None


async def report(session: AsyncSession, campaign_id: int) -> Report | None:
    """The last dry run of the campaign as it is now; None when there is none. Raises LookupError."""
    campaign = await _campaign(session, campaign_id)
    row = await session.get(DryRun, campaign_id, populate_existing=True)
    if row is None or row.plan != _plan(campaign):
        return None
    change = Change.read(row.learnt) if campaign.learnt else None
    return Report(row.begun_at, row.done_at, row.audience, row.looked_at, tuple(map(_group, row.counts)), change)


async def forget(session: AsyncSession, campaign_id: int) -> None:
    """It has begun: what really happens is in the log."""
    await session.exec(delete(DryRunLine).where(col(DryRunLine.campaign_id) == campaign_id))
    await session.exec(delete(DryRun).where(col(DryRun.campaign_id) == campaign_id))


async def _campaign(session: AsyncSession, campaign_id: int) -> Campaign:
    found = await session.get(Campaign, campaign_id)
    if found is None:
        raise LookupError(f"there is no campaign {campaign_id}")
    return found


def _plan(campaign: Campaign) -> str:
    said = (
        campaign.segment,
        campaign.kinds,
        campaign.purpose,
        campaign.topic,
        campaign.template_version_id,
        campaign.variables,
        campaign.learnt,
    )
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


async def _locked(session: AsyncSession, campaign_id: int) -> DryRun | None:
    query = select(DryRun).where(col(DryRun.campaign_id) == campaign_id).with_for_update()
    return (await session.exec(query.execution_options(populate_existing=True))).one_or_none()


# ---- one slice ------------------------------------------------------------------------------

_KEEP = """,
kept as (
  insert into dry_run_line (campaign_id, customer_id, kind, reason, not_before, segments, trace)
  select cast(:dry_run as int), customer_id, coalesce(kind, ''), coalesce(reason, ''), not_before, 0, trace
  from proven)
select kind, reason, not_before is not null as later, count(*) as number, max(not_before) as until
from proven group by 1, 2, 3"""

# Whoever would get a text that cannot be sent as it is written gets nothing. `texts` has every channel and language
# with a text; those without one of their own get that in the language of all.
_PROVEN = """,
texts as (
  select * from unnest(cast(:said_kinds as text[]), cast(:said_languages as text[]), cast(:said_wrong as bool[]))
    as s(kind, language, wrong)),
proven as (
  select d.customer_id, case when not wrong then d.kind end as kind,
    case when wrong then 'template_error' else d.reason end as reason,
    case when not wrong then d.not_before end as not_before,
    case when wrong then d.trace || jsonb_build_array(cast(:wrong_words as text)) else d.trace end as trace
  from decided d
  cross join lateral (select d.kind is not null and coalesce(
    (select s.wrong from texts s join customer c on c.id = d.customer_id
      where s.kind = d.kind and s.language = c.language),
    (select s.wrong from texts s where s.kind = d.kind and s.language = :fallback), false) as wrong) w)"""

_LENGTHS = text("""
update dry_run_line l set segments = t.segments
from unnest(cast(:ids as uuid[]), cast(:lengths as int[])) as t(id, segments)
where l.campaign_id = :campaign and l.customer_id = t.id
""")


async def _judge(
    session: AsyncSession, campaign: Campaign, customers: Sequence[UUID], gate: Gate, now: datetime
) -> tuple[list[Group], Change]:
    known = await learning.look(session, campaign, customers, gate=gate, now=now)
    mailing = await portions.mailing(session, campaign, learnt=learning.told(known))
    about = mailings.matter(mailing, gate)
    asked = await bulk.ask(session, about, customers, now=now)
    unfit = await proofs.unfit(session, campaign, mailing.version, gate=gate, now=now)
    values = {**asked.values, "dry_run": campaign.id, **_said(mailing.version.variants, unfit, gate)}
    rows = (await bulk.run(session, f"{asked.tables}{_PROVEN}{_KEEP}", values)).all()
    groups = [_counted(row) for row in rows]
    odd = await dry_run.by_hand(session, about, asked.by_hand, now=now)
    odd = [_proven(one, unfit) for one in odd] if unfit else odd
    if odd:
        await session.execute(insert(DryRunLine), [_line(campaign, one) for one in odd])
        groups += map(_alone, odd)
    change = await learnt_difference.count(session, campaign, mailing, known, gate=gate, now=now) if known else Change()
    return await _measured(session, mailing, customers, groups, gate, now), change


def _said(variants: Variants, unfit: frozenset[tuple[Kind, str]], gate: Gate) -> dict[str, object]:
    """The values of `_PROVEN`."""
    texts = [(kind, one) for one in variants for kind in Kind if kind in rendering.kinds(variants, one, one)]
    return {
        "said_kinds": [kind.value for kind, _ in texts],
        "said_languages": [language for _, language in texts],
        "said_wrong": [text in unfit for text in texts],
        "fallback": gate.default_language,
        "wrong_words": WRONG,
    }


def _proven(verdict: Verdict, unfit: frozenset[tuple[Kind, str]]) -> Verdict:
    """The few whom `permission` judged one by one: a text that is wrong in any language keeps them from it."""
    if verdict.kind is None or verdict.kind not in {kind for kind, _ in unfit}:
        return verdict
    trace = (*verdict.trace, WRONG)
    return replace(verdict, kind=None, reason=Withheld.TEMPLATE_ERROR, not_before=None, trace=trace)


async def _measured(
    session: AsyncSession, mailing: Mailing, customers: Sequence[UUID], groups: list[Group], gate: Gate, now: datetime
) -> list[Group]:
    """The same groups with the segments of their SMS, which the lines get as well."""
    if not any(group.kind is Kind.SMS for group in groups):
        return groups
    mine = (col(DryRunLine.campaign_id) == mailing.campaign_id, col(DryRunLine.kind) == Kind.SMS.value)
    between = (col(DryRunLine.customer_id) >= customers[0], col(DryRunLine.customer_id) <= customers[-1])
    lines = select(DryRunLine.customer_id, DryRunLine.not_before).where(*mine, *between)
    waits = {customer: not_before is not None for customer, not_before in await session.exec(lines)}
    found = await lengths.segments(session, mailing, list(waits), gate=gate, now=now)
    values = {"ids": list(found), "lengths": list(found.values()), "campaign": mailing.campaign_id}
    await session.execute(_LENGTHS, values)
    sums = {
        later: sum(found.get(one, 0) for one, waiting in waits.items() if waiting is later) for later in (True, False)
    }
    more = [Group(Kind.SMS, None, later, 0, number) for later, number in sums.items() if number]
    return [*groups, *more]


def _counted(row: Any) -> Group:
    kind = Kind(row.kind) if row.kind else None
    return Group(kind, None if kind else Withheld(row.reason), row.later, row.number, until=row.until)


def _alone(verdict: Verdict) -> Group:
    later = verdict.not_before is not None
    return Group(verdict.kind, verdict.reason if verdict.kind is None else None, later, 1, until=verdict.not_before)


def _line(campaign: Campaign, verdict: Verdict) -> Mapping[str, object]:
    return {
        "campaign_id": campaign.id,
        "customer_id": verdict.customer_id,
        "kind": verdict.kind.value if verdict.kind else "",
        "reason": verdict.reason.value if verdict.reason else "",
        "not_before": verdict.not_before,
        "segments": 0,
        "trace": list(verdict.trace),
    }


def _added(groups: Iterable[Group]) -> list[Group]:
    """Those with the same answer as one."""
    sums: dict[tuple[Kind | None, Withheld | None, bool], Group] = {}
    for group in groups:
        key = (group.kind, group.reason, group.later)
        known = sums.get(key, Group(*key, 0))
        until = max(filter(None, (known.until, group.until)), default=None)
        sums[key] = Group(*key, known.number + group.number, known.segments + group.segments, until)
    return list(sums.values())


def _kept(group: Group) -> dict[str, Any]:
    return asdict(group) | {"until": group.until.isoformat() if group.until else None}


def _group(kept: Mapping[str, Any]) -> Group:
    return Group(
        Kind(kept["kind"]) if kept["kind"] else None,
        Withheld(kept["reason"]) if kept["reason"] else None,
        bool(kept["later"]),
        int(kept["number"]),
        int(kept["segments"]),
        datetime.fromisoformat(kept["until"]) if kept["until"] else None,
    )
