"""/api/v1/labels: the labels of customers and conversations, and those of one conversation."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from hub.api.access import Answerer, TeamLead
from hub.api.problems import telling
from hub.api.repeating import Once, again, once
from hub.api.shapes import Body, Out, Page
from hub.conversations import inbox, labels
from hub.conversations.inbox import NoSuchConversation
from hub.conversations.labels import LabelProblem, NoSuchLabel

_LOOK = "Look it up with GET /api/v1/labels"
_TOLD = telling(
    (NoSuchLabel, 404, "Label", _LOOK),
    (NoSuchConversation, 404, "Label", _LOOK),
    (LabelProblem, 422, "Label", "Correct it and send the request again"),
)
router = APIRouter(tags=["Labels"], route_class=_TOLD)
_Name = Annotated[str, Field(min_length=1, max_length=labels.LONGEST, examples=["refund"])]
_Colour = Literal["grey", "blue", "teal", "green", "yellow", "orange", "red", "pink", "purple"]


class LabelIn(Body):
    name: _Name
    colour: _Colour = "grey"
    description: Annotated[str, Field(max_length=labels.LONGEST_DESCRIPTION)] = ""


class LabelOut(Out):
    """`id` null: customers or conversations have it, and the list has not."""

    id: int | None
    name: str
    colour: str
    description: str
    customers: int
    conversations: int


class MergeLabelIn(Body):
    into: _Name


class LabelsOfConversation(Body):
    labels: Annotated[list[_Name], Field(max_length=labels.MOST, examples=[["refund"]])]


class LabelsOut(BaseModel):
    conversation_id: UUID
    labels: list[str]


@router.get("/labels")
async def list_labels(caller: Answerer) -> Page[LabelOut]:
    """Every label by name, with how many customers and conversations have it."""
    async with caller.hub.database.unit() as session:
        return Page(items=[LabelOut.of(one) for one in await labels.listing(session)])


@router.post("/labels", status_code=201, responses=again(LabelOut))
async def create_label(caller: TeamLead, body: LabelIn, asked: Once) -> LabelOut:
    """A new one, or a word that is in use taken into the list."""

    async def create(session: Any) -> LabelOut:
        made = await labels.create(
            session, body.name, body.colour, body.description, by=caller.staff_id, now=caller.now
        )
        return LabelOut.of(made)

    return await once(caller, asked, LabelOut, create)


@router.put("/labels/{name}", status_code=204, response_class=Response)
async def change_label(caller: TeamLead, name: str, body: LabelIn) -> None:
    """Name, colour and meaning; whoever has it has it by its new name."""
    async with caller.hub.database.unit() as session:
        await labels.change(session, name, body.name, body.colour, body.description, by=caller.staff_id, now=caller.now)


@router.post("/labels/{name}/merge", status_code=204, response_class=Response)
async def merge_label(caller: TeamLead, name: str, body: MergeLabelIn) -> None:
    """Whoever has it has the other one instead."""
    async with caller.hub.database.unit() as session:
        await labels.merge(session, name, body.into, by=caller.staff_id, now=caller.now)


@router.delete("/labels/{name}", status_code=204, response_class=Response)
async def delete_label(caller: TeamLead, name: str) -> None:
    """From the list and from everybody who has it; refused while rules go by it."""
    async with caller.hub.database.unit() as session:
        await labels.remove(session, name, by=caller.staff_id, now=caller.now)


@router.get("/conversations/{conversation_id}/labels")
async def read_labels_of_conversation(caller: Answerer, conversation_id: UUID) -> LabelsOut:
    """The labels of one conversation."""
    async with caller.hub.database.unit() as session:
        found = await inbox.conversation(session, conversation_id)
    return LabelsOut(conversation_id=conversation_id, labels=list(found.labels))


@router.put("/conversations/{conversation_id}/labels")
async def set_labels_of_conversation(caller: Answerer, conversation_id: UUID, body: LabelsOfConversation) -> LabelsOut:
    """These and no others; a new word comes into the list."""
    async with caller.hub.database.unit() as session:
        await labels.keep(session, conversation_id, body.labels, by=caller.staff_id, now=caller.now)
        found = await inbox.conversation(session, conversation_id)
    return LabelsOut(conversation_id=conversation_id, labels=list(found.labels))
