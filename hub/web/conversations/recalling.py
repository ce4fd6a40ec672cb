"""What has not left yet: taken back into the composer, or sent at once."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response

from hub.conversations import held
from hub.conversations.held import TooLate
from hub.interactions import history
from hub.web.access import Answerer, Visit
from hub.web.conversations import inbox
from hub.web.pages import go
from hub.web.problems import Page
from hub.web.translations import gettext as _

router = APIRouter(route_class=Page)


@router.post("/messages/{interaction_id}/take-back")
async def take_back(visit: Answerer, interaction_id: UUID, view: Annotated[str, Form()] = "all") -> Response:
    """What has not left is a draft of its writer's again."""
    try:
        async with visit.hub.database.unit() as session:
            taken = await held.take_back(session, interaction_id, by=visit.staff_id, now=visit.now)
    except TooLate:
        return await _left_already(visit, interaction_id, view)
    mine = taken.place.staff_id == visit.staff_id
    told = _("Taken back. Your words are in the composer.") if mine else _("Taken back. It is a draft of its writer's.")
    return go(visit, _where(taken.place.conversation_id, taken.place.customer_id, view), told)


@router.post("/messages/{interaction_id}/send-now")
async def send_now(visit: Answerer, interaction_id: UUID, view: Annotated[str, Form()] = "all") -> Response:
    """What was to leave later leaves at once."""
    try:
        async with visit.hub.database.unit() as session:
            message = await held.send_now(session, interaction_id, by=visit.staff_id, now=visit.now)
    except TooLate:
        return await _left_already(visit, interaction_id, view)
    return go(visit, _where(message.conversation_id, message.customer_id, view), _("On its way."))


async def _left_already(visit: Visit, interaction_id: UUID, view: str) -> Response:
    async with visit.hub.database.unit() as session:
        message = await history.entry(session, interaction_id)
    return go(visit, _where(message.conversation_id, message.customer_id, view), _("It has left already."))


def _where(conversation_id: UUID | None, customer_id: UUID, view: str) -> str:
    shown = view if inbox.is_view(view) else "all"
    return f"/inbox/{shown}/{conversation_id}" if conversation_id else f"/customers/{customer_id}"
