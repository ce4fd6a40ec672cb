"""Service levels as they are kept: ordered policies, of which the first that fits a conversation holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.conversations.promises import Terms
from hub.models import Conversation, SlaPolicy, Staff, Team
from hub.models.vocabulary import ConversationState
from hub.sentences import LONG_NAME, Sentence, too_long
from hub.staff import audit

LONGEST = 60 * 24 * 60  # minutes of working time: some eight months of office hours
LONGEST_NAME = 100


class NoSuchPolicy(LookupError):
    """There is no such policy."""


class PolicyProblem(ValueError):
    """The policy cannot be kept like this; the message says why, for the person at the screen."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Promises in minutes of working time (None: none), for conversations of a team and a sort of customer.

    `team_id` None: whosever; `label` empty: any customer. `escalate_to`, `escalate_to_team`: who gets a task when a
    promise is broken, a person or somebody of a team.
    """

    name: str
    position: int = 1
    team_id: int | None = None
    label: str = ""
    vip_only: bool = False
    first: int | None = None
    next: int | None = None
    resolution: int | None = None
    warn: int = 0
    escalate_to: int | None = None
    escalate_to_team: int | None = None
    id: int | None = None

    @property
    def terms(self) -> Terms:
        return Terms(_time(self.first), _time(self.next), _time(self.resolution), timedelta(minutes=self.warn))

    def fits(self, team_id: int | None, labels: Collection[str], *, vip: bool) -> bool:
        """Is it for a conversation of this team with such a customer?"""
        team = self.team_id in (None, team_id)
        return team and (not self.label or self.label in labels) and (vip or not self.vip_only)


async def listing(session: AsyncSession) -> list[Policy]:
    """In the order in which they are asked."""
    rows = await session.exec(select(SlaPolicy).order_by(col(SlaPolicy.position), col(SlaPolicy.id)))
    return [_policy(row) for row in rows]


async def save(session: AsyncSession, policy: Policy, *, now: datetime, by: int | None) -> int:
    """Make one, or change the one whose `id` it has; its id. Raises PolicyProblem or NoSuchPolicy."""
    name = " ".join(policy.name.split())
    await _check(session, policy, name)
    row = await _row(session, policy.id) if policy.id is not None else SlaPolicy(name=name, position=1)
    row.name, row.position, row.team_id = name, policy.position, policy.team_id
    row.label, row.vip_only = policy.label.strip(), policy.vip_only
    row.first_minutes, row.next_minutes = policy.first, policy.next
    row.resolution_minutes, row.warn_minutes = policy.resolution, policy.warn
    row.escalate_staff_id, row.escalate_team_id = policy.escalate_to, policy.escalate_to_team
    session.add(row)
    await session.flush()
    await again(session)
    await audit.write(session, "sla.change", staff_id=by, subject=f"sla:{row.id}", detail=name, now=now)
    return row.id or 0


async def remove(session: AsyncSession, policy_id: int, *, now: datetime, by: int | None) -> None:
    """What it promised is promised no more; what was settled stays. Raises NoSuchPolicy."""
    row = await _row(session, policy_id)
    await session.delete(row)
    await session.flush()
    await again(session)
    await audit.write(session, "sla.delete", staff_id=by, subject=f"sla:{policy_id}", detail=row.name, now=now)


async def again(session: AsyncSession) -> None:
    """Policies or hours have changed: every open conversation's promises are reckoned anew."""
    concerned = or_(col(Conversation.state) != ConversationState.RESOLVED, col(Conversation.due_at).is_not(None))
    await session.execute(update(Conversation).where(concerned).values(stirred=True))


def first_that_fits(
    policies: Iterable[Policy], team_id: int | None, labels: Collection[str], *, vip: bool
) -> Policy | None:
    """The policy that holds; None: nothing is promised."""
    return next((one for one in policies if one.fits(team_id, labels, vip=vip)), None)


async def _check(session: AsyncSession, policy: Policy, name: str) -> None:
    if not name:
        raise PolicyProblem(Sentence("The policy needs a name: colleagues read it where an answer is late"))
    if long := too_long(LONG_NAME, name, LONGEST_NAME):
        raise PolicyProblem(long)
    times = [one for one in (policy.first, policy.next, policy.resolution) if one is not None]
    if not times:
        raise PolicyProblem(Sentence("The policy promises nothing. Give minutes for at least one of the three"))
    if any(not 0 < one <= LONGEST for one in times) or not 0 <= policy.warn <= LONGEST:
        raise PolicyProblem(
            Sentence("Minutes of working time go from 1 to %(most)s. Correct the number", {"most": LONGEST})
        )
    if not -1000 <= policy.position <= 1000:
        raise PolicyProblem(Sentence("The place in the order goes from -1000 to 1000. Correct the number"))
    gone = await _gone(session, policy)
    if gone:
        raise PolicyProblem(gone)


async def _gone(session: AsyncSession, policy: Policy) -> Sentence | None:
    for table, one, words in (
        (Team, policy.team_id, Sentence("The team is there no more. Load the page again")),
        (Team, policy.escalate_to_team, Sentence("The team that gets the task is there no more. Load the page again")),
        (Staff, policy.escalate_to, Sentence("Who gets the task is there no more. Load the page again")),
    ):
        if one is not None and await session.get(table, one) is None:
            return words
    return None


async def _row(session: AsyncSession, policy_id: int) -> SlaPolicy:
    row = await session.get(SlaPolicy, policy_id, with_for_update=True)
    if row is None:
        raise NoSuchPolicy(f"There is no policy {policy_id}")
    return row


def _policy(row: SlaPolicy) -> Policy:
    return Policy(
        name=row.name,
        position=row.position,
        team_id=row.team_id,
        label=row.label,
        vip_only=row.vip_only,
        first=row.first_minutes,
        next=row.next_minutes,
        resolution=row.resolution_minutes,
        warn=row.warn_minutes,
        escalate_to=row.escalate_staff_id,
        escalate_to_team=row.escalate_team_id,
        id=row.id,
    )


def _time(minutes: int | None) -> timedelta | None:
    return None if minutes is None else timedelta(minutes=minutes)
