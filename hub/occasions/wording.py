"""Words of greetings that hold for everybody: an age, or a number of years, only where it is known."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from jinja2 import Environment, TemplateSyntaxError, nodes

from hub.outbound.rendering import Variants
from hub.sentences import Sentence

NUMBERS = frozenset({"age", "years"})  # None for many: the year is not known
_PARSER = Environment(autoescape=True)  # reads only, renders nothing


@dataclass(frozen=True, slots=True)
class Bare:
    """Where a template names an age that may not be known. `part`: subject, body, html, sms, voice."""

    language: str
    part: str
    line: int
    name: str


def unguarded(variants: Variants) -> list[Bare]:
    """Every place that says `age` or `years` outside of `{% if age %}` and without a default."""
    found: list[Bare] = []
    for language, parts in variants.items():
        for part, source in parts.items():
            found += [Bare(language, part, line, name) for line, name in _bare(source)]
    return found


def refusal(template: str, bare: Bare) -> Sentence:
    return Sentence(
        "“%(template)s” says %(name)s (%(language)s, %(part)s, line %(line)s), which is not known of everybody: "
        "write {%% if %(name)s %%} … {%% endif %%} around it.",
        {
            "template": template,
            "name": bare.name,
            "language": bare.language,
            "part": bare.part,
            "line": bare.line,
        },
    )


def _bare(source: str) -> list[tuple[int, str]]:
    try:
        return list(_within(_PARSER.parse(source), frozenset()))
    except TemplateSyntaxError:
        return []  # rendering says where, and nothing leaves


def _within(node: nodes.Node, known: frozenset[str]) -> Iterator[tuple[int, str]]:
    """`known`: the names that a condition around this node has asked for."""
    if isinstance(node, nodes.Name) and node.name in NUMBERS - known and node.ctx == "load":
        yield node.lineno, node.name
    elif isinstance(node, nodes.If | nodes.CondExpr):
        yield from _guarded(node, known)
    elif not (isinstance(node, nodes.Filter) and node.name in ("default", "d")) and not isinstance(node, nodes.Test):
        for child in node.iter_child_nodes():
            yield from _within(child, known)


def _guarded(node: nodes.If | nodes.CondExpr, known: frozenset[str]) -> Iterator[tuple[int, str]]:
    inside = known | _asked(node.test)
    then: Collection[nodes.Node] = node.body if isinstance(node, nodes.If) else [node.expr1]
    for child in then:
        yield from _within(child, inside)
    rest = [*node.elif_, *node.else_] if isinstance(node, nodes.If) else [node.expr2] if node.expr2 else []
    for other in rest:
        yield from _within(other, known)


def _asked(test: nodes.Node) -> frozenset[str]:
    """Names that must be something where the test holds: `age`, `age and …`, `age > 17`; not those of `not` or `or`."""
    if isinstance(test, nodes.Name):
        return frozenset({test.name})
    if isinstance(test, nodes.And):
        return _asked(test.left) | _asked(test.right)
    if isinstance(test, nodes.Compare):
        return _asked(test.expr)
    return frozenset()
