"""/api/v1/messages: asking the hub to write to a customer. The gate decides; its answer is the answer here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from channels.message import Kind
from hub.api.access import Anyone, Caller
from hub.api.problems import Endpoint, Problem, wrong
from hub.api.repeating import Key
from hub.api.v1.message_shapes import MessageIn, MessageOut
from hub.conversations import copying, inbox, replies, threads
from hub.customers import directory
from hub.interactions import history
from hub.models.vocabulary import Origin
from hub.outbound import request as outbound
from hub.outbound import templates
from hub.outbound.request import Answer, Copy, Duplicate, Held, Request, Templated, Words
from hub.staff.roles import Action

router = APIRouter(prefix="/messages", tags=["Messages"], route_class=Endpoint)


@router.post(
    "",
    status_code=201,
    responses={
        200: {"model": MessageOut, "description": "This Idempotency-Key was used before: nothing was sent again"},
        202: {"model": MessageOut, "description": "Withheld by the gate, with its reason and trace; it is in the log"},
    },
)
async def send_message(caller: Anyone, body: MessageIn, response: Response, idempotency_key: Key = None) -> MessageOut:
    """Write to a customer by a channel, or by the one they prefer: words, or a template with its values."""
    _permit(caller, body)
    async with caller.hub.database.unit() as session:
        await _check(session, body)
        content = await _content(session, caller, body)
        wanted = _request(caller, body, content, idempotency_key)
        answer = await outbound.send(session, wanted, gate=caller.hub.gate, now=caller.now)
        _fits(body, answer)
        await _same_customer(session, answer, body.customer_id)
        await _note(session, caller, body.customer_id, answer)
    response.status_code = _STATUS[type(answer)]
    response.headers["Location"] = f"/api/v1/interactions/{answer.interaction_id}"
    return _shape(answer)


_STATUS: dict[type[Answer], int] = {outbound.Placed: 201, Duplicate: 200, Held: 202}


def _permit(caller: Caller, body: MessageIn) -> None:
    bulk = body.purpose.needs_consent
    caller.demand(Action.CAMPAIGNS if bulk else Action.ANSWER)
    if body.kind is Kind.VOICE:
        caller.demand(Action.CALL)


async def _check(session: Any, body: MessageIn) -> None:
    try:
        await directory.get(session, body.customer_id)
    except directory.NotFound as e:
        raise _wrong("customer_id", str(e)) from e
    if body.conversation_id is None:
        return
    if await _owner(session, body.conversation_id) != body.customer_id:
        raise _wrong("conversation_id", "The customer has no such conversation")
    body.conversation_id = await threads.standing(session, body.conversation_id)


async def _owner(session: Any, conversation_id: UUID) -> UUID | None:
    try:
        return (await inbox.conversation(session, conversation_id)).customer_id
    except inbox.NoSuchConversation:
        return None


async def _content(session: Any, caller: Caller, body: MessageIn) -> Words | Templated:
    if body.template is None:
        return Words(text=body.text, subject=body.subject)
    version = await templates.current(session, body.template.name, now=caller.now)
    return Templated(version.id or 0, body.template.variables)


def _request(caller: Caller, body: MessageIn, content: Words | Templated, key: str | None) -> Request:
    return Request(
        customer_id=body.customer_id,
        purpose=body.purpose,
        origin=Origin.API,
        content=content,
        kinds=(body.kind,) if body.kind else (),
        dedupe_key=f"api:{caller.staff_id}:{key}" if key else "",
        conversation_id=body.conversation_id,
        staff_id=caller.staff_id,
        not_before=body.not_before,
        expires_at=body.expires_at,
        automatic=True,  # a program asked for it (requirement L2)
        copies=_copies(caller, body),
    )


def _copies(caller: Caller, body: MessageIn) -> tuple[Copy, ...]:
    try:
        return copying.given(body.cc, body.bcc, own=caller.hub.gate.own)
    except copying.BadCopies as e:
        raise _wrong("cc", str(e)) from e


def _fits(body: MessageIn, answer: Answer) -> None:
    """Whichever way SMS was chosen, one that no carrier takes is not sent. Raises Problem 422."""
    if body.template is not None or not isinstance(answer, outbound.Placed) or answer.kind is not Kind.SMS:
        return
    try:
        replies.fits(body.text)
    except replies.TooLong as e:
        raise Problem(422, "Message", str(e), remedy="Shorten `text`, or choose another kind") from e


async def _same_customer(session: Any, answer: Answer, customer_id: UUID) -> None:
    """A key that comes back with another message is a mistake, and silence about it would lose that message."""
    if not isinstance(answer, Duplicate):
        return
    if (await history.entry(session, answer.interaction_id)).customer_id != customer_id:
        cause = "It was used for a message to another customer; nothing was sent"
        raise Problem(422, "Idempotency-Key", cause, remedy="Use a new key for every message")


async def _note(session: Any, caller: Caller, customer_id: UUID, answer: Answer) -> None:
    await caller.note(
        session,
        "message.send",
        subject=f"customer:{customer_id}",
        detail=f"interaction:{answer.interaction_id} {_outcome(answer)}",
    )


def _shape(answer: Answer) -> MessageOut:
    shape = MessageOut(id=answer.interaction_id, outcome=_outcome(answer))
    if isinstance(answer, Held):
        return shape.model_copy(update={"reason": answer.reason, "trace": list(answer.trace)})
    if isinstance(answer, Duplicate):
        return shape
    update = {"kind": answer.kind, "due_at": answer.due_at, "left_out": dict(answer.left_out)}
    return shape.model_copy(update=update)


def _outcome(answer: Answer) -> str:
    return {Held: "withheld", Duplicate: "duplicate"}.get(type(answer), "placed")


def _wrong(field: str, cause: str) -> Problem:
    remedy = "Correct it and send the request again; nothing was sent"
    return wrong("Message", f"body.{field}", cause, remedy=remedy)
