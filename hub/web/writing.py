"""Writing to a customer from the desk: replies, first words, notes and calls."""

from __future__ import annotations

import dataclasses
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, HTTPException, Response, UploadFile

from hub.conversations import inbox as conversations
from hub.conversations import notes, replies, threads
from hub.conversations.replies import NotYours, Overtaken, Reply
from hub.conversations.signatures import SignatureProblem
from hub.customers import directory, identities
from hub.models.vocabulary import Kind
from hub.outbound import calling
from hub.outbound.request import Answer, Duplicate, Held, NewFile
from hub.web import customer, inbox, words
from hub.web.access import Answerer, Caller, Visit
from hub.web.composing import Composer
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_LARGEST = 25 * 1024 * 1024
_MOST_FILES = 10
_OVERTAKEN = N_("A colleague answered while you wrote. Read it above; send again if your words still hold.")


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """The composer's fields. The token makes a double click one message."""

    kind: str
    token: UUID
    text: str
    subject: str
    seen: UUID | None
    resolve: bool
    files: list[UploadFile]
    recipient: str
    mailbox: str
    signed: bool
    quoting: bool


def _written(
    kind: Annotated[str, Form()],
    form_token: Annotated[UUID, Form()],
    text: Annotated[str, Form()] = "",
    subject: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
    resolve: Annotated[str, Form()] = "",
    files: Annotated[list[UploadFile], File()] = [],  # noqa: B006
    recipient: Annotated[str, Form(max_length=320)] = "",
    mailbox: Annotated[str, Form(max_length=100)] = "",
    below: Annotated[str, Form()] = "",
    signed: Annotated[str, Form()] = "",
    quoting: Annotated[str, Form()] = "",
) -> Written:
    """`below`: the form had the two boxes, so one that is not sent was cleared."""
    text = text.replace("\0", "")
    if not text.strip() or kind not in words.KINDS:
        raise HTTPException(422)
    return Written(
        kind=kind,
        token=form_token,
        text=text,
        subject=" ".join(subject.split()),
        seen=_uuid(seen),
        resolve=bool(resolve),
        files=files,
        recipient=recipient.replace("\0", ""),
        mailbox=mailbox.replace("\0", ""),
        signed=bool(signed or not below),
        quoting=bool(quoting or not below),
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as e:
        raise HTTPException(422) from e


Form_ = Annotated[Written, Depends(_written)]


@router.post("/conversations/{conversation_id}/reply")
async def reply(
    visit: Answerer, conversation_id: UUID, written: Form_, view: Annotated[str, Form()] = "all"
) -> Response:
    """A reply, or a note between colleagues, in a conversation."""
    shown = view if inbox.is_view(view) else "all"
    back = f"/inbox/{shown}/{conversation_id}"
    async with visit.hub.database.unit() as session:
        line = await conversations.conversation(session, conversation_id)
    if written.kind == "note":
        return await _note(visit, line.customer_id, conversation_id, written.text, back)
    try:
        answer = await _send(visit, line.customer_id, conversation_id, written)
    except Overtaken:
        return await _thread(visit, conversation_id, shown, written, _(_OVERTAKEN))
    except (NotYours, SignatureProblem) as e:
        return await _thread(visit, conversation_id, shown, written, worded(e))
    return go(visit, back, said(answer))


@router.post("/customers/{customer_id}/write")
async def write(visit: Answerer, customer_id: UUID, written: Form_) -> Response:
    """A first word to a customer, or a note about them."""
    back = f"/customers/{customer_id}"
    async with visit.hub.database.unit() as session:
        await directory.get(session, customer_id)
    if written.kind == "note":
        return await _note(visit, customer_id, None, written.text, back)
    try:
        return go(visit, back, said(await _send(visit, customer_id, None, written)))
    except (NotYours, SignatureProblem) as e:
        data = await customer.whole(visit, customer_id)
        return page(
            visit, "customer.html", status=422, **data | {"composer": _again(data["composer"], written, worded(e))}
        )


@router.post("/customers/{customer_id}/call")
async def call(
    visit: Caller,
    customer_id: UUID,
    conversation_id: Annotated[UUID | None, Form()] = None,
    view: Annotated[str, Form()] = "all",
) -> Response:
    """Rings the member of staff first, then the customer."""
    back = (
        f"/inbox/{view}/{conversation_id}" if conversation_id and inbox.is_view(view) else f"/customers/{customer_id}"
    )
    if not visit.staff.phone:
        return go(visit, back, _("Your account has no telephone number. An administrator can add it in Settings."))
    async with visit.hub.database.unit() as session:
        number = identities.best(await identities.of(session, customer_id), Kind.VOICE)
        if number is None:
            return go(visit, back, _("There is no telephone number to call."))
        if conversation_id is not None:
            conversation_id = await threads.standing(session, conversation_id)
        answer = await calling.bridge(
            session,
            customer_id=customer_id,
            number=number.value,
            staff_id=visit.staff_id,
            gate=visit.hub.gate,
            now=visit.now,
            conversation_id=conversation_id,
        )
    placed = _("Your telephone rings now. Press 1, then we ring the customer.")
    return go(visit, back, said(answer) if isinstance(answer, Held) else placed)


def said(answer: Answer) -> str:
    """What became of it, in a sentence."""
    if isinstance(answer, Held):
        return _("Not sent: %(reason)s") % {"reason": _(words.WITHHELD.get(answer.reason, answer.reason))}
    if isinstance(answer, Duplicate):
        return _("This was sent already; it was not sent twice.")
    return _("On its way.")


async def _note(visit: Visit, customer_id: UUID, conversation_id: UUID | None, text: str, back: str) -> Response:
    async with visit.hub.database.unit() as session:
        await notes.add(session, customer_id, conversation_id, text, staff_id=visit.staff_id, now=visit.now)
    return go(visit, back, _("Noted. Only colleagues see it."))


async def _send(visit: Visit, customer_id: UUID, conversation_id: UUID | None, written: Written) -> Answer:
    mail = written.kind == Kind.EMAIL
    files = await _keep(visit, written.files) if mail else ()
    words_ = Reply(
        conversation_id=conversation_id,
        customer_id=customer_id,
        kind=Kind(written.kind),
        text=written.text,
        subject=written.subject if mail else "",
        staff_id=visit.staff_id,
        form_token=str(written.token),
        resolve=written.resolve,
        files=files,
        seen=written.seen,
        recipient=written.recipient if mail else "",
        mailbox=written.mailbox if mail else "",
        signed=written.signed,
        quoting=written.quoting,
    )
    async with visit.hub.database.unit() as session:
        return await replies.answer(session, words_, gate=visit.hub.gate, now=visit.now)


async def _thread(visit: Visit, conversation_id: UUID, view: str, written: Written, trouble: str) -> Response:
    """The thread with what was said meanwhile, the form with what was typed."""
    data = await inbox.whole(visit, view, conversation_id)
    again = _again(data["composer"], written, trouble)
    return page(visit, "inbox.html", block="thread", status=422, **data | {"composer": again})


def _again(composer: Composer, written: Written, trouble: str) -> Composer:
    mail = composer.mail and dataclasses.replace(
        composer.mail,
        recipient=written.recipient,
        mailbox=written.mailbox,
        signed=written.signed,
        quoting=written.quoting,
    )
    return dataclasses.replace(
        composer,
        chosen=written.kind,
        because="",
        subject=written.subject,
        text=written.text,
        trouble=trouble,
        mail=mail,
    )


async def _keep(visit: Visit, files: list[UploadFile]) -> tuple[NewFile, ...]:
    """Uploads into the storage, before any transaction. Refuses what no mail server takes."""
    chosen = [file for file in files if file.filename]
    contents = [await file.read(_LARGEST + 1) for file in chosen[: _MOST_FILES + 1]]
    if len(chosen) > _MOST_FILES or sum(map(len, contents)) > _LARGEST:
        raise HTTPException(413)
    return tuple([await _stored(visit, file, content) for file, content in zip(chosen, contents, strict=True)])


async def _stored(visit: Visit, file: UploadFile, content: bytes) -> NewFile:
    name, media_type = (file.filename or "file")[-200:], file.content_type or "application/octet-stream"
    return NewFile(name=name, media_type=media_type, sha256=await visit.hub.storage.put(content), size=len(content))
