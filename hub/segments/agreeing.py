"""What customers agreed to, as the ledger tells it, as predicates over `customer`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from hub.models import Consent, Customer
from hub.models.vocabulary import Kind, Purpose
from hub.segments.comparing import Where
from hub.segments.conditions import Condition
from hub.segments.fields import Op


def where(condition: Condition) -> Where:
    """The latest statement in the ledger that speaks of this purpose and this channel says yes."""
    given = _of_topic(condition) if condition.topic else _of_whole(condition)
    return ~given if condition.op is Op.NE else given


def _speaks(row: type[Consent], condition: Condition) -> list[Where]:
    purpose, kind = condition.value.split(":")[:2]
    return [
        col(row.topic).in_({"", condition.topic}),
        or_(col(row.purpose) == Purpose(purpose), col(row.purpose).is_(None)),
        or_(col(row.channel) == Kind(kind), col(row.channel).is_(None)),
    ]


def _of_whole(condition: Condition) -> Where:
    """A yes after which there is no no: two joins, which cost less than a grouping that is asked for its latest."""
    yes, no = aliased(Consent), aliased(Consent)
    same = (col(no.customer_id) == col(yes.customer_id), col(no.id) > col(yes.id))
    taken_back = exists().where(*same, ~col(no.granted), *_speaks(no, condition))
    return exists().where(col(yes.customer_id) == Customer.id, col(yes.granted), *_speaks(yes, condition), ~taken_back)


def _of_topic(condition: Condition) -> Where:
    """One grouping for everybody, which the database joins; not a question for each customer."""
    row = aliased(Consent)
    latest: ColumnElement[Any] = func.max(row.id)
    speak = (
        select(col(row.customer_id))
        .where(*_speaks(row, condition))
        .group_by(col(row.customer_id))
        .having(_narrowly(latest, row, condition.topic))
        .subquery()
    )
    return exists().where(speak.c.customer_id == Customer.id)


def _narrowly(latest: ColumnElement[Any], row: type[Consent], topic: str) -> Where:
    """As `hub.customers.consent.standing` has it of a topic: nothing narrow says no, and what is said of the whole says
    yes, is not there, or came before the narrow yes."""
    whole, narrow = (latest.filter(col(row.topic) == one) for one in ("", topic))
    whole_yes, narrow_yes = (latest.filter(col(row.topic) == one, col(row.granted)) for one in ("", topic))
    no_narrow_no = func.coalesce(narrow == narrow_yes, narrow.is_(None))
    no_whole_no = or_(whole.is_(None), func.coalesce(whole == whole_yes, False), func.coalesce(narrow > whole, False))
    return and_(no_narrow_no, no_whole_no)
