"""Saved views of the inbox, and the colleagues whom an at sign offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Response

from hub.conversations import labels, mentions, views
from hub.conversations.views import Conditions, View, ViewProblem
from hub.models.vocabulary import ConversationState
from hub.staff import accounts, teams
from hub.staff.roles import Action
from hub.web.access import Answerer, Forbidden, InboxReader, Visit
from hub.web.mending import WrongInput
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

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


@dataclass(frozen=True, slots=True)
class Wished:
    """The form as it was filled in. `share`: empty for oneself, "everybody", or a team's number."""

    name: str
    conditions: Conditions
    share: str

    @property
    def shared(self) -> bool:
        return self.share == _EVERYBODY

    @property
    def team_id(self) -> int | None:
        return None if self.shared else _number(self.share)


def _wished(
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
) -> Wished:
    conditions = Conditions(
        states=tuple(dict.fromkeys(states)),
        assignee=assignee,
        kind=kind,
        channel=channel,
        team=_number(team),
        label=label.replace("\0", "").strip(),
        unread=bool(unread),
        words=words.replace("\0", "").strip(),
    )
    return Wished(name, conditions, share)


Form_ = Annotated[Wished, Depends(_wished)]


@router.post("/views")
async def create(visit: InboxReader, wished: Form_) -> Response:
    try:
        async with visit.hub.database.unit() as session:
            made = await views.create(
                session,
                wished.name,
                await _checked(session, visit, wished),
                owner=visit.staff_id,
                shared=wished.shared,
                team_id=wished.team_id,
                now=visit.now,
            )
    except ViewProblem as e:
        return await _again(visit, wished, worded(e))
    return go(visit, f"/inbox/saved-{made}", _("Saved."))


@router.get("/views/{view_id}")
async def edit(visit: InboxReader, view_id: int) -> Response:
    """One's own in the form again; a supervisor changes shared ones of others too."""
    async with visit.hub.database.unit() as session:
        found = await views.get(session, view_id, visit.staff_id)
    if not views.may_change(found, visit.staff_id, everybodys=visit.may(Action.ASSIGN)):
        raise Forbidden(Action.ASSIGN.value)
    share = str(found.team_id) if found.team_id is not None else _EVERYBODY if found.shared else ""
    typed = {"changing": found, "typed": found.conditions, "name": found.name, "share": share}
    return page(visit, "views.html", **await _data(visit) | typed)


@router.post("/views/{view_id}")
async def change(visit: InboxReader, view_id: int, wished: Form_) -> Response:
    async with visit.hub.database.unit() as session:
        found = await views.get(session, view_id, visit.staff_id)
    try:
        async with visit.hub.database.unit() as session:
            await views.change(
                session,
                view_id,
                wished.name,
                await _checked(session, visit, wished),
                by=visit.staff_id,
                everybodys=visit.may(Action.ASSIGN),
                shared=wished.shared,
                team_id=wished.team_id,
                now=visit.now,
            )
    except ViewProblem as e:
        return await _again(visit, wished, worded(e), found)
    return go(visit, f"/inbox/saved-{view_id}", _("Saved."))


@router.post("/views/{view_id}/delete")
async def delete(visit: InboxReader, view_id: int) -> Response:
    """Of one's own; a supervisor deletes shared ones of others too."""
    async with visit.hub.database.unit() as session:
        everybodys = visit.may(Action.ASSIGN)
        await views.remove(session, view_id, by=visit.staff_id, everybodys=everybodys, now=visit.now)
    return go(visit, "/views", _("The view is gone. Its conversations stay."))


def _number(text: str) -> int | None:
    """Raises WrongInput."""
    if text and not text.isdecimal():
        raise WrongInput("team", text)
    return int(text) if text else None


async def _checked(session: Any, visit: Visit, wished: Wished) -> Conditions:
    staff = {one.id or 0 for one in await accounts.listing(session)}
    return views.checked(wished.conditions, channels=visit.hub.channels, staff=staff)


async def _again(visit: Visit, wished: Wished, trouble: str, changing: View | None = None) -> Response:
    typed = {"trouble": trouble, "typed": wished.conditions, "name": wished.name, "share": wished.share}
    return page(visit, "views.html", status=422, **await _data(visit) | typed | {"changing": changing})


async def _data(visit: Visit) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        groups = await teams.listing(session)
        return {
            "views": await views.listing(session, visit.staff_id),
            "people": await accounts.listing(session, inactive=False),
            "teams": groups,
            "labels": await labels.known(session),
            "own_teams": [team for team in groups if visit.staff_id in team.members],
            "channels": list(visit.hub.channels.values()),
            "states": list(ConversationState),
            "choices": lambda some: [(one.id, one.name) for one in some],
            "trouble": "",
            "typed": Conditions(),
            "name": "",
            "changing": None,
            "share": "",
        }
