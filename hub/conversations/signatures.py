"""What closes an agent's mail: their own words, else those of the team whose mailbox it leaves by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Staff
from hub.outbound import rendering
from hub.outbound.request import Gate
from hub.sentences import Gap, Sentence
from hub.staff import accounts, teams
from hub.staff.teams import Group

LINES = 12  # of a longer one readers no longer believe that it is a signature

_SAMPLE = {"name": "Maria", "team": "Support", "company": "Meadow"}
NAMES = tuple(_SAMPLE)  # what a signature may name


class SignatureProblem(ValueError):
    """The signature cannot be used; the message says where and why, for the person at the screen."""


async def save_own(session: AsyncSession, staff_id: int, signature: str, *, now: datetime) -> None:
    """Of one person; empty: the team's counts. Raises SignatureProblem or teams.TeamProblem."""
    await teams.set_own_signature(session, staff_id, checked(signature), now=now)


async def save_of_team(session: AsyncSession, team_id: int, signature: str, *, now: datetime, by: int) -> None:
    """Of a team. Raises SignatureProblem, teams.TeamProblem or teams.NotFound."""
    await teams.set_signature(session, team_id, checked(signature), now=now, by=by)


def checked(signature: str) -> str:
    """Tidy, and right as a template. Raises SignatureProblem or teams.TeamProblem."""
    text = teams.tidy(signature)
    if len(text.split("\n")) > LINES:
        raise SignatureProblem(
            Sentence(
                "The signature has more than %(most)s lines. Shorten it: readers fold longer ones away", {"most": LINES}
            )
        )
    try:
        rendering.line(text, _SAMPLE, where="signature")
    except rendering.TemplateProblem as problem:
        known = ", ".join(f"{{{{ {name} }}}}" for name in NAMES)
        gaps: dict[str, Gap] = {"why": problem.said, "names": known}
        raise SignatureProblem(Sentence("The signature: %(why)s (it may name %(names)s)", gaps)) from problem
    return text


async def closing(session: AsyncSession, staff_id: int, channel: str, *, gate: Gate) -> str:
    """The signature of this person's mails by this channel, filled in; empty when there is none. Raises
    SignatureProblem.
    """
    return (await closings(session, staff_id, (channel,), await teams.listing(session), gate=gate))[channel]


async def closings(
    session: AsyncSession, staff_id: int, channels: Iterable[str], groups: Sequence[Group], *, gate: Gate
) -> dict[str, str]:
    """The same for each of these channels. `groups`: every team. Raises SignatureProblem."""
    staff = await accounts.get(session, staff_id)
    return {name: _closing(staff, _team(groups, staff_id, name), gate) for name in channels}


def _closing(staff: Staff, team: Group | None, gate: Gate) -> str:
    source = staff.signature or (team.signature if team else "")
    used = {"name": staff.name, "team": team.name if team else "", "company": gate.company}
    try:
        return rendering.line(source, used, where="signature").strip("\n")
    except rendering.TemplateProblem as problem:
        raise SignatureProblem(problem.said) from problem


def _team(groups: Sequence[Group], staff_id: int, channel: str) -> Group | None:
    """Whose mailbox it is; of a mailbox that is nobody's, the person's first team."""
    owner = next((team for team in groups if channel in team.channels), None)
    return owner or next((team for team in groups if staff_id in team.members), None)
