"""/api/v1/canned-answers: the words that agents put into the composer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field

from hub.api.access import Answerer, Caller
from hub.api.problems import telling
from hub.api.repeating import Once, again, once
from hub.api.shapes import Body, Out, Page
from hub.conversations import canned
from hub.conversations.canned import CannedProblem, NoSuchCanned, Wording
from hub.staff import teams
from hub.staff.roles import Action

_TOLD = telling(
    (NoSuchCanned, 404, "Canned answer", "Look its id up with GET /api/v1/canned-answers"),
    (CannedProblem, 422, "Canned answer", "Correct it and send the request again"),
)
router = APIRouter(prefix="/canned-answers", tags=["Canned answers"], route_class=_TOLD)


class CannedIn(Body):
    shortcut: Annotated[str, Field(min_length=1, max_length=canned.LONGEST_SHORTCUT, examples=["hours"])]
    title: Annotated[str, Field(max_length=canned.LONGEST_TITLE, examples=["Opening hours"])] = ""
    text: Annotated[str, Field(min_length=1, max_length=canned.LONGEST_TEXT)] = Field(
        examples=["Dear {{ customer.first_name }}, we are open from nine to five. {{ staff.name }}"]
    )
    team_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(default=None, description="null: for everybody")

    @property
    def wording(self) -> Wording:
        return Wording(self.shortcut, self.title, self.text, self.team_id)


class CannedOut(Out):
    id: int
    shortcut: str
    title: str
    text: str
    team_id: int | None
    team_name: str
    changed_at: datetime


@router.get("")
async def list_canned_answers(caller: Answerer) -> Page[CannedOut]:
    """What this token's owner may use, by shortcut: everybody's, and those of their own teams."""
    reader = None if caller.may(Action.CANNED) else caller.staff_id
    async with caller.hub.database.unit() as session:
        return Page(items=[CannedOut.of(one) for one in await canned.listing(session, reader=reader)])


@router.post("", status_code=201, responses=again(CannedOut))
async def create_canned_answer(caller: Answerer, body: CannedIn, asked: Once) -> CannedOut:
    """A new one; its text is tried before it is kept."""

    async def create(session: Any) -> CannedOut:
        await _demand(session, caller, body.team_id)
        return CannedOut.of(await canned.create(session, body.wording, by=caller.staff_id, now=caller.now))

    return await once(caller, asked, CannedOut, create)


@router.put("/{canned_id}")
async def change_canned_answer(caller: Answerer, canned_id: int, body: CannedIn) -> CannedOut:
    """Shortcut, title, text and team at once."""
    async with caller.hub.database.unit() as session:
        await _demand(session, caller, (await canned.get(session, canned_id)).team_id)
        await _demand(session, caller, body.team_id)
        changed = await canned.change(session, canned_id, body.wording, by=caller.staff_id, now=caller.now)
        return CannedOut.of(changed)


@router.delete("/{canned_id}", status_code=204, response_class=Response)
async def delete_canned_answer(caller: Answerer, canned_id: int) -> None:
    """What was written with it stays as it is."""
    async with caller.hub.database.unit() as session:
        await _demand(session, caller, (await canned.get(session, canned_id)).team_id)
        await canned.remove(session, canned_id, by=caller.staff_id, now=caller.now)


async def _demand(session: Any, caller: Caller, team_id: int | None) -> None:
    own = [team.id for team in await teams.of(session, caller.staff_id)]
    if not canned.may_write(team_id, own, everybodys=caller.may(Action.CANNED)):
        caller.demand(Action.CANNED)
