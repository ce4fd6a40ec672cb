"""Teams: their names, people, mailboxes and signatures."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from channels.message import Kind
from hub.conversations import belongings, policies, routing, signatures
from hub.conversations.signatures import SignatureProblem
from hub.models.vocabulary import Assigning
from hub.sentences import Sentence
from hub.staff import accounts, teams
from hub.staff.teams import TeamProblem
from hub.web.access import TeamLead, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)


@router.get("/teams")
async def listing(visit: TeamLead) -> Response:
    return page(visit, "teams.html", **await _data(visit))


@router.post("/teams")
async def create(visit: TeamLead, name: Annotated[str, Form()] = "") -> Response:
    try:
        async with visit.hub.database.unit() as session:
            team = await teams.create(session, name, now=visit.now, by=visit.staff_id)
    except TeamProblem as e:
        return await _again(visit, worded(e), {"name": name})
    return go(visit, f"/teams#team-{team.id}", _("The team is there. Choose its people and mailboxes."))


@router.post("/teams/{team_id}")
async def change(
    visit: TeamLead,
    team_id: int,
    name: Annotated[str, Form()] = "",
    members: Annotated[list[int], Form()] = [],  # noqa: B006
    channels: Annotated[list[str], Form()] = [],  # noqa: B006
    signature: Annotated[str, Form()] = "",
    assigning: Annotated[Assigning, Form()] = Assigning.BY_HAND,
    capacity: Annotated[str, Form(max_length=6)] = "",
) -> Response:
    """Everything about a team at once: what the form does not name is no longer in it."""
    known = [channel for channel in channels if channel in visit.hub.channels]
    try:
        async with visit.hub.database.unit() as session:
            await teams.rename(session, team_id, name, now=visit.now, by=visit.staff_id)
            await teams.set_members(session, team_id, members, now=visit.now, by=visit.staff_id)
            await teams.set_channels(session, team_id, known, now=visit.now, by=visit.staff_id)
            await teams.set_assigning(session, team_id, assigning, _most(capacity), now=visit.now, by=visit.staff_id)
            await signatures.save_of_team(session, team_id, signature, now=visit.now, by=visit.staff_id)
            await policies.again(session)
    except (TeamProblem, SignatureProblem) as e:
        return await _again(
            visit, worded(e), {"team": team_id, "name": name, "signature": signature, "capacity": capacity}
        )
    return go(visit, f"/teams#team-{team_id}", _("Saved."))


@router.post("/teams/{team_id}/delete")
async def delete(visit: TeamLead, team_id: int, confirmed: Annotated[str, Form()] = "") -> Response:
    """Only after a page that says what goes with it."""
    if not confirmed:
        async with visit.hub.database.unit() as session:
            team = await teams.get(session, team_id)
            kept = await belongings.of_team(session, team_id)
        return page(visit, "team_end.html", team=team, kept=kept)
    async with visit.hub.database.unit() as session:
        await teams.remove(session, team_id, now=visit.now, by=visit.staff_id)
        await policies.again(session)
    return go(visit, "/teams", _("The team is gone. Its people, mailboxes and conversations stay."))


def _most(typed: str) -> int | None:
    """Raises TeamProblem."""
    text = typed.strip()
    if text and not text.isdecimal():
        gaps = {"typed": text}
        raise TeamProblem(
            Sentence("“%(typed)s” is not a whole number. Leave it empty for any number of conversations", gaps)
        )
    return int(text) if text else None


async def _again(visit: Visit, trouble: str, typed: dict[str, Any]) -> Response:
    return page(visit, "teams.html", status=422, **await _data(visit) | {"trouble": trouble, "typed": typed})


async def _data(visit: Visit) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        groups = await teams.listing(session)
        return {
            "teams": groups,
            "people": await accounts.listing(session, inactive=False),
            "mailboxes": [channel for channel in visit.hub.channels.values() if channel.kind is not Kind.VOICE],
            "owners": {channel: group for group in groups for channel in group.channels},
            "names": signatures.NAMES,
            "present": await routing.present(session, now=visit.now),
            "trouble": "",
            "typed": {},
        }
