"""/api/v1/conversations: answering as at the desk: drafts, a reply now or later, and sending at once what waits."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, Field, model_validator

from channels.message import Kind
from hub.api.access import Answerer, Caller
from hub.api.problems import Endpoint, Problem
from hub.api.repeating import Once, once
from hub.api.shapes import Body, Out
from hub.api.v1.message_shapes import Copies, MessageOut
from hub.conversations import copying, drafts, held, inbox, replies, threads
from hub.conversations.copying import BadCopies
from hub.conversations.drafts import Draft, Place
from hub.conversations.held import TooLate
from hub.conversations.inbox import NoSuchConversation
from hub.conversations.replies import EmptyReply, NotYours, Overtaken, Reply, TooLong
from hub.conversations.signatures import SignatureProblem
from hub.interactions.history import NoSuchEntry
from hub.outbound.asking import LONGEST_SUBJECT, LONGEST_TEXT
from hub.outbound.request import Answer, Duplicate, Held

router = APIRouter(tags=["Conversations"], route_class=Endpoint)
_Words = Annotated[str, Field(max_length=LONGEST_TEXT, examples=["Your order is ready for you."])]
_Typed = Annotated[str, Field(max_length=copying.LONGEST, description="Addresses with commas, as they are typed")]
_DRAFT = "/conversations/{conversation_id}/draft"


class DraftIn(Body):
    """What stands in the composer. `kind` note: only colleagues read it."""

    kind: Literal["email", "sms", "note"] = Field(examples=["email"])
    text: _Words
    subject: Annotated[str, Field(max_length=LONGEST_SUBJECT)] = ""
    recipient: Annotated[str, Field(max_length=320)] = ""
    mailbox: Annotated[str, Field(max_length=100, description="A channel's name; empty: the usual one")] = ""
    signed: bool = Field(default=True, description="The signature below a mail")
    quoting: bool = Field(default=True, description="The answered mail below a mail")
    cc: _Typed = ""
    bcc: _Typed = ""


class DraftOut(Out):
    conversation_id: UUID
    kind: str
    text: str
    subject: str
    recipient: str
    mailbox: str
    signed: bool
    quoting: bool
    cc: str
    bcc: str
    files: list[str] = Field(description="Names of what hangs on it")
    at: datetime

    @classmethod
    def kept(cls, conversation_id: UUID, draft: Draft, at: datetime) -> DraftOut:
        return cls.of(draft, conversation_id=conversation_id, files=[one.name for one in draft.files], at=at)


class ReplyIn(Body):
    """`seen`: the last entry that its writer read; when a colleague has answered since then, nothing is sent (409)."""

    kind: Literal["email", "sms"] = Field(examples=["sms"])
    text: _Words
    subject: Annotated[str, Field(max_length=LONGEST_SUBJECT)] = ""
    recipient: Annotated[str, Field(max_length=320, description="empty: whoever wrote last")] = ""
    mailbox: Annotated[str, Field(max_length=100, description="A channel's name; empty: the usual one")] = ""
    signed: bool = True
    quoting: bool = True
    cc: Copies = Field(default=[], description="Mail addresses that get a copy; with bcc at most 20. Only of email")
    bcc: Copies = Field(default=[], description="The same; nobody reads of them in the mail")
    resolve: bool = False
    seen: UUID | None = None
    leaves_at: AwareDatetime | None = Field(default=None, description="null: now, after the owner's time for undoing")
    unless_answered: bool = Field(default=False, description="Only with leaves_at: not when the customer is first")

    @model_validator(mode="after")
    def _only_later(self) -> ReplyIn:
        if self.unless_answered and self.leaves_at is None:
            raise ValueError("Give `unless_answered` only with `leaves_at`")
        if (self.cc or self.bcc) and self.kind != "email":
            raise ValueError("Give `cc` and `bcc` only with kind email")
        return self


@router.get(_DRAFT)
async def read_draft(caller: Answerer, conversation_id: UUID) -> DraftOut:
    """What the token's owner has begun to write here."""
    async with caller.hub.database.unit() as session:
        place = await _place(session, caller, conversation_id)
        found = await drafts.find(session, place)
    if found is None:
        raise Problem(404, "Draft", "There is none here", remedy="Write one with PUT")
    return DraftOut.kept(place.conversation_id or conversation_id, *found)


@router.put(_DRAFT)
async def keep_draft(caller: Answerer, conversation_id: UUID, body: DraftIn) -> DraftOut:
    """In place of what was there; the files of that stay."""
    async with caller.hub.database.unit() as session:
        place = await _place(session, caller, conversation_id)
        found = await drafts.find(session, place)
        draft = dataclasses.replace(Draft(**body.model_dump()), files=found[0].files if found else ())
        await drafts.keep(session, place, draft, now=caller.now)
    return DraftOut.kept(place.conversation_id or conversation_id, draft, caller.now)


@router.delete(_DRAFT, status_code=204, response_class=Response)
async def delete_draft(caller: Answerer, conversation_id: UUID) -> None:
    """Thrown away; twice is the same as once."""
    async with caller.hub.database.unit() as session:
        await drafts.forget(session, await _place(session, caller, conversation_id))


@router.post(
    "/conversations/{conversation_id}/replies",
    status_code=201,
    responses={
        200: {"model": MessageOut, "description": "This Idempotency-Key was used before: nothing was sent again"},
        202: {"model": MessageOut, "description": "Withheld by the gate, with its reason and trace; it is in the log"},
    },
)
async def reply(caller: Answerer, conversation_id: UUID, body: ReplyIn, asked: Once) -> MessageOut:
    """An answer as from the desk: until it leaves, POST /interactions/{id}/take-back makes it a draft again."""
    if body.leaves_at is not None and body.leaves_at <= caller.now:
        remedy = "Give a moment to come, or leave it out"
        raise Problem(422, "Reply", "`leaves_at` has passed", remedy=remedy)

    async def send(session: Any) -> MessageOut:
        place = await _place(session, caller, conversation_id)
        given = await replies.answer(session, _reply(caller, place, body), gate=caller.hub.gate, now=caller.now)
        await _note(session, caller, place.customer_id, given)
        asked.response.status_code = 202 if isinstance(given, Held) else 201
        return _told(given)

    try:
        return await once(caller, asked, MessageOut, send)
    except Overtaken as e:
        remedy = f"Read GET /api/v1/interactions/{e.interaction_id}; give it as `seen` to send yours nevertheless"
        raise Problem(409, "Reply", str(e), remedy=remedy) from e
    except (EmptyReply, TooLong, NotYours, SignatureProblem, BadCopies) as e:
        raise Problem(422, "Reply", str(e), remedy="Correct it and send the request again; nothing was sent") from e


@router.post("/interactions/{interaction_id}/send-now")
async def send_now(caller: Answerer, interaction_id: UUID) -> MessageOut:
    """Not later, but at once; 409 when it has left."""
    try:
        async with caller.hub.database.unit() as session:
            message = await held.send_now(session, interaction_id, by=caller.staff_id, now=caller.now)
    except NoSuchEntry as e:
        raise Problem(404, "Message", str(e), remedy="Look its id up with GET /api/v1/interactions") from e
    except TooLate as e:
        raise Problem(409, "Message", str(e), remedy="Read it again; nothing was changed") from e
    return MessageOut(id=message.id, outcome="placed", kind=message.kind, due_at=caller.now)


def _reply(caller: Caller, place: Place, body: ReplyIn) -> Reply:
    """Raises BadCopies."""
    own = caller.staff.undo_seconds
    seconds = caller.hub.settings.desk.undo_seconds if own is None else own
    undoing = caller.now + timedelta(seconds=seconds) if seconds else None
    copies = copying.given(body.cc, body.bcc, own=caller.hub.gate.own)
    given = body.model_dump(exclude={"kind", "leaves_at", "cc", "bcc"})
    return Reply(
        conversation_id=place.conversation_id,
        customer_id=place.customer_id,
        kind=Kind(body.kind),
        staff_id=caller.staff_id,
        form_token=str(uuid4()),
        leaves_at=body.leaves_at or undoing,
        scheduled=body.leaves_at is not None,
        cc=", ".join(one.address for one in copies if not one.blind),
        bcc=", ".join(one.address for one in copies if one.blind),
        **given,
    )


async def _place(session: Any, caller: Caller, conversation_id: UUID) -> Place:
    """The conversation as it stands now. Raises Problem 404."""
    try:
        standing = await threads.standing(session, conversation_id)
        line = await inbox.conversation(session, standing)
    except NoSuchConversation as e:
        raise Problem(404, "Conversation", str(e), remedy="Look it up with GET /api/v1/conversations") from e
    return Place(caller.staff_id, line.customer_id, standing)


async def _note(session: Any, caller: Caller, customer_id: UUID, given: Answer) -> None:
    subject, detail = f"customer:{customer_id}", f"interaction:{given.interaction_id} {_told(given).outcome}"
    await caller.note(session, "message.send", subject=subject, detail=detail)


def _told(given: Answer) -> MessageOut:
    if isinstance(given, Held):
        return MessageOut(id=given.interaction_id, outcome="withheld", reason=given.reason, trace=list(given.trace))
    if isinstance(given, Duplicate):
        return MessageOut(id=given.interaction_id, outcome="duplicate")
    left_out = dict(given.left_out)
    return MessageOut(
        id=given.interaction_id, outcome="placed", kind=given.kind, due_at=given.due_at, left_out=left_out
    )
