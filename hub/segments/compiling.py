"""A segment as one SQL predicate over customers. Values are bound; names of columns come from the table of fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Numeric, and_, case, cast, exists, false, func, literal, or_, true
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from hub.customers.rfm import USUAL, Formula
from hub.models import Customer, Identity, Purchase, SegmentMember
from hub.models.vocabulary import AddressKind, IdentityState, Kind
from hub.segments import agreeing, buying, history
from hub.segments import tree as trees
from hub.segments.comparing import Where, compare
from hub.segments.conditions import BadCondition, Condition
from hub.segments.fields import LIST, Op
from hub.segments.tree import AllOf, Not, Tree
from hub.sentences import Sentence

_CERTAIN = frozenset(
    {LIST, "label", "has_channel", "consent", *buying.FIELDS, *history.SINCE, *history.CAMPAIGNS}
)  # never unknown
_ELSEWHERE = (_CERTAIN - {"label"}) | {"satisfaction"}


@dataclass(frozen=True, slots=True)
class Terms:
    """What it is asked by: the moment, how purchases are scored, up to where what is kept of the log may be believed
    (`last_contacts.until`; None: not at all).
    """

    now: datetime
    formula: Formula = USUAL
    until: UUID | None = None


def compile(tree: Tree, terms: Terms) -> Where:  # noqa: A001
    """The predicate over `customer` that is true of whom it means.

    Of whom something is not known it does not hold. Saved segments have been written out before.
    """
    return col(Customer.id).in_(whom(tree, terms)) if _several_groupings(tree) else _holding(tree, _Asked(terms))


def whom(tree: Tree, terms: Terms) -> SelectOfScalar[UUID]:
    """Their numbers. Purchases are added up once, however many conditions ask for them, wherever they stand; and only
    those of customers who may be meant, by what their own row tells.
    """
    if not _several_groupings(tree):
        return select(col(Customer.id)).where(_holding(tree, _Asked(terms)))
    bought = [one for one in trees.leaves(tree) if one.name in buying.FIELDS]
    theirs = and_(col(Purchase.customer_id) == Customer.id, *buying.counted(bought, terms.formula, terms.now))
    perhaps = _holding(trees.weakened(tree, _of_themselves), _Asked(terms))
    query = select(col(Customer.id)).outerjoin(Purchase, theirs).where(perhaps).group_by(col(Customer.id))
    return query.having(_holding(tree, _Asked(terms, grouped=True))).correlate(None)


@dataclass(frozen=True, slots=True)
class _Asked:
    """`grouped`: each customer's purchases are joined and make a group already."""

    terms: Terms
    grouped: bool = False


def _several_groupings(tree: Tree) -> bool:
    """Would purchases be added up more than once, were each of its parts asked by itself?"""
    bought = [one for one in trees.leaves(tree) if one.name in buying.FIELDS]
    return len(bought) > 1 and not (isinstance(tree, AllOf) and all(one in tree.of for one in bought))


def _holding(tree: Tree, asked: _Asked, *, holds: bool = True) -> Where:
    """True of whom it means, or of all others when it is not to hold. What costs least is asked first."""
    if isinstance(tree, Not):
        return _holding(tree.of, asked, holds=not holds)
    if isinstance(tree, Condition):
        where = _where(tree, asked)
        return where if holds else ~where if tree.name in _CERTAIN else ~func.coalesce(where, False)
    parts = sorted(tree.of, key=_cost)
    if isinstance(tree, AllOf) is not holds:
        return or_(false(), *(_holding(one, asked, holds=holds) for one in parts))
    bought, others = _of_purchases(parts) if holds and not asked.grouped else ([], parts)
    inner = [_holding(one, asked, holds=holds) for one in others]
    terms = asked.terms
    return and_(true(), *inner, *([buying.together(bought, terms.formula, terms.now)] if bought else []))


def _cost(tree: Tree) -> int:
    return max(
        (0 if _of_themselves(one) else 1 if one.name in buying.FIELDS else 2 for one in trees.leaves(tree)), default=0
    )


def _of_themselves(condition: Condition) -> bool:
    """Does the customer's own row tell?"""
    return condition.name not in _ELSEWHERE


def _of_purchases(parts: Sequence[Tree]) -> tuple[list[Condition], Sequence[Tree]]:
    """What is asked of the same purchases, where it is more than one thing, and the rest: adding up takes the time."""
    bought = [one for one in parts if isinstance(one, Condition) and one.name in buying.FIELDS]
    return (bought, [one for one in parts if one not in bought]) if len(bought) > 1 else ([], parts)


def _where(condition: Condition, asked: _Asked) -> Where:
    terms = asked.terms
    if condition.attribute:
        return _attribute(condition)
    if condition.name == "label":
        return _label(condition)
    if condition.name == "has_channel":
        return _reachable(condition)
    if condition.name == "consent":
        return agreeing.where(condition)
    if condition.name == LIST:
        return _on_list(condition)
    if condition.name in buying.FIELDS:
        return (buying.of_group if asked.grouped else buying.where)(condition, terms.formula, terms.now)
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
