"""How far a campaign is: its interactions by state, added up from the log itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, exists, func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import clock
from hub.models import Attempt, Campaign, Interaction
from hub.models.vocabulary import CampaignState, State
from hub.segments import asking

WAITING = (State.QUEUED, State.SENDING, State.RINGING, State.TALKING)
LEFT = (State.SENT, State.DELIVERED, State.READ, State.MISSED)  # handed to a provider
_OVER = (CampaignState.FINISHED, CampaignState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Counts:
    """`fed` customers looked at so far out of `audience`; every one of them is in exactly one of the states.

    `sent` and `delivered` are where messages stand now, not how many ever got there: a read one counts as read.
    `returned` are those of `failed` that a provider had taken before.
    A call that rings or talks counts as sending, one that nobody took as `missed`.
    """

    fed: int
    audience: int
    queued: int = 0
    sending: int = 0
    unknown: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    missed: int = 0
    failed: int = 0
    returned: int = 0
    expired: int = 0
    cancelled: int = 0
    withheld: Mapping[str, int] = field(default_factory=dict)  # reason → customers

    @property
    def total(self) -> int:
        """The sum of the states: equals `fed`."""
        stopped = self.failed - self.returned + self.expired + self.cancelled + self.held
        return self.open + self.unknown + self.left + stopped

    @property
    def open(self) -> int:
        return self.queued + self.sending

    @property
    def left(self) -> int:
        """What is called sent: a provider took it, whatever came of it there; what bounced is among them."""
        return self.sent + self.delivered + self.read + self.missed + self.returned

    @property
    def held(self) -> int:
        return sum(self.withheld.values())


async def counts(session: AsyncSession, campaign: Campaign) -> Counts:
    """The figures of one campaign, read in the caller's transaction."""
    by_state = await _by_state(session, campaign)
    return Counts(
        fed=campaign.fed,
        audience=await _audience(session, campaign),
        queued=by_state.get(State.QUEUED, 0),
        sending=sum(by_state.get(state, 0) for state in (State.SENDING, State.RINGING, State.TALKING)),
        unknown=by_state.get(State.UNKNOWN, 0),
        sent=by_state.get(State.SENT, 0),
        delivered=by_state.get(State.DELIVERED, 0),
        read=by_state.get(State.READ, 0),
        missed=by_state.get(State.MISSED, 0),
        failed=by_state.get(State.FAILED, 0),
        returned=await _returned(session, campaign) if by_state.get(State.FAILED) else 0,
        expired=by_state.get(State.EXPIRED, 0),
        cancelled=by_state.get(State.CANCELLED, 0),
        withheld=await reasons(session, campaign.id or 0, State.WITHHELD),
    )


def handed_over() -> ColumnElement[bool]:
    """Over `interaction`: a provider took it, whatever came of it there. The one meaning of "sent"."""
    return or_(col(Interaction.state).in_(LEFT), _came_back())


def _came_back() -> ColumnElement[bool]:
    """It failed after a provider had taken it."""
    taken = exists().where(col(Attempt.interaction_id) == Interaction.id, col(Attempt.outcome) == "accepted")
    return and_(col(Interaction.state) == State.FAILED, taken)


async def _returned(session: AsyncSession, campaign: Campaign) -> int:
    query = select(func.count()).select_from(Interaction).where(Interaction.campaign_id == campaign.id, _came_back())
    return (await session.exec(query)).one()


async def _by_state(session: AsyncSession, campaign: Campaign) -> Mapping[State, int]:
    query = select(Interaction.state, func.count()).where(col(Interaction.campaign_id) == campaign.id)
    rows = (await session.exec(query.group_by(col(Interaction.state)))).all()
    return {State(state): number for state, number in rows}


async def reasons(session: AsyncSession, campaign_id: int, state: State) -> Mapping[str, int]:
    """Why its messages are in a state, the most frequent reason first."""
    query = (
        select(Interaction.reason, func.count())
        .where(col(Interaction.campaign_id) == campaign_id, col(Interaction.state) == state)
        .group_by(col(Interaction.reason))
        .order_by(func.count().desc(), col(Interaction.reason))
    )
    return dict((await session.exec(query)).all())


async def _audience(session: AsyncSession, campaign: Campaign) -> int:
    """Of a campaign that is over: those it looked at; of one that has begun: whom it meant then. Else whom it would."""
    if campaign.state in _OVER:
        return campaign.fed
    if campaign.audience_at is not None:
        return max(campaign.audience, campaign.fed)  # later steps are messages too
    return max(campaign.fed, await asking.count(session, campaign.segment, now=clock.now()))
