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
from hub.outbound import holes
from hub.sentences import Sentence

SECONDS = 0.1
LETTERS = 100_000
_SOURCE_LETTERS = 200_000
_SOURCE_WORDS = 10_000  # names, numbers and signs that Jinja2 has to read: a tenth of a second for each reading
_NO_WORDS = frozenset({"data", "whitespace", "raw_begin", "raw_end", "comment_begin", "comment", "comment_end"})
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
    """The template takes too long, or writes too much; `said` in words."""

    def __init__(self, said: Sentence) -> None:
        super().__init__(str(said))
        self.said = said


class NotAllowed(TemplateSyntaxError):
    """The template holds what no message may; `said` in words."""

    def __init__(self, said: Sentence, lineno: int) -> None:
        super().__init__(str(said), lineno)
        self.said = said


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
                raise TooMuch(Sentence("It takes too long to write. Shorten it"))


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


def _unknown(name: str, where: Any) -> Any:
    """What jinja2.UndefinedError is raised with: any object will do for it."""
    return unknown(name, [str(key) for key in where] if isinstance(where, Mapping) else [])


def unknown(name: str, known: Iterable[str]) -> Sentence:
    """A name that stands for nothing, and what its writer may have meant."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return Sentence("“%(name)s” is not known. Did you mean “%(near)s”?", {"name": name, "near": near[0]})
    return Sentence("“%(name)s” is not known. Take it out, or correct it", {"name": name})


def too_long() -> Sentence:
    """What TooMuch is raised with."""
    return Sentence("It becomes longer than %(most)s letters. Shorten it", {"most": LETTERS})


def too_deep() -> Sentence:
    """What is said of anything in anything in anything …"""
    return Sentence("Too much is put into one another here. Make it simpler")


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
            raise TooMuch(Sentence("A loop goes round more than %(most)s times. Shorten it", {"most": _TURNS}))
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
        raise TooMuch(Sentence("“join” puts the parts of a list together, and this is none"))
    if len(sequence) * len(between) > LETTERS:
        raise TooMuch(too_long())
    return between.join(map(str, sequence))


def _rounded(value: Any, precision: int = 0, method: Literal["common", "ceil", "floor"] = "common") -> float:
    """Jinja2's own would raise ten to any power that it is told."""
    if not isinstance(precision, int) or abs(precision) > _DIGITS:
        raise TooMuch(Sentence("“round” takes at most %(most)s digits", {"most": _DIGITS}))
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


def needed(source: str) -> dict[str, int]:
    """Those of `names` that must be known: not where a default stands behind one, nor one that is asked for."""
    tree = _parsed(_TEXT, source)
    tests = [one.node for one in tree.find_all(nodes.Test) if one.name in ("defined", "undefined")]
    asked = {name.name for name in tests if isinstance(name, nodes.Name)}
    behind = [one.node for one in tree.find_all(nodes.Filter) if one.name in ("default", "d")]
    given = {id(name) for name in behind if isinstance(name, nodes.Name)}
    bare = {one.name for one in tree.find_all(nodes.Name) if one.ctx == "load" and id(one) not in given}
    return {name: line for name, line in names(source).items() if name in bare - asked}


def _parsed(environment: Closed, source: str) -> nodes.Template:
    """Everything that makes parsing long is counted before it begins."""
    if len(source) > _SOURCE_LETTERS:
        long = Sentence("The text is longer than %(most)s letters. Shorten it", {"most": _SOURCE_LETTERS})
        raise NotAllowed(long, 1)
    if source.count("{{") + source.count("{%") > holes.MOST:
        raise NotAllowed(holes.too_many(), 1)
    try:
        _count_words(environment, source)
        return environment.parse(source)
    except RecursionError as e:
        raise NotAllowed(too_deep(), 1) from e
    except ValueError as e:  # Python reads no number of thousands of digits
        raise NotAllowed(Sentence("A number here has too many digits. Shorten it"), 1) from e


def _count_words(environment: Closed, source: str) -> None:
    words = 0
    for line, kind, _word in environment.lexer.tokeniter(source, None):
        words += kind not in _NO_WORDS
        if words > _SOURCE_WORDS:
            many = Sentence("More than %(most)s words stand in braces here. Make it simpler", {"most": _SOURCE_WORDS})
            raise NotAllowed(many, line)


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
            raise TooMuch(too_long())
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
        raise NotAllowed(_forbidden(node), node.lineno)
    if isinstance(node, nodes.For):
        loops += 1
        if loops > _LOOPS_IN_LOOPS or node.recursive:
            many = Sentence("More than %(most)s loops stand in one another. Make it simpler", {"most": _LOOPS_IN_LOOPS})
            raise NotAllowed(many, node.lineno)
    filters = filters + 1 if isinstance(node, nodes.Filter) else filters
    if filters > _FILTERS_ON_FILTERS:
        many = Sentence("More than %(most)s filters follow one another. Take some out", {"most": _FILTERS_ON_FILTERS})
        raise NotAllowed(many, node.lineno)
    if depth > _DEPTH:
        raise NotAllowed(too_deep(), node.lineno)
    _check_name(node)
    for child in node.iter_child_nodes():
        _check(child, loops=loops, filters=filters, depth=depth + 1)


def _forbidden(node: nodes.Node) -> Sentence:
    """The name is Jinja2's own, in English: whoever uses such a thing knows it by that."""
    named = {"what": type(node).__name__.lower()}
    return Sentence("A message may not use this (%(what)s). Write words, names, “if” and “for” only", named)


def _check_name(node: nodes.Node) -> None:
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS - {"metered"}:
        raise NotAllowed(Sentence("There is no filter “%(name)s”. Take it out", {"name": node.name}), node.lineno)
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        raise NotAllowed(Sentence("There is no test “%(name)s”. Take it out", {"name": node.name}), node.lineno)
    if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        hidden = Sentence("“%(name)s”: no name may begin with an underscore", {"name": node.attr})
        raise NotAllowed(hidden, node.lineno)
