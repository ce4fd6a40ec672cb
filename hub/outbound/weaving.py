"""A mail's templates compiled as one, for many recipients: what comes out are stretches of fixed words and the values
in their gaps (channels.woven), so that everything after this has to be done for the values alone.

What it makes is what `safe_jinja` makes of each template by itself, which also finds the words for what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Template, nodes, pass_context
from jinja2.exceptions import TemplateSyntaxError
from markupsafe import escape

from channels.woven import Stretch, Woven
from hub.outbound.safe_jinja import LETTERS, Timed, TooMuch, checked, environment, holdable, too_long
from hub.outbound.styles import has_nothing_to_inline, inlined_template

_LOOK_EVERY = 8  # stretches
_HTML = 2  # of subject, text, HTML

Told = tuple[Stretch, tuple[str, ...]]


class _Telling(Timed):
    """Collects what the templates say, and how long it is at most."""

    def __init__(self, variables: Mapping[str, object], stretches: Sequence[tuple[int, Stretch]]) -> None:
        super().__init__(_ENVIRONMENT, variables, None, {})  # type: ignore[arg-type] # they are only read
        self.stretches = stretches
        self.told: tuple[list[Told], list[Told], list[Told]] = [], [], []
        self.count = self.letters = 0


@pass_context
def _tell(context: _Telling, number: int, *values: Any) -> str:
    part, stretch = context.stretches[number]
    said = tuple(map(_shown if part == _HTML else str, values))
    context.told[part].append((stretch, said))
    context.letters += stretch.letters + stretch.repeats * len("".join(said))
    context.count += 1
    if context.letters > LETTERS:
        raise TooMuch(too_long())
    if not context.count % _LOOK_EVERY:
        context.look()
    return ""


def _shown(value: Any) -> str:
    """Escaped. What has nothing to escape, as most names have, costs a quarter of the rest."""
    if type(value) is int:
        return str(value)
    if type(value) is not str or "&" in value or "<" in value or ">" in value or "'" in value or '"' in value:
        return escape(value)
    return value


_ENVIRONMENT = environment(html=False)
_ENVIRONMENT.filters["tell"] = _tell


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail's templates as one program. Where `is_inlined`, there is no style sheet left in what it writes."""

    template: Template
    stretches: Sequence[tuple[int, Stretch]]  # with the part that each is of
    is_inlined: bool


@lru_cache(maxsize=256)
def mail(subject: str, text: str, html: str) -> Mail | None:
    """None when anything is wrong with one of them."""
    stretches: list[tuple[int, Stretch]] = []
    try:
        parts = [_told(source, part, stretches) for part, source in enumerate((subject, text, inlined_template(html)))]
    except TemplateSyntaxError:
        return None
    parts[_HTML] = [nodes.ScopedEvalContextModifier([nodes.Keyword("autoescape", nodes.Const(True))], parts[_HTML])]
    whole = nodes.Template([node for part in parts for node in part], lineno=1)
    whole.set_environment(_ENVIRONMENT)
    template = _ENVIRONMENT.from_string(whole)
    shown = [words for part, stretch in stretches if part == _HTML for words in stretch.fixed]
    return Mail(template, stretches, all(map(has_nothing_to_inline, shown)))


def woven(made: Mail, variables: Mapping[str, object]) -> tuple[str, Woven, Woven] | None:
    """Subject, text and HTML. None when anything is wrong; `variables` hold only what the database can."""
    try:
        context = _Telling(variables, made.stretches)
        for _ in made.template.root_render_func(context):
            pass
    except Exception:  # a template is a stranger's program
        return None
    first, second, third = context.told
    return "".join([stretch.filled(values) for stretch, values in first]), Woven(second), Woven(third)


def _told(source: str, part: int, stretches: list[tuple[int, Stretch]]) -> list[nodes.Node]:
    """The template's body with a `tell` in the place of every output."""

    def told(output: nodes.Node) -> nodes.Node:
        return _told_output(output, part, stretches) if isinstance(output, nodes.Output) else output

    tree = checked(_ENVIRONMENT, source)
    constants = (node.value for node in tree.find_all(nodes.Const) if isinstance(node.value, str))
    if any(holdable(words) is not words for words in (source, *constants)):
        raise TemplateSyntaxError("there are half characters in it", 1)
    for node in [tree, *tree.find_all((nodes.If, nodes.For))]:
        for _, held in node.iter_fields():
            if isinstance(held, list):
                held[:] = map(told, held)
    return tree.body


def _told_output(output: nodes.Output, part: int, stretches: list[tuple[int, Stretch]]) -> nodes.ExprStmt:
    """A value that stands in it several times is worked out once: expressions change nothing and see no clock."""
    fixed, gaps, values, places = [""], list[int](), list[nodes.Expr](), dict[str, int]()
    for child in output.nodes:
        if isinstance(child, nodes.TemplateData):
            fixed[-1] += child.data
            continue
        place = places.setdefault(repr(child), len(values))  # compared with each, thousands take seconds
        if place == len(values):
            values.append(child)
        gaps.append(place)
        fixed.append("")
    stretches.append((part, Stretch.of(fixed, gaps)))
    call = nodes.Filter(nodes.Const(len(stretches) - 1), "tell", values, [], None, None, lineno=output.lineno)
    return nodes.ExprStmt(call, lineno=output.lineno)
