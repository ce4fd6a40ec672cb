"""What a careful colleague would say of a text before it leaves: each thing with its place, why, and what to do.

An error stops publishing and starting; a warning is for the writer to weigh.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hub.models.vocabulary import Kind, Purpose
from hub.outbound import faults, mjml, rendering
from hub.outbound.mjml import MjmlProblem
from hub.outbound.rendering import TemplateProblem, Variants
from hub.sentences import Gap, Sentence
from hub.texts import lint_mail, lint_short
from hub.texts.markings import Mark

_LEVELS = ("error", "warning")


class Level(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """`line` 0: all of that text; `part` empty: the channel as a whole, which is `kind` then."""

    level: Level
    language: str
    part: str
    line: int
    said: Sentence

    @property
    def told(self) -> Sentence:
        """In one sentence, with its place."""
        return faults.told(self.part, self.language, self.line, self.said)


def lint(
    variants: Variants,
    purpose: Purpose,
    values: Mapping[str, object],
    *,
    languages: Collection[str],
    fallback: str,
) -> list[Finding]:
    """Errors first, then by language. `values`: somebody's, to render it all; `languages`: those of the company."""
    found = [*_errors(variants, values), *_hints(variants, purpose, values), *_untold(variants, languages, fallback)]
    return sorted(found, key=lambda one: _LEVELS.index(one.level))


def errors(found: Sequence[Finding]) -> list[Finding]:
    """Those that stop it."""
    return [one for one in found if one.level is Level.ERROR]


def _errors(variants: Variants, values: Mapping[str, object]) -> Iterator[Finding]:
    """What cannot be rendered."""
    for problem in rendering.check(variants, values):
        yield Finding(Level.ERROR, problem.language, problem.part, problem.line, problem.why)
    for code, parts in variants.items():
        try:
            mjml.compiled(parts["mjml"]) if parts.get("mjml") else None
        except MjmlProblem as e:
            yield Finding(Level.ERROR, code, "mjml", e.line, e.said)


def _hints(variants: Variants, purpose: Purpose, values: Mapping[str, object]) -> Iterator[Finding]:
    for code, parts in variants.items():
        for kind, hints in ((Kind.EMAIL, lint_mail.marks), (Kind.SMS, lint_short.sms), (Kind.VOICE, lint_short.voice)):
            said = _rendered(variants, kind, code, values)
            if said is not None:
                yield from (_finding(code, mark) for mark in hints(parts, purpose, said))


def _rendered(variants: Variants, kind: Kind, code: str, values: Mapping[str, object]) -> rendering.Rendered | None:
    """None: there is no such text, or its fault is told already."""
    if kind not in rendering.kinds(variants, code, code):
        return None
    try:
        return rendering.render(variants, kind, code, code, values)
    except TemplateProblem:
        return None


def _finding(code: str, mark: Mark) -> Finding:
    return Finding(Level.ERROR if mark.stops else Level.WARNING, code, mark.part, mark.line, mark.said)


def _untold(variants: Variants, languages: Collection[str], fallback: str) -> Iterator[Finding]:
    """Languages that some other one stands in for."""
    for kind in Kind:
        spoken = {code for code in variants if kind in rendering.kinds(variants, code, code)}
        for code in languages if spoken else ():
            if code not in spoken:
                yield Finding(Level.WARNING, code, _MAIN[kind], 0, _instead(kind, fallback, fallback in spoken))


def _instead(kind: Kind, fallback: str, there_is: bool) -> Sentence:
    gaps: dict[str, Gap] = {"channel": faults.CHANNELS[kind], "language": faults.tongue(fallback)}
    if there_is:
        return Sentence("not written. Whoever speaks it gets the %(language)s one: translate it", gaps)
    return Sentence("not written, nor in %(language)s. Whoever speaks it gets nothing this way: write it", gaps)


_MAIN: Mapping[Kind, str] = {Kind.EMAIL: "body", Kind.SMS: "sms", Kind.VOICE: "voice"}
