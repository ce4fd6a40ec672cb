"""What customers did, as the log and their answers tell it, as predicates over `customer`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Exists, case, exists, literal_column
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from hub import clock
from hub.models import Customer, Interaction, Reaction, Survey
from hub.models.vocabulary import Direction, Kind, Origin, Scale, State, Touch
from hub.segments.conditions import Condition
from hub.segments.fields import Op

Where = ColumnElement[bool]
_NEVER_LEFT = (State.WITHHELD, State.EXPIRED, State.CANCELLED, State.QUEUED)


def _log(*where: Where) -> Exists:
    return exists().where(col(Interaction.customer_id) == Customer.id, *where)


_LEFT = col(Interaction.state).not_in(_NEVER_LEFT)
_IN_EARNEST = col(Interaction.origin) != Origin.TEST
_CONTACT = _log(col(Interaction.direction) != Direction.NOTE, _IN_EARNEST, _LEFT)
_WORD = _log(col(Interaction.direction) == Direction.IN, col(Interaction.auto) == literal_column("''"))
_CALL = _log(col(Interaction.kind) == Kind.VOICE, col(Interaction.origin).not_in((Origin.TEST, Origin.CAMPAIGN)), _LEFT)
_CLICK = _log(
    _IN_EARNEST,
    col(Reaction.interaction_id) == col(Interaction.id),
    col(Reaction.touch) == Touch.CLICK,
    col(Reaction.machine).is_(False),
)
SINCE: Mapping[str, Exists] = {
    "last_contact_days": _CONTACT,
    "wrote_days": _WORD,
    "called_days": _CALL,
    "clicked_days": _CLICK,
}
CAMPAIGNS = ("got_campaign", "clicked_campaign")


def happened(condition: Condition, now: datetime) -> Where:
    """Less than N days ago; or more than N days ago, which includes never. The id's bound prunes the log's months."""
    some = SINCE[condition.name]
    if condition.op is Op.EXISTS:
        return some if condition.value else ~some
    since = clock.first_uuid7(now - timedelta(days=condition.value))
    recent = some.where(col(Interaction.id) >= since)
    return recent if condition.op is Op.LT else ~recent


def of_campaign(condition: Condition) -> Where:
    """It reached their channel, or they followed a link of it."""
    messages = col(Interaction.campaign_id) == condition.value
    found = _log(messages, _LEFT) if condition.name == "got_campaign" else _CLICK.where(messages)
    return ~found if condition.op is Op.NE else found


def satisfaction() -> ColumnElement[Any]:
    """The latest answer, from 0 for the worst to 100 for the best that could be said."""
    answer = aliased(Survey)
    spans = ((scale.lowest, scale.highest - scale.lowest, col(answer.scale) == scale) for scale in Scale)
    share = case(*((of, 100.0 * (col(answer.score) - lowest) / span) for lowest, span, of in spans))
    latest = select(share).where(col(answer.customer_id) == Customer.id, col(answer.score).is_not(None))
    return latest.order_by(col(answer.answered_at).desc()).limit(1).scalar_subquery()
