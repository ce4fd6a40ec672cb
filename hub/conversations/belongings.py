"""What ends with a team: what its people keep for it and nobody else has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import CannedAnswer, MacroRow, OpeningHours, SavedView, SlaPolicy


@dataclass(frozen=True, slots=True)
class Belongings:
    """Names of what is deleted when the team ends."""

    canned: tuple[str, ...]  # shortcuts
    views: tuple[str, ...]
    policies: tuple[str, ...]
    macros: tuple[str, ...]
    hours: bool  # business hours of its own

    def __bool__(self) -> bool:
        return bool(self.canned or self.views or self.policies or self.macros or self.hours)


async def of_team(session: AsyncSession, team_id: int) -> Belongings:
    """Everything that is this team's alone."""
    hours = select(func.count()).select_from(OpeningHours).where(col(OpeningHours.team_id) == team_id)
    return Belongings(
        canned=tuple(await _names(session, CannedAnswer, CannedAnswer.shortcut, team_id)),
        views=tuple(await _names(session, SavedView, SavedView.name, team_id)),
        policies=tuple(await _names(session, SlaPolicy, SlaPolicy.name, team_id)),
        macros=tuple(await _names(session, MacroRow, MacroRow.name, team_id)),
        hours=bool((await session.exec(hours)).one()),
    )


async def _names(session: AsyncSession, table: Any, name: Any, team_id: int) -> Sequence[str]:
    return (await session.exec(select(name).where(table.team_id == team_id).order_by(name))).all()
