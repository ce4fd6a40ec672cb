"""A closed corner of Jinja2 for texts that marketers write: a list of what is allowed, and nothing else.

No calls, no assignments, no imports, no attributes with an underscore; loops and output are counted.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, Literal, cast

from jinja2 import StrictUndefined, Template, nodes, pass_context
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.filters import do_round, do_striptags
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from hub.database.purity import UNHOLDABLE

SECONDS = 0.1
LETTERS = 100_000
_SOURCE_LETTERS = 200_000
_TURNS = 10_000
_LOOPS_IN_LOOPS = 2
_FILTERS_ON_FILTERS = 5  # some of them make a text longer; constants are worked out before any clock runs
_DEPTH = 100  # of anything in anything: Python's own compiler stops not much deeper
_DIGITS = 20
_PIECES_AT_ONCE = 8  # between two looks at the clock and the length
_TURNS_AT_ONCE = 100  # likewise, of loops that write nothing
_FEW_LETTERS = 1_000

_FILTERS = frozenset(
    {"upper", "lower", "capitalize", "title", "trim", "default", "d", "length", "count", "join", "first", "last"}
    | {"round", "int", "float", "abs", "escape", "e", "truncate", "striptags", "urlencode", "metered"}
)
_TESTS = frozenset({"defined", "undefined", "none", "string", "number", "mapping", "sequence", "odd", "even"})
_LOOP = frozenset({"index", "index0", "first", "last", "length"})
_NODES = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem),
    *(nodes.If, nodes.For, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not),
    *(nodes.Filter, nodes.Test, nodes.Add, nodes.Sub, nodes.Concat, nodes.Neg, nodes.Keyword),
)


class TooMuch(SecurityError):
    """The template takes too long, or writes too much."""


class Clock:
    """Lets a template run for so long, and no longer."""

    __slots__ = ("_began", "_deadline")

    def __init__(self) -> None:
        self._deadline, self._began = time.perf_counter() + SECONDS, 0.0

    def look(self) -> None:
        """Raises TooMuch. The wall's clock goes on while others have the core, which is not the template's fault."""
        if time.perf_counter() > self._deadline:
            self._began = self._began or time.thread_time()
            if time.thread_time() - self._began > SECONDS:
                raise TooMuch(f"it takes longer than {SECONDS} seconds")


class Timed(Context):
    """What a template reads its variables from, with one clock for all that it does."""

    clock: Clock | None = None

    def look(self) -> None:
        """Raises TooMuch. The clock is started by the first look: by what may take long, or has much to say."""
        if self.clock is None:
            self.clock = Clock()
        self.clock.look()


class Closed(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox with the doors walled up that its own list leaves open."""

    context_class = Timed

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Only what a mapping holds; methods and attributes of objects are nobody's business."""
        return False

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`customer.name` is the mapping's entry, never a method of it."""
        if (type(obj) is dict or isinstance(obj, Mapping)) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        return self.undefined(hint=_unknown(attribute, obj), name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping | list | tuple):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                return self.undefined(hint=_unknown(str(argument), obj), name=str(argument))
        return self.undefined(hint=_unknown(str(argument), obj), name=str(argument))


def _unknown(name: str, where: Any) -> str:
    known = [str(key) for key in where] if isinstance(where, Mapping) else []
    return f"{name!r} is not known{nearest(name, known)}"


def nearest(name: str, known: Iterable[str]) -> str:
    """What the writer may have meant, as the end of a sentence."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def environment(*, html: bool) -> Closed:
    """A new one, with what a message may use and nothing besides."""
    made = Closed(autoescape=html, undefined=StrictUndefined, keep_trailing_newline=False)
    made.globals.clear()
    made.filters |= {"metered": _metered, "join": _joined, "round": _rounded, "striptags": _stripped}
    made.filters = {name: f for name, f in made.filters.items() if name in _FILTERS}
    made.tests = {name: t for name, t in made.tests.items() if name in _TESTS}
    return made


@pass_context
def _metered(context: Timed, sequence: Any) -> Iterator[Any]:
    """Put around what every loop goes through. A loop need not write anything to last."""
    for turn, item in enumerate(sequence):
        if turn >= _TURNS:
            raise TooMuch(f"a loop goes round more than {_TURNS} times")
        if turn % _TURNS_AT_ONCE == _TURNS_AT_ONCE - 1:
            context.look()
        yield item


@pass_context
def _stripped(context: Timed, value: Any) -> str:
    """Jinja2's own takes four times as long for a text of twice the length."""
    text = str(value)
    if len(text) > _FEW_LETTERS:
        context.look()
    return do_striptags(text)


def _joined(sequence: Any, between: str = ", ") -> str:
    """Jinja2's own would let two texts multiply each other."""
    if not isinstance(sequence, list | tuple):
        raise TooMuch("join wants a list")
    if len(sequence) * len(between) > LETTERS:
        raise TooMuch(f"join writes more than {LETTERS} letters")
    return between.join(map(str, sequence))


def _rounded(value: Any, precision: int = 0, method: Literal["common", "ceil", "floor"] = "common") -> float:
    """Jinja2's own would raise ten to any power that it is told."""
    if not isinstance(precision, int) or abs(precision) > _DIGITS:
        raise TooMuch(f"round wants no more than {_DIGITS} digits")
    return do_round(value, precision, method)


_TEXT = environment(html=False)
_HTML = environment(html=True)


@lru_cache(maxsize=512)
def compiled(source: str, *, html: bool) -> Template:
    """The template, checked against the list. Raises jinja2.TemplateSyntaxError, with the line, for anything else."""
    made = _HTML if html else _TEXT
    return made.from_string(checked(made, source))


def checked(environment: Closed, source: str) -> nodes.Template:
    """The template's tree, with its loops metered. Raises as `compiled`."""
    if len(source) > _SOURCE_LETTERS:
        raise TemplateSyntaxError(f"the text is longer than {_SOURCE_LETTERS} letters", 1)
    tree = _parsed(environment, source)
    _check(tree, loops=0, filters=0, depth=0)
    for loop in list(tree.find_all(nodes.For)):
        loop.iter = nodes.Filter(loop.iter, "metered", [], [], None, None, lineno=loop.lineno, environment=environment)
    return tree


def names(source: str) -> dict[str, int]:
    """Variables that the source reads, each with the first line that does. Raises jinja2.TemplateSyntaxError."""
    tree = _parsed(_TEXT, source)
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"} | {"loop"}
    read = sorted((name.lineno, name.name) for name in tree.find_all(nodes.Name) if name.ctx == "load")
    first = {name: line for line, name in reversed(read) if name not in own}
    return dict(sorted(first.items(), key=lambda found: found[1]))


def _parsed(environment: Closed, source: str) -> nodes.Template:
    try:
        return environment.parse(source)
    except RecursionError as e:
        raise TemplateSyntaxError("it is nested too deeply", 1) from e


def written(template: Template, variables: Mapping[str, object]) -> str:
    """Render within the limits. Raises jinja2.UndefinedError, TooMuch, or what a filter makes of a wrong value."""
    try:
        return holdable("".join(_pieces(template, variables)))
    except Exception:
        template.environment.handle_exception()  # raises it again, with the template's own lines


def _pieces(template: Template, variables: Mapping[str, object]) -> list[str]:
    """What Template.generate does, without a generator around the generator: this runs for every recipient."""
    length, pieces, context = 0, list[str](), cast("Timed", template.new_context(dict(variables)))
    context.look()
    coming = template.root_render_func(context)
    while some := list(islice(coming, _PIECES_AT_ONCE)):
        pieces += some
        length += sum(map(len, some))
        if length > LETTERS:
            raise TooMuch(f"it writes more than {LETTERS} letters")
        context.look()
    return pieces


def holdable(text: str) -> str:
    """ "\\ud800" in a template is half a character. Encoding finds such things quicker than a pattern."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return UNHOLDABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in text else text


def _check(node: nodes.Node, *, loops: int, filters: int, depth: int) -> None:
    if not isinstance(node, _NODES):
        raise TemplateSyntaxError(f"{type(node).__name__.lower()} is not allowed in a message", node.lineno)
    if isinstance(node, nodes.For):
        loops += 1
        if loops > _LOOPS_IN_LOOPS or node.recursive:
            raise TemplateSyntaxError(f"no more than {_LOOPS_IN_LOOPS} loops in one another", node.lineno)
    filters = filters + 1 if isinstance(node, nodes.Filter) else filters
    if filters > _FILTERS_ON_FILTERS:
        raise TemplateSyntaxError(f"no more than {_FILTERS_ON_FILTERS} filters on one another", node.lineno)
    if depth > _DEPTH:
        raise TemplateSyntaxError("it is nested too deeply", node.lineno)
    _check_name(node)
    for child in node.iter_child_nodes():
        _check(child, loops=loops, filters=filters, depth=depth + 1)


def _check_name(node: nodes.Node) -> None:
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS - {"metered"}:
        raise TemplateSyntaxError(f"there is no filter {node.name!r}", node.lineno)
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        raise TemplateSyntaxError(f"there is no test {node.name!r}", node.lineno)
    if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        raise TemplateSyntaxError(f"{node.attr!r}: names with an underscore in front are not allowed", node.lineno)
