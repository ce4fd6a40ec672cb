"""What customers did, as the log and their answers tell it, as predicates over `customer`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Exists, case, exists, literal_column
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from hub import clock
from hub.models import Customer, Interaction, Reaction, Survey
from hub.models.vocabulary import Direction, Kind, Origin, Scale, State, Touch
from hub.segments import last_contacts
from hub.segments.conditions import Condition
from hub.segments.fields import Op
from hub.segments.last_contacts import EVER

Where = ColumnElement[bool]
_NEVER_LEFT = (State.WITHHELD, State.EXPIRED, State.CANCELLED, State.QUEUED)


def _log(*where: Where) -> Exists:
    return exists().where(col(Interaction.customer_id) == Customer.id, *where)


_LEFT = col(Interaction.state).not_in(_NEVER_LEFT)
_IN_EARNEST = col(Interaction.origin) != Origin.TEST
_CONTACT = (col(Interaction.direction) != Direction.NOTE, _IN_EARNEST, _LEFT)
_WORD = (col(Interaction.direction) == Direction.IN, col(Interaction.auto) == literal_column("''"))
_CALL = (col(Interaction.kind) == Kind.VOICE, col(Interaction.origin).not_in((Origin.TEST, Origin.CAMPAIGN)), _LEFT)
_CLICK = (
    _IN_EARNEST,
    col(Reaction.interaction_id) == col(Interaction.id),
    col(Reaction.touch) == Touch.CLICK,
    col(Reaction.machine).is_(False),
)
SINCE: Mapping[str, Sequence[Where]] = {
    "last_contact_days": _CONTACT,
    "wrote_days": _WORD,
    "called_days": _CALL,
    "clicked_days": _CLICK,
}
# Of these the latest of each customer is kept beside the log, in the columns of `LastContact`.
KEPT: Mapping[str, str] = {"last_contact_days": "contact", "wrote_days": "word", "called_days": "call"}
CAMPAIGNS = ("got_campaign", "clicked_campaign")


def happened(condition: Condition, now: datetime, until: UUID | None = None) -> Where:
    """Less than N days ago; or more than N days ago, which includes never.

    The id's bound prunes the log's months; older ones than `until` are asked of what is kept beside the log.
    """
    if condition.op is Op.EXISTS:
        some = _since(condition.name, EVER, until)
        return some if condition.value else ~some
    recent = _since(condition.name, clock.first_uuid7(now - timedelta(days=condition.value)), until)
    return recent if condition.op is Op.LT else ~recent


def _since(name: str, since: UUID, until: UUID | None) -> Where:
    if name in KEPT and until is not None and since < until:
        return last_contacts.since(KEPT[name], SINCE[name], since, until)
    return _log(*SINCE[name], col(Interaction.id) >= since)


def of_campaign(condition: Condition) -> Where:
    """It reached their channel, or they followed a link of it."""
    messages = col(Interaction.campaign_id) == condition.value
    found = _log(messages, _LEFT) if condition.name == "got_campaign" else _log(*_CLICK, messages)
    return ~found if condition.op is Op.NE else found


def satisfaction() -> ColumnElement[Any]:
    """The latest answer, from 0 for the worst to 100 for the best that could be said."""
    answer = aliased(Survey)
    spans = ((scale.lowest, scale.highest - scale.lowest, col(answer.scale) == scale) for scale in Scale)
    share = case(*((of, 100.0 * (col(answer.score) - lowest) / span) for lowest, span, of in spans))
    latest = select(share).where(col(answer.customer_id) == Customer.id, col(answer.score).is_not(None))
    return latest.order_by(col(answer.answered_at).desc()).limit(1).scalar_subquery()
