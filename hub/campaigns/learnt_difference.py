"""What the learnt channel and hour change of a campaign, counted for its dry run: who gets it otherwise, who waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import learning
from hub.campaigns.learning import Known
from hub.models import Campaign
from hub.models.vocabulary import Kind
from hub.outbound import dry_run, mailings
from hub.outbound.asking import Gate
from hub.outbound.mailings import Mailing


@dataclass(frozen=True, slots=True)
class Change:
    """`moved`: how many get it on a kind that the usual order would not have given them. `waits`: how many wait for the
    hour at which they answer, the last of them `until` then.
    """

    moved: Counter[Kind] = field(default_factory=Counter)
    waits: int = 0
    until: datetime | None = None

    def __add__(self, other: Change) -> Change:
        until = max(filter(None, (self.until, other.until)), default=None)
        return Change(self.moved + other.moved, self.waits + other.waits, until)

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Change:
        """As `kept` wrote it."""
        if not kept:
            return cls()
        until = datetime.fromisoformat(kept["until"]) if kept["until"] else None
        return cls(Counter({Kind(kind): number for kind, number in kept["moved"].items()}), kept["waits"], until)

    @property
    def kept(self) -> dict[str, Any]:
        moved = {kind.value: number for kind, number in self.moved.items()}
        return {"moved": moved, "waits": self.waits, "until": self.until.isoformat() if self.until else None}


async def count(
    session: AsyncSession, campaign: Campaign, mailing: Mailing, known: Known, *, gate: Gate, now: datetime
) -> Change:
    """Of those in a slice of the dry run whose lines are written: these are marked."""
    moved = await _moved(session, mailing, known, gate, now)
    waits = await learning.hours(session, campaign, known, gate=gate, now=now)
    return Change(moved, len(waits), max(waits.values(), default=None))


async def _moved(session: AsyncSession, mailing: Mailing, known: Known, gate: Gate, now: datetime) -> Counter[Kind]:
    """The gate is asked once more, as if nothing had been learnt."""
    some = [customer for customer, one in known.items() if one.learnt]
    usual = mailings.matter(replace(mailing, learnt=None), gate)
    plain = [one for one in await dry_run.answers(session, usual, some, now=now) if one.kind]
    ids, kinds = [one.customer_id for one in plain], [str(one.kind) for one in plain]
    rows = await session.execute(_MOVED, {"campaign": mailing.campaign_id, "ids": ids, "kinds": kinds})
    return Counter(Kind(kind) for kind in rows.scalars())


_MOVED = text("""
update dry_run_line l set learnt = true
from unnest(cast(:ids as uuid[]), cast(:kinds as text[])) as usual(id, kind)
where l.campaign_id = :campaign and l.customer_id = usual.id and l.kind <> '' and l.kind <> usual.kind
returning l.kind
""")
