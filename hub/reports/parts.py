"""The reports there are: one literal table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.reports import (
    agents,
    answers,
    calls,
    campaigns,
    consents,
    deliverability,
    loyalty,
    promises,
    satisfaction,
    segments,
    volume,
)
from hub.reports.asked import Asked, Narrowed
from hub.reports.shapes import Report
from hub.staff.roles import Action

ALL = ("team", "staff", "channel", "segment")


@dataclass(frozen=True, slots=True)
class Part:
    """`narrowed`: what it can be narrowed to. `action`: what its reader has to be allowed besides reading reports."""

    report: Callable[[AsyncSession, Asked], Awaitable[Report]]
    narrowed: tuple[str, ...] = ALL
    action: Action = Action.REPORTS

    def only(self, narrowed: Narrowed) -> Narrowed:
        """What it cannot be narrowed to is left out."""
        return Narrowed(
            team_id=narrowed.team_id if "team" in self.narrowed else None,
            staff_id=narrowed.staff_id if "staff" in self.narrowed else None,
            channel=narrowed.channel if "channel" in self.narrowed else "",
            segment_id=narrowed.segment_id if "segment" in self.narrowed else None,
        )


PARTS: Mapping[str, Part] = {
    "volume": Part(volume.report),
    "answers": Part(answers.report),
    "satisfaction": Part(satisfaction.report),
    "promises": Part(promises.report, action=Action.TEAMS),
    "agents": Part(agents.report, action=Action.TEAMS),
    "calls": Part(calls.report),
    "campaigns": Part(campaigns.report, ("team", "channel", "segment")),
    "segments": Part(segments.report, ("team", "channel")),
    "deliverability": Part(deliverability.report, ("team", "channel", "segment")),
    "consents": Part(consents.report, ("segment",)),
    "loyalty": Part(loyalty.report, ("segment",)),
}
