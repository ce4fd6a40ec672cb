"""A segment as one SQL predicate over customers. Values are bound; names of columns come from the table of fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Numeric, and_, case, cast, exists, false, func, literal, or_, true
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from hub.customers.rfm import USUAL, Formula
from hub.models import Consent, Customer, Identity, SegmentMember
from hub.models.vocabulary import AddressKind, IdentityState, Kind, Purpose
from hub.segments import buying, history
from hub.segments.comparing import Where, compare
from hub.segments.conditions import BadCondition, Condition
from hub.segments.fields import LIST, Op
from hub.segments.tree import AllOf, Not, Tree
from hub.sentences import Sentence

_CERTAIN = frozenset(
    {LIST, "label", "has_channel", "consent", *buying.FIELDS, *history.SINCE, *history.CAMPAIGNS}
)  # never unknown


@dataclass(frozen=True, slots=True)
class Terms:
    """What it is asked by: the moment, how purchases are scored, up to where what is kept of the log may be believed
    (`last_contacts.until`; None: not at all).
    """

    now: datetime
    formula: Formula = USUAL
    until: UUID | None = None


def compile(tree: Tree, terms: Terms, *, holds: bool = True) -> Where:  # noqa: A001
    """The predicate over `customer` that is true of whom it means, or of all others when it is not to hold.

    Of whom something is not known it does not hold. Saved segments have been written out before.
    """
    if isinstance(tree, Not):
        return compile(tree.of, terms, holds=not holds)
    if isinstance(tree, Condition):
        where = _where(tree, terms)
        return where if holds else ~where if tree.name in _CERTAIN else ~func.coalesce(where, False)
    if isinstance(tree, AllOf) is not holds:
        return or_(false(), *(compile(one, terms, holds=holds) for one in tree.of))
    bought, others = _of_purchases(tree.of) if holds else ([], tree.of)
    inner = [compile(one, terms, holds=holds) for one in others]
    return and_(true(), *inner, *([buying.together(bought, terms.formula, terms.now)] if bought else []))


def _of_purchases(trees: Sequence[Tree]) -> tuple[list[Condition], Sequence[Tree]]:
    """What is asked of the same purchases, where it is more than one thing, and the rest: adding up takes the time."""
    bought = [one for one in trees if isinstance(one, Condition) and one.name in buying.FIELDS]
    return (bought, [one for one in trees if one not in bought]) if len(bought) > 1 else ([], trees)


def _where(condition: Condition, terms: Terms) -> Where:
    if condition.attribute:
        return _attribute(condition)
    if condition.name == "label":
        return _label(condition)
    if condition.name == "has_channel":
        return _reachable(condition)
    if condition.name == "consent":
        return _consenting(condition)
    if condition.name == LIST:
        return _on_list(condition)
    if condition.name in buying.FIELDS:
        return buying.where(condition, terms.formula, terms.now)
    if condition.name in history.SINCE:
        return history.happened(condition, terms.now, terms.until)
    if condition.name in history.CAMPAIGNS:
        return history.of_campaign(condition)
    if condition.name == "satisfaction":
        return compare(history.satisfaction(), condition)
    return compare(_column(condition.name, terms.now), condition)


def _column(name: str, now: datetime) -> ColumnElement[Any]:
    columns: Mapping[str, Any] = {
        "name": Customer.name,
        "language": Customer.language,
        "country": Customer.country,
        "timezone": Customer.timezone,
        "vip": Customer.vip,
        "provisional": Customer.provisional,
        "birthday_month": Customer.birth_month,
        "created_at": Customer.created_at,
        "age": _age(now),
    }
    column: ColumnElement[Any] = columns[name]
    return column


def _age(now: datetime) -> ColumnElement[Any]:
    today = now.month * 100 + now.day
    birthday = col(Customer.birth_month) * 100 + col(Customer.birth_day)
    return now.year - col(Customer.birth_year) - case((birthday > today, 1), else_=0)


def _label(condition: Condition) -> Where:
    labels = col(Customer.labels)
    if condition.op is Op.EXISTS:
        some = func.cardinality(labels) > 0
        return some if condition.value else ~some
    if condition.op is Op.IN:
        return or_(*(literal(value) == func.any(labels) for value in condition.value))
    has: Where = literal(condition.value) == func.any(labels)
    return ~has if condition.op is Op.NE else has


def _attribute(condition: Condition) -> Where:
    """Attributes are JSON of any type, texts when they came by CSV: a number also matches the text that spells it."""
    text: ColumnElement[Any] = func.jsonb_extract_path_text(Customer.attributes, condition.attribute)
    if _numbers(condition):
        return compare(_numeric(text), Condition(condition.name, condition.op, _only_numbers(condition)))
    if condition.op in (Op.LT, Op.GT, Op.LE, Op.GE):
        return compare(text.collate("C"), condition)
    return compare(text, Condition(condition.name, condition.op, _as_text(condition)))


def _numbers(condition: Condition) -> bool:
    value = condition.value[0] if condition.op is Op.IN else condition.value
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numeric(text: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((text.regexp_match(r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$"), cast(text, Numeric)))


def _only_numbers(condition: Condition) -> Any:
    if condition.op is not Op.IN:
        return condition.value
    if not all(isinstance(value, int | float) for value in condition.value):
        raise BadCondition(Sentence("%(field)s: a list holds numbers or texts, not both", {"field": condition.name}))
    return condition.value


def _as_text(condition: Condition) -> Any:
    if condition.op is Op.EXISTS:
        return condition.value
    if condition.op is Op.IN:
        return tuple(_json_word(value) for value in condition.value)
    return _json_word(condition.value)


def _json_word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _on_list(condition: Condition) -> Where:
    mine = col(SegmentMember.segment_id) == condition.value
    found = exists().where(mine, col(SegmentMember.customer_id) == Customer.id)
    return ~found if condition.op is Op.NE else found


def _reachable(condition: Condition) -> Where:
    kinds = condition.value if condition.op is Op.IN else (condition.value,)
    wanted = {AddressKind.of(Kind(kind)) for kind in kinds}
    found = exists().where(
        col(Identity.customer_id) == Customer.id,
        col(Identity.kind).in_(wanted),
        col(Identity.state) != IdentityState.DEAD,
    )
    return ~found if condition.op is Op.NE else found


def _consenting(condition: Condition) -> Where:
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
