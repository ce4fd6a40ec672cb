"""/api/v1/macros: what is done with a conversation in one step, written and run."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from hub.api.access import Answerer, Caller
from hub.api.problems import Problem, telling
from hub.api.repeating import Once, again, once
from hub.api.shapes import Body, Out, Page
from hub.conversations import labels, macro_runs, macros
from hub.conversations.inbox import NoSuchConversation
from hub.conversations.macro_runs import Run, WouldNotLeave
from hub.conversations.macros import Macro, MacroProblem, NoSuchMacro, Steps, Wording
from hub.models.vocabulary import ConversationState
from hub.staff import teams
from hub.staff.roles import Action

_LOOK = "Look the ids up with GET /api/v1/macros and /api/v1/interactions"
_TOLD = telling(
    (NoSuchMacro, 404, "Macro", _LOOK),
    (NoSuchConversation, 404, "Macro", _LOOK),
    (MacroProblem, 422, "Macro", "Correct it and send the request again"),
)
router = APIRouter(tags=["Macros"], route_class=_TOLD)
_Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
_Labels = Annotated[list[Annotated[str, Field(min_length=1, max_length=labels.LONGEST)]], Field(max_length=labels.MOST)]


class StepsIn(Body):
    """Done in this order, all or nothing; what is left out is not done."""

    answer: _Id | None = Field(default=None, description="id of a canned answer")
    note: Annotated[str, Field(max_length=macros.LONGEST_NOTE)] = ""
    add: _Labels = Field(default=[], examples=[["refund"]])
    remove: _Labels = []
    assign: Annotated[str, Field(pattern=r"^(|me|nobody|staff-\d{1,9}|team-\d{1,9})$", examples=["team-3"])] = ""
    task: Annotated[str, Field(max_length=macros.LONGEST_TITLE)] = ""
    task_days: Annotated[int, Field(ge=0, le=macros.MOST_DAYS)] | None = None
    state: ConversationState | None = None
    snooze_hours: Annotated[int, Field(ge=1, le=macros.MOST_HOURS)] | None = None


class MacroIn(Body):
    """Of nobody's and no team's is everybody's; `own`: of this token's owner alone."""

    name: Annotated[str, Field(min_length=1, max_length=macros.LONGEST_NAME, examples=["Refund"])]
    own: bool = False
    team_id: _Id | None = None
    steps: StepsIn

    def wording(self, staff_id: int) -> Wording:
        given = self.steps.model_dump()
        lists = {"add": tuple(self.steps.add), "remove": tuple(self.steps.remove), "state": self.steps.state or ""}
        return Wording(
            self.name, Steps(**{**given, **lists}), staff_id if self.own else None, None if self.own else self.team_id
        )


class StepsOut(Out):
    answer: int | None
    note: str
    add: list[str]
    remove: list[str]
    assign: str
    task: str
    task_days: int | None
    state: str
    snooze_hours: int | None


class MacroOut(BaseModel):
    id: int
    name: str
    own: bool
    team_id: int | None
    team_name: str
    steps: StepsOut
    changed_at: datetime

    @classmethod
    def of(cls, one: Macro) -> MacroOut:
        return cls(
            id=one.id,
            name=one.name,
            own=one.staff_id is not None,
            team_id=one.team_id,
            team_name=one.team_name,
            steps=StepsOut.of(one.steps),
            changed_at=one.changed_at,
        )


class RunOut(BaseModel):
    """`message_id`: the answer that leaves, if the macro has one."""

    macro: str
    message_id: UUID | None
    done_before: bool


@router.get("/macros")
async def list_macros(caller: Answerer) -> Page[MacroOut]:
    """What this token's owner may run, by name: their own, their teams', everybody's."""
    async with caller.hub.database.unit() as session:
        found = await macros.listing(session, caller.staff_id, every_team=caller.may(Action.CANNED))
        return Page(items=[MacroOut.of(one) for one in found])


@router.post("/macros", status_code=201, responses=again(MacroOut))
async def create_macro(caller: Answerer, body: MacroIn, asked: Once) -> MacroOut:
    """Texts are tried, and people and teams looked up, before it is kept."""
    wording, assigns = body.wording(caller.staff_id), caller.may(Action.ASSIGN)

    async def create(session: Any) -> MacroOut:
        await _demand(session, caller, wording)
        made = await macros.create(session, wording, by=caller.staff_id, assigns=assigns, now=caller.now)
        return MacroOut.of(made)

    return await once(caller, asked, MacroOut, create)


@router.put("/macros/{macro_id}")
async def change_macro(caller: Answerer, macro_id: _Id, body: MacroIn) -> MacroOut:
    """All of it at once."""
    wording, assigns = body.wording(caller.staff_id), caller.may(Action.ASSIGN)
    async with caller.hub.database.unit() as session:
        await _demand(session, caller, await macros.get(session, macro_id))
        await _demand(session, caller, wording)
        made = await macros.change(session, macro_id, wording, by=caller.staff_id, assigns=assigns, now=caller.now)
        return MacroOut.of(made)


@router.delete("/macros/{macro_id}", status_code=204, response_class=Response)
async def delete_macro(caller: Answerer, macro_id: _Id) -> None:
    """What it has done stays."""
    async with caller.hub.database.unit() as session:
        await _demand(session, caller, await macros.get(session, macro_id))
        await macros.remove(session, macro_id, by=caller.staff_id, now=caller.now)


@router.post("/conversations/{conversation_id}/macros/{macro_id}")
async def run_macro(caller: Answerer, conversation_id: UUID, macro_id: _Id, asked: Once) -> RunOut:
    """All that it says, or nothing. Its answer leaves at once."""
    wish = Run(macro_id, conversation_id, caller.staff_id, form_token=f"{macro_id}:{uuid4()}")

    async def run(session: Any) -> RunOut:
        done = await macro_runs.run(session, wish, gate=caller.hub.gate, now=caller.now)
        answer = done.answer.interaction_id if done.answer else None
        return RunOut(macro=done.name, message_id=answer, done_before=done.again)

    try:
        return await once(caller, asked, RunOut, run)
    except (MacroProblem, WouldNotLeave) as e:
        raise Problem(409, "Macro", str(e), remedy="Change the macro, or do its steps one by one") from e


async def _demand(session: Any, caller: Caller, scope: Macro | Wording) -> None:
    own = [team.id for team in await teams.of(session, caller.staff_id)]
    if not macros.may_write(scope, caller.staff_id, own, everybodys=caller.may(Action.CANNED)):
        caller.demand(Action.CANNED)
        raise NoSuchMacro("It is somebody else's own macro")
