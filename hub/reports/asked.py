"""What a report is asked: which days, and whose words. The conditions that every report's query shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, and_, cast, literal, or_, select
from sqlalchemy import func as sql
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns.costs import Tariff
from hub.clock import first_uuid7
from hub.models import Conversation, Customer, Interaction, TeamChannel, TeamMember
from hub.models.vocabulary import Direction, Origin, State
from hub.reports.spans import Span
from hub.segments import asking, saved

Where = ColumnElement[bool]
NOT_LEFT = (State.QUEUED, State.SENDING, State.WITHHELD, State.EXPIRED, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """To a team (its channels, its people), somebody, a configured channel, a saved segment; None and "": to none."""

    team_id: int | None = None
    staff_id: int | None = None
    channel: str = ""
    segment_id: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that a report needs to know. `meant`: the customers of the segment, as a condition over `customer`.

    `prices`: of the configured channels that have one.
    """

    span: Span
    now: datetime
    narrowed: Narrowed = Narrowed()
    meant: Where | None = None
    prices: Mapping[str, Tariff] = field(default_factory=dict)

    def lately(self, moment: Any) -> Any:
        """Within the days that are asked about, not those before them."""
        return moment >= self.span.since

    def within(self, moment: Any) -> Where:
        """Within both."""
        return and_(moment >= self.span.before.since, moment < self.span.until)

    def day(self, moment: Any) -> ColumnElement[Any]:
        """The first day of the point of the picture that a moment belongs to."""
        local = cast(sql.timezone(self.span.zone, moment), Date)
        if self.span.step == 1:
            return local
        first = literal(self.span.first, Date)
        return first + cast(local - first, Integer) // self.span.step * self.span.step

    def words(self) -> list[Where]:
        """Over `interaction`: what was said in both times, without tests and notes."""
        since, until = first_uuid7(self.span.before.since), first_uuid7(self.span.until)
        found: list[Where] = [
            col(Interaction.id) >= since,
            col(Interaction.id) < until,
            col(Interaction.origin).not_in((Origin.TEST, Origin.REPORT)),
            col(Interaction.direction) != Direction.NOTE,
            *self.channels(col(Interaction.channel)),
            *self.customers(col(Interaction.customer_id)),
        ]
        if self.narrowed.staff_id is not None:
            theirs = select(col(Conversation.id)).where(col(Conversation.assignee_id) == self.narrowed.staff_id)
            heard = and_(col(Interaction.direction) == Direction.IN, col(Interaction.conversation_id).in_(theirs))
            found.append(or_(col(Interaction.staff_id) == self.narrowed.staff_id, heard))
        return found

    def channels(self, channel: Any) -> list[Where]:
        """Over a column with the name of a configured channel."""
        found: list[Where] = [channel == self.narrowed.channel] if self.narrowed.channel else []
        if self.narrowed.team_id is not None:
            theirs = select(col(TeamChannel.channel)).where(col(TeamChannel.team_id) == self.narrowed.team_id)
            found.append(channel.in_(theirs))
        return found

    def customers(self, customer_id: Any) -> list[Where]:
        return [customer_id.in_(select(col(Customer.id)).where(self.meant))] if self.meant is not None else []

    def staff(self, staff_id: Any) -> list[Where]:
        """Over a column with somebody's number: that person, the people of the team."""
        found: list[Where] = [staff_id == self.narrowed.staff_id] if self.narrowed.staff_id is not None else []
        if self.narrowed.team_id is not None:
            theirs = select(col(TeamMember.staff_id)).where(col(TeamMember.team_id) == self.narrowed.team_id)
            found.append(staff_id.in_(theirs))
        return found


async def asked(
    session: AsyncSession,
    span: Span,
    narrowed: Narrowed = Narrowed(),
    *,
    prices: Mapping[str, Tariff] | None = None,
    now: datetime,
) -> Asked:
    """Raises saved.NoSuchSegment, or BadCondition of a segment that is no longer understood."""
    meant = None
    if narrowed.segment_id is not None:
        segment = await saved.get(session, narrowed.segment_id)
        meant = await asking.where(session, segment.tree, now=now)
    return Asked(span, now, narrowed, meant, prices or {})
