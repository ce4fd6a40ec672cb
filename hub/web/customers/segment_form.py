"""A segment as a form: groups of conditions, and back. What is deeper than groups was made by a program."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData

from hub.segments import tree
from hub.segments.conditions import BadCondition, Condition, from_text
from hub.segments.fields import FIELDS, Field, Op
from hub.segments.tree import AllOf, AnyOf, Not, Raw, Tree
from hub.sentences import Gap, Sentence
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

OPS = {
    "eq": N_("is"),
    "ne": N_("is not"),
    "in": N_("is one of"),
    "contains": N_("contains"),
    "exists": N_("is known (yes or no)"),
    "lt": N_("less than, before"),
    "gt": N_("more than, after"),
    "le": N_("at most"),
    "ge": N_("at least"),
}
JOINS = {"all": N_("all of these groups"), "any": N_("at least one of these groups")}
HOWS = {"all": N_("all of this holds"), "any": N_("at least one of this holds"), "none": N_("none of this holds")}
FIRST = "1"  # the key of a form's first group
Names = Mapping[str, Mapping[int, str]]  # of a field's table: the number of each row, and its name


@dataclass(frozen=True, slots=True)
class Row:
    """One condition, as it is typed."""

    field: str = ""
    op: str = "eq"
    value: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions that stand together; `key` tells its fields in the form from those of the others."""

    key: str = FIRST
    how: str = "all"
    rows: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class Typed:
    """The whole form of a segment."""

    join: str = "all"
    groups: Sequence[Group] = (Group(),)
    names: Names = field(default_factory=dict)


def choices() -> dict[str, Any]:
    """What the form's pages choose from."""
    return {"fields": FIELDS, "ops": OPS, "joins": JOINS, "hows": HOWS, "blank": Row()}


def new_group() -> Group:
    """An empty one, whose key no other has."""
    return Group(secrets.token_hex(4))


def typed(form: FormData, names: Names) -> Typed:
    """What came by a form; `more` asks for one more row of a group, or for a group."""
    keys = [str(key)[:20] for key in form.getlist("group")] or [FIRST]
    more = str(form.get("more", ""))
    groups = [_group(form, key, more) for key in dict.fromkeys(keys)]
    join = "any" if form.get("join") == "any" else "all"
    return Typed(join, [*groups, new_group()] if more == "group" else groups, names)


def raw(given: Typed) -> Raw:
    """The segment that the form means. Raises BadCondition."""
    groups = [(group.how, [_condition(row, given.names) for row in group.rows if _asks(row)]) for group in given.groups]
    joined = [_joined(how, rows) for how, rows in groups if rows]
    if len(joined) == 1 and "all" in joined[0]:
        return joined[0]["all"]  # type: ignore[no-any-return]
    return {given.join: joined} if joined else []


def shown(segment: Raw, names: Names) -> Typed | None:
    """The form of a segment; None: it is deeper than the form."""
    whole = tree.read(segment)
    if isinstance(whole, AllOf) and all(isinstance(one, Condition) for one in whole.of):
        return Typed("all", [Group(FIRST, "all", [*_rows(whole.of, names)])], names)
    if not isinstance(whole, AllOf | AnyOf):
        whole = AllOf((whole,))
    groups = [_as_group(str(number), one, names) for number, one in enumerate(whole.of, 1)]
    if any(group is None for group in groups):
        return None
    return Typed("all" if isinstance(whole, AllOf) else "any", [group for group in groups if group], names)


def _group(form: FormData, key: str, more: str) -> Group:
    columns = [[str(one) for one in form.getlist(f"{name}.{key}")] for name in ("field", "op", "value")]
    rows = [Row(*cells) for cells in zip(*columns, strict=False) if cells[0] or cells[2]]
    how = str(form.get(f"how.{key}", "all"))
    return Group(key, how if how in HOWS else "all", [*rows, Row()] if more == key else rows)


def _asks(row: Row) -> bool:
    """False: it is empty. Dropping a value nobody chose a field for would mean more people than was typed."""
    if row.value.strip() and not row.field:
        gaps: dict[str, Gap] = {"value": row.value.strip()[:100]}
        raise BadCondition(Sentence("“%(value)s” is compared with nothing. Choose with what, or remove the row", gaps))
    return bool(row.field)


def _condition(row: Row, names: Names) -> dict[str, Any]:
    known = FIELDS.get(row.field)
    if known is None or not known.of:
        return from_text(row.field, row.op, _plainly(row, known))
    wanted = row.value.strip()
    numbers = [number for number, name in names.get(known.of, {}).items() if name.lower() == wanted.lower()]
    if not numbers:
        gaps: dict[str, Gap] = {"field": Sentence(known.title), "name": wanted[:100]}
        raise BadCondition(Sentence("%(field)s: nothing is called “%(name)s”. Choose one of the list", gaps))
    return from_text(row.field, row.op, str(max(numbers)))


def _plainly(row: Row, known: Field | None) -> str:
    """The value, with yes and no as the desk's language says them turned into these."""
    if row.op != Op.EXISTS and (known is None or known.type != "flag"):
        return row.value
    word = row.value.strip().casefold()
    return {_("yes").casefold(): "yes", _("no").casefold(): "no"}.get(word, row.value)


def _joined(how: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"not": {"any": rows}} if how == "none" else {how: rows}


def _as_group(key: str, one: Tree, names: Names) -> Group | None:
    if isinstance(one, Condition):
        return Group(key, "all", [*_rows((one,), names)])
    how = "all" if isinstance(one, AllOf) else "any"
    if isinstance(one, Not):
        how, one = "none", one.of if isinstance(one.of, AnyOf) else AnyOf((one.of,))
    if isinstance(one, Not) or not all(isinstance(leaf, Condition) for leaf in one.of):
        return None
    return Group(key, how, [*_rows(one.of, names)])


def _rows(of: Sequence[Tree], names: Names) -> Iterator[Row]:
    for one in of:
        if isinstance(one, Condition):
            yield Row(one.name, one.op.value, _as_text(one, names))


def _as_text(condition: Condition, names: Names) -> str:
    value, known = condition.plain()["value"], FIELDS.get(condition.name)
    if known is not None and known.of:
        return names.get(known.of, {}).get(value, str(value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
