"""Writing to a customer from the desk: replies, first words, notes and calls. What was typed is read by `composed`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Response

from hub.conversations import calling_customers, drafts, notes, replies
from hub.conversations import inbox as conversations
from hub.conversations.calling_customers import CannotCall
from hub.conversations.copying import BadCopies
from hub.conversations.drafts import Place
from hub.conversations.replies import NotYours, Overtaken, Reply, TooLong
from hub.conversations.signatures import SignatureProblem
from hub.customers import directory
from hub.models.vocabulary import Kind
from hub.outbound.calling import NoTelephone
from hub.outbound.request import Answer, Duplicate, Held, NewFile, Placed
from hub.web import moments, waits, words
from hub.web.access import Answerer, Caller, Visit
from hub.web.conversations import composed, inbox
from hub.web.conversations.composed import DISCARD, BadFiles, Form_, Written
from hub.web.customers import customer
from hub.web.messages.composing import Composer
from hub.web.pages import Undo, go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_EMPTY = N_("There is nothing to send. Write something first.")
_REFUSED = (TooLong, NotYours, SignatureProblem, BadCopies, BadFiles)  # the form comes back with all that was typed
_OVERTAKEN = N_("A colleague answered while you wrote. Nothing of yours was sent.")


@router.post("/conversations/{conversation_id}/reply")
async def reply(
    visit: Answerer, conversation_id: UUID, written: Form_, view: Annotated[str, Form()] = "all"
) -> Response:
    """A reply, or a note between colleagues, in a conversation."""
    shown = view if inbox.is_view(view) else "all"
    back = f"/inbox/{shown}/{conversation_id}"
    async with visit.hub.database.unit() as session:
        line = await conversations.conversation(session, conversation_id)
    place = Place(visit.staff_id, line.customer_id, conversation_id)
    if written.empty:
        return await _thread(visit, conversation_id, shown, written, _(_EMPTY))
    try:
        return await _carry_out(visit, place, written, back, shown)
    except Overtaken as e:
        return await _thread(visit, conversation_id, shown, written, _(_OVERTAKEN), e.interaction_id)
    except _REFUSED as e:
        return await _thread(visit, conversation_id, shown, written, worded(e))


@router.post("/customers/{customer_id}/write")
async def write(visit: Answerer, customer_id: UUID, written: Form_) -> Response:
    """A first word to a customer, or a note about them."""
    back = f"/customers/{customer_id}"
    async with visit.hub.database.unit() as session:
        await directory.get(session, customer_id)
    place = Place(visit.staff_id, customer_id)
    if written.empty:
        return await _first_word(visit, customer_id, written, _(_EMPTY))
    try:
        return await _carry_out(visit, place, written, back)
    except _REFUSED as e:
        return await _first_word(visit, customer_id, written, worded(e))


@router.post("/customers/{customer_id}/call")
async def call(
    visit: Caller,
    customer_id: UUID,
    conversation_id: Annotated[UUID | None, Form()] = None,
    view: Annotated[str, Form()] = "all",
    number: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Rings the member of staff first, then the customer; `number`: one of theirs, else the best one."""
    beside = f"/inbox/{view}/{conversation_id}" if conversation_id and inbox.is_view(view) else ""
    back = beside or f"/customers/{customer_id}"
    try:
        answer = await _ring(visit, customer_id, number, conversation_id)
    except (CannotCall, NoTelephone) as e:
        return go(visit, back, worded(e))
    placed = _("Your telephone rings now. Press 1, then we ring the customer.")
    return go(visit, back, said(answer) if isinstance(answer, Held) else placed)


async def _ring(visit: Visit, customer_id: UUID, number: str, conversation_id: UUID | None) -> Answer:
    """Raises CannotCall and NoTelephone."""
    async with visit.hub.database.unit() as session:
        return await calling_customers.call(
            session,
            customer_id,
            staff_id=visit.staff_id,
            gate=visit.hub.gate,
            now=visit.now,
            number=number,
            conversation_id=conversation_id,
        )


async def _carry_out(visit: Visit, place: Place, written: Written, back: str, view: str = "all") -> Response:
    """Whatever was chosen. Raises Overtaken and what `_REFUSED` names."""
    if written.stays_here:
        return go(visit, back, await _unsent(visit, place, written))
    if written.kind == "note":
        return await _note(visit, place, written, back)
    return _sent(visit, back, written, await _send(visit, place, written), view)


def said(answer: Answer) -> str:
    """What became of it, in a sentence."""
    if isinstance(answer, Held):
        return _("Not sent: %(reason)s") % {"reason": _(words.WITHHELD.get(answer.reason, answer.reason))}
    if isinstance(answer, Duplicate):
        return _("This was sent already; it was not sent twice.")
    return " ".join((_("On its way."), *_left_out(answer)))


def _left_out(answer: Placed) -> Iterator[str]:
    """Who gets no copy, with the reason for each."""
    for address, reason in answer.left_out.items():
        gaps = {"address": address, "reason": _(words.WITHHELD.get(reason, reason))}
        yield _("No copy to %(address)s: %(reason)s") % gaps


def _sent(visit: Visit, back: str, written: Written, answer: Answer, view: str = "all") -> Response:
    """What became of it, and while it can be taken back the button for that."""
    if isinstance(answer, Placed) and written.later:
        undo = Undo("message", answer.interaction_id, view=view)
        told = _("It leaves on %(moment)s.") % {"moment": moments.plain(answer.due_at, visit.zone)}
        told = " ".join((told, *_left_out(answer)))
        return go(visit, back, told, undo=undo)
    seconds = undo_seconds(visit)
    if isinstance(answer, Placed) and seconds:
        return go(visit, back, said(answer), undo=Undo("message", answer.interaction_id, seconds, view))
    return go(visit, back, said(answer))


def undo_seconds(visit: Visit) -> int:
    """How long this person's messages wait."""
    own = visit.staff.undo_seconds
    return visit.hub.settings.desk.undo_seconds if own is None else own


async def _unsent(visit: Visit, place: Place, written: Written) -> str:
    """Kept as a draft, or thrown away. Raises BadFiles."""
    if written.choice == DISCARD:
        async with visit.hub.database.unit() as session:
            await drafts.forget(session, place)
        return _("Discarded.")
    draft = dataclasses.replace(written.draft, files=await composed.files(visit, place, written))
    async with visit.hub.database.unit() as session:
        await drafts.keep(session, place, draft, now=visit.now)
    return _("Kept as a draft. It is here when you come back.")


async def _note(visit: Visit, place: Place, written: Written, back: str) -> Response:
    about = place.customer_id, place.conversation_id
    by: dict[str, Any] = {"staff_id": visit.staff_id, "now": visit.now, "form_token": str(written.token)}
    async with visit.hub.database.unit() as session:
        await notes.add(session, *about, written.text, **by)
        await drafts.forget(session, place)
    return go(visit, back, _("Noted. Only colleagues see it."))


async def _send(visit: Visit, place: Place, written: Written) -> Answer:
    files = await composed.files(visit, place, written) if written.kind == Kind.EMAIL else ()
    reply = _reply_of(visit, place, written, files)
    async with visit.hub.database.unit() as session:
        return await replies.answer(session, reply, gate=visit.hub.gate, now=visit.now)


def _reply_of(visit: Visit, place: Place, written: Written, files: Sequence[NewFile]) -> Reply:
    """What only a mail has stays out of anything else, whatever the form says."""
    mail = written.kind == Kind.EMAIL
    return Reply(
        conversation_id=place.conversation_id,
        customer_id=place.customer_id,
        kind=Kind(written.kind),
        text=written.text,
        subject=written.subject if mail else "",
        staff_id=visit.staff_id,
        form_token=str(written.token),
        resolve=written.resolve,
        files=tuple(files),
        seen=written.seen,
        recipient=written.recipient if mail else "",
        mailbox=written.mailbox if mail else "",
        signed=written.signed,
        quoting=written.quoting,
        leaves_at=_leaves_at(visit, written),
        scheduled=bool(written.later),
        unless_answered=bool(written.later) and written.unless_answered,
        cc=written.cc if mail else "",
        bcc=written.bcc if mail else "",
    )


def _leaves_at(visit: Visit, written: Written) -> datetime | None:
    if written.later:
        return waits.moment(visit, written.later, written.later_at, field="later_at")
    seconds = undo_seconds(visit)
    return visit.now + timedelta(seconds=seconds) if seconds else None


async def _thread(
    visit: Visit, conversation_id: UUID, view: str, written: Written, trouble: str, other: UUID | None = None
) -> Response:
    """The thread with what was said meanwhile, the form with what was typed. `other`: the message that was first."""
    data = await inbox.whole(visit, view, conversation_id)
    first = next((told for told in data["entries"] if told.id == other), None)
    again = dataclasses.replace(_again(data["composer"], written, trouble), first=first)
    return page(visit, "inbox.html", block="thread", status=422, **data | {"composer": again})


async def _first_word(visit: Visit, customer_id: UUID, written: Written, trouble: str) -> Response:
    """The customer's page, the form with what was typed."""
    data = await customer.whole(visit, customer_id)
    again = _again(data["composer"], written, trouble)
    return page(visit, "customer.html", status=422, **data | {"composer": again})


def _again(composer: Composer, written: Written, trouble: str) -> Composer:
    mail = composer.mail and dataclasses.replace(
        composer.mail,
        recipient=written.recipient,
        mailbox=written.mailbox,
        signed=written.signed,
        quoting=written.quoting,
        cc=written.cc,
        bcc=written.bcc,
    )
    return dataclasses.replace(
        composer,
        chosen=written.kind,
        because="",
        subject=written.subject,
        text=written.text,
        trouble=trouble,
        mail=mail,
        draft_at=None,
    )
