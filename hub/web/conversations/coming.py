"""Whether they come: what somebody wrote in words of their own, settled beside the conversation."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Response

from hub.conversations import inbox
from hub.gatherings import seats
from hub.gatherings.seats import NoSuchGuest
from hub.models.vocabulary import GuestState
from hub.web import words
from hub.web.access import Answerer
from hub.web.calendar.guests import note
from hub.web.conversations.inbox import is_view
from hub.web.pages import go
from hub.web.problems import Page
from hub.web.translations import gettext as _

router = APIRouter(route_class=Page)
_COMES = (GuestState.COMING, GuestState.WAITING)


@router.post("/inbox/{view}/{conversation_id}/guests/{guest_id}")
async def settle(
    visit: Answerer, view: str, conversation_id: UUID, guest_id: int, coming: Annotated[str, Form()] = ""
) -> Response:
    """Of the customer whose conversation it is. Their words are not read for it: a person says what they mean."""
    if not is_view(view):
        raise HTTPException(404)
    try:
        async with visit.hub.database.unit() as session:
            found = await inbox.conversation(session, conversation_id, staff_id=visit.staff_id)
            if (await seats.guest(session, guest_id)).customer_id != found.customer_id:
                raise NoSuchGuest(f"There is no guest {guest_id} in conversation {conversation_id}")
            guest = await seats.answer(session, guest_id, coming=bool(coming), gate=visit.hub.gate, now=visit.now)
            await note(session, visit, "answer", guest.gathering_id, f"guest:{guest_id}")
    except NoSuchGuest as e:
        raise HTTPException(404) from e
    back = f"/inbox/{view}/{conversation_id}"
    if (guest.state in _COMES) != bool(coming):
        return go(visit, back, _("The event has begun or is called off: nothing was changed."))
    return go(visit, back, _("Written down: %(state)s.") % {"state": _(words.sign(words.GUESTS, guest.state).word)})
