"""Saved views of the inbox, and the colleagues whom an at sign offers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Response

from hub.conversations import mentions, views
from hub.conversations.views import Conditions, ViewProblem
from hub.models.vocabulary import ConversationState
from hub.staff import accounts, teams
from hub.staff.roles import Action
from hub.web.access import Answerer, InboxReader, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _

router = APIRouter(route_class=Page)
_EVERYBODY = "everybody"


@router.get("/mentions/pick")
async def pick(visit: Answerer, q: str = "") -> Response:
    """Names of colleagues and teams, for the list that an at sign opens."""
    async with visit.hub.database.unit() as session:
        names = await mentions.suggested(session, q[:100])
    return page(visit, "mention_pick.html", block="picks", names=names)


@router.get("/views")
async def listing(visit: InboxReader) -> Response:
    return page(visit, "views.html", **await _data(visit))


@router.post("/views")
async def create(
    visit: InboxReader,
    name: Annotated[str, Form(max_length=200)] = "",
    states: Annotated[list[ConversationState], Form()] = [],  # noqa: B006
    assignee: Annotated[str, Form(max_length=9)] = "",
    kind: Annotated[str, Form(max_length=20)] = "",
    channel: Annotated[str, Form(max_length=100)] = "",
    team: Annotated[str, Form(max_length=9)] = "",
    label: Annotated[str, Form(max_length=100)] = "",
    unread: Annotated[str, Form()] = "",
    words: Annotated[str, Form(max_length=views.LONGEST_WORDS)] = "",
    share: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """`share`: empty for oneself, "everybody", or a team's number."""
    wanted = Conditions(
        states=tuple(dict.fromkeys(states)),
        assignee=assignee,
        kind=kind,
        channel=channel,
        team=_number(team),
        label=label.replace("\0", "").strip(),
        unread=bool(unread),
        words=words.replace("\0", "").strip(),
    )
    try:
        async with visit.hub.database.unit() as session:
            staff = {one.id or 0 for one in await accounts.listing(session)}
            made = await views.create(
                session,
                name,
                views.checked(wanted, channels=visit.hub.channels, staff=staff),
                owner=visit.staff_id,
                shared=share == _EVERYBODY,
                team_id=None if share == _EVERYBODY else _number(share),
                now=visit.now,
            )
    except ViewProblem as e:
        data = await _data(visit) | {"trouble": str(e), "typed": wanted, "name": name, "share": share}
        return page(visit, "views.html", status=422, **data)
    return go(visit, f"/inbox/saved-{made}", _("Saved."))


@router.post("/views/{view_id}/delete")
async def delete(visit: InboxReader, view_id: int) -> Response:
    """Of one's own; a supervisor deletes shared ones of others too."""
    async with visit.hub.database.unit() as session:
        everybodys = visit.may(Action.ASSIGN)
        await views.remove(session, view_id, by=visit.staff_id, everybodys=everybodys, now=visit.now)
    return go(visit, "/views", _("The view is gone. Its conversations stay."))


def _number(text: str) -> int | None:
    if text and not text.isdecimal():
        raise HTTPException(422)
    return int(text) if text else None


async def _data(visit: Visit) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        groups = await teams.listing(session)
        return {
            "views": await views.listing(session, visit.staff_id),
            "people": await accounts.listing(session, inactive=False),
            "teams": groups,
            "own_teams": [team for team in groups if visit.staff_id in team.members],
            "channels": list(visit.hub.channels.values()),
            "states": list(ConversationState),
            "choices": lambda some: [(one.id, one.name) for one in some],
            "trouble": "",
            "typed": Conditions(),
            "name": "",
            "share": "",
        }
