"""Where Jinja2 fills something in: found in one walk, however often something is opened and never closed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from hub.sentences import Sentence

MOST = 2_000  # in one text: each has to be read, checked and compiled
_OPENS = re.compile(r"\{(?=[{%#])")
_CLOSES: Mapping[str, str] = {"{": "}}", "%": "%}", "#": "#}"}


def spans(source: str) -> Iterator[tuple[int, int]]:
    """From where to where each stands, in order. What is never closed is none."""
    after, unclosed = 0, set[str]()
    for found in _OPENS.finditer(source):
        kind = source[found.end()]
        if found.start() < after or kind in unclosed:
            continue
        end = source.find(_CLOSES[kind], found.end() + 1)
        if end < 0:
            unclosed.add(kind)  # looked for once, not from each place anew
            continue
        after = end + 2
        yield found.start(), after


def pieces(source: str) -> list[str]:
    """Each as it is written."""
    return [source[start:end] for start, end in spans(source)]


def replaced(source: str, by: Callable[[str, int], str]) -> str:
    """`by` is told each as it is written, and where it begins."""
    kept, after = list[str](), 0
    for start, end in spans(source):
        kept += (source[after:start], by(source[start:end], start))
        after = end
    return "".join([*kept, source[after:]])


def too_many() -> Sentence:
    """What is said of a text with more than MOST."""
    return Sentence("It fills in more than %(most)s things. Make it simpler", {"most": MOST})
