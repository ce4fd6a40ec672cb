"""A segment as a tree: conditions joined by all, any and not. Checked here before anything is asked of the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from hub.segments import conditions
from hub.segments.conditions import BadCondition, Condition
from hub.sentences import Sentence

DEEPEST = 5  # levels of all, any and not
_MOST = 50  # conditions of one segment


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of them holds; of none: everybody."""

    of: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of them holds; of none: nobody."""

    of: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold, or cannot be known."""

    of: Tree


Tree: TypeAlias = AllOf | AnyOf | Not | Condition
Raw: TypeAlias = Sequence[Any] | Mapping[str, Any]
_Joined = TypeVar("_Joined", AllOf, AnyOf)


def read(raw: object) -> Tree:
    """Check {"all": […]}, {"any": […]}, {"not": …} or one condition; a list means all of it. Raises BadCondition."""
    tree = _read(raw, 0)
    number = sum(1 for _ in leaves(tree))
    if number > _MOST:
        raise BadCondition(
            Sentence("%(number)s conditions are too many: %(most)s are allowed", {"number": number, "most": _MOST})
        )
    return tree


def leaves(tree: Tree) -> Iterator[Condition]:
    """Its conditions, from the first to the last."""
    if isinstance(tree, Condition):
        yield tree
    elif isinstance(tree, Not):
        yield from leaves(tree.of)
    else:
        for one in tree.of:
            yield from leaves(one)


def replaced(tree: Tree, by: Callable[[Condition], Tree]) -> Tree:
    """The same tree with another in the place of each condition."""
    if isinstance(tree, Condition):
        return by(tree)
    if isinstance(tree, Not):
        return Not(replaced(tree.of, by))
    return type(tree)(tuple(replaced(one, by) for one in tree.of))


def weakened(tree: Tree, keep: Callable[[Condition], bool], *, holds: bool = True) -> Tree:
    """By the conditions to keep alone, it means at least everybody whom the tree means; or leaves out nobody but those
    whom the tree leaves out, where that is what holds.
    """
    if isinstance(tree, Condition):
        return tree if keep(tree) else AllOf(()) if holds else AnyOf(())
    if isinstance(tree, Not):
        return Not(weakened(tree.of, keep, holds=not holds))
    return type(tree)(tuple(weakened(one, keep, holds=holds) for one in tree.of))


def plain(tree: Tree) -> dict[str, Any]:
    """As JSON, which `read` reads."""
    if isinstance(tree, Condition):
        return tree.plain()
    if isinstance(tree, Not):
        return {"not": plain(tree.of)}
    return {"all" if isinstance(tree, AllOf) else "any": [plain(one) for one in tree.of]}


def _read(raw: object, depth: int) -> Tree:
    if depth > DEEPEST:
        raise BadCondition(Sentence("A segment goes %(most)s levels deep, not deeper", {"most": DEEPEST}))
    if isinstance(raw, list | tuple):
        return _several(AllOf, raw, depth)
    if not isinstance(raw, Mapping):
        raise BadCondition(Sentence("A condition is an object with field, op and value, not %(what)s", _shown(raw)))
    if len(raw) == 1 and (word := next(iter(raw))) in ("all", "any", "not"):
        return _joined(word, raw[word], depth)
    return conditions.read(raw)


def _joined(word: str, inner: object, depth: int) -> Tree:
    if word == "not":
        return Not(_read(inner, depth + 1))
    if not isinstance(inner, list | tuple):
        raise BadCondition(Sentence("“%(word)s” takes a list, not %(what)s", {"word": word, **_shown(inner)}))
    return _several(AllOf, inner, depth) if word == "all" else _several(AnyOf, inner, depth)


def _several(kind: type[_Joined], raw: Sequence[object], depth: int) -> _Joined:
    return kind(tuple(_read(one, depth + 1) for one in raw))


def _shown(what: object) -> dict[str, str]:
    return {"what": repr(what)[:40]}
