"""Turning a template's variants and a customer's values into words, and saying exactly where a template is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

from jinja2.exceptions import TemplateSyntaxError
from sqlmodel.ext.asyncio.session import AsyncSession

from channels import plaintext
from channels.woven import Woven
from hub.models import TemplateVersion
from hub.models.vocabulary import Kind
from hub.outbound import faults, safe_jinja, styles, weaving
from hub.sentences import Sentence

Variants = Mapping[str, Mapping[str, str]]  # language → {subject, body, html, mjml, sms, voice}

FILES = {
    "subject": "subject.txt",
    "body": "body.txt",
    "html": "body.html",
    "mjml": "body.mjml",  # `html` is made of it when it is saved, and is what is sent
    "sms": "sms.txt",
    "voice": "voice.txt",
}
_MAIN_PART = {Kind.EMAIL: "body", Kind.SMS: "sms", Kind.VOICE: "voice"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one customer reads or hears. `html` is empty for anything but mail that has it."""

    subject: str
    text: str
    html: str
    language: str
    closing: str = ""  # what stands below the text of an agent's mail: signature, quoted mail

    @property
    def sha256(self) -> str:
        return hashlib.sha256("\0".join((self.subject, self.text + self.closing, self.html)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Written:
    """A mail's words for its adapter: where many get them, with what is the same for all of them (channels.woven)."""

    subject: str
    text: str | Woven
    html: str | Woven
    language: str

    @property
    def whole(self) -> Rendered:
        return Rendered(self.subject, str(self.text), str(self.html), self.language)

    @property
    def sha256(self) -> str:
        """As that of Rendered."""
        return hashlib.sha256(b"\0".join((self.subject.encode(), self.text.encode(), self.html.encode()))).hexdigest()


class TemplateProblem(Exception):
    """A template that cannot be sent: `where` and `cause` for programs, `said` for its writer, `why` without place."""

    def __init__(self, where: Where, cause: Sentence) -> None:
        self.where, self.cause = str(where), str(cause)
        self.language, self.part, self.line, self.why = where.language, where.part, where.line, cause
        self.said = faults.told(where.part, where.language, where.line, cause)
        super().__init__(self.said)

    def __str__(self) -> str:
        return f"{self.where}: {self.cause}"


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a template; `line` 0 means all of the part. A signature is no part of a template and has no `part`."""

    name: str
    language: str = ""
    part: str = ""
    line: int = 0

    def at(self, line: int) -> Where:
        return replace(self, line=line)

    def __str__(self) -> str:
        file = "/".join(filter(None, (self.name, self.language, FILES.get(self.part, self.part))))
        return f"{file}, line {self.line}" if self.line else file


def kinds(variants: Variants, language: str, fallback: str) -> frozenset[Kind]:
    """For which channel kinds there is a text that this customer can be sent."""
    return frozenset(kind for kind in Kind if _language(variants, kind, language, fallback) is not None)


def render(
    variants: Variants,
    kind: Kind,
    language: str,
    fallback: str,
    variables: Mapping[str, object],
    *,
    name: str = "",
) -> Rendered:
    """The words for one channel kind, in `language` if it has them, else in `fallback`. Raises TemplateProblem."""
    said = _rendered(variants, kind, language, fallback, variables, name=name)
    if kind is Kind.SMS and (long := faults.too_long(said.text)):
        raise TemplateProblem(Where(name, said.language, "sms"), long)
    return said


def _rendered(
    variants: Variants, kind: Kind, language: str, fallback: str, variables: Mapping[str, object], *, name: str
) -> Rendered:
    """However long it is."""
    spoken = _language(variants, kind, language, fallback)
    if spoken is None:
        raise _no_text(name, kind, language, fallback)
    if kind is Kind.EMAIL:
        mail = _mail(variants[spoken], variables, (name, spoken))
        text, html = safe_jinja.holdable(str(mail[1])), safe_jinja.holdable(str(mail[2]))
        return Rendered(safe_jinja.holdable(mail[0]), text, html, spoken)
    part = _MAIN_PART[kind]
    words = _part(variants[spoken].get(part, ""), variables, Where(name, spoken, part))
    return Rendered("", words.strip(), "", spoken)


def write(
    variants: Variants, language: str, fallback: str, variables: Mapping[str, object], *, name: str = ""
) -> Written:
    """A mail's words as `render` has them, for one of many. `variables` hold only what the database can."""
    spoken = _language(variants, Kind.EMAIL, language, fallback)
    if spoken is None:
        raise _no_text(name, Kind.EMAIL, language, fallback)
    return Written(*_mail(variants[spoken], variables, (name, spoken)), spoken)


def check(variants: Variants, sample: Mapping[str, object], *, name: str = "") -> list[TemplateProblem]:
    """Everything wrong with a template, by rendering all of it with `sample` values: for preview and scheduling."""
    problems: list[TemplateProblem] = []
    for language, parts in variants.items():
        for which, source in parts.items():
            if which == "html" and parts.get("mjml"):
                continue  # the same words once more, on lines that nobody wrote
            problems += _problems(source, sample, Where(name, language, which))
        if (parts.get("body") or parts.get("html")) and not parts.get("subject", "").strip():
            problems.append(TemplateProblem(Where(name, language, "subject"), Sentence("A mail needs a subject")))
    return problems


def line(source: str, variables: Mapping[str, object], *, where: str) -> str:
    """A plain text with variables that belongs to no template: a signature. Raises TemplateProblem."""
    problem = next(iter(_wrong(source, variables, Where(where))), None)
    if problem is not None:
        raise problem
    return _part(source, variables, Where(where))


async def text_of(session: AsyncSession, entry: Any) -> Rendered:
    """What a message in the log said, rendered again from its template version and its values where it has one.

    Of an agent's mail the words alone, without its closing. `entry` is an Interaction, or anything with its `kind`,
    `template_version_id`, `variables`, `language`, `subject`, `body_text` (or `text`). Raises TemplateProblem.
    """
    version = await _version(session, getattr(entry, "template_version_id", None))
    language = entry.language
    if version is None or entry.kind is None or not language:  # withheld before it was rendered: no language
        text = getattr(entry, "body_text", None)
        return Rendered(entry.subject, entry.text if text is None else text, getattr(entry, "body_html", ""), language)
    return _rendered(version.variants, entry.kind, language, language, entry.variables or {}, name="template")


async def _version(session: AsyncSession, version_id: int | None) -> TemplateVersion | None:
    return None if version_id is None else await session.get(TemplateVersion, version_id)


def _mail(
    parts: Mapping[str, str], variables: Mapping[str, object], at: tuple[str, str]
) -> tuple[str, str | Woven, str | Woven]:
    """Subject, text and HTML with its styles inlined: once for all where that is the same, else in what comes out."""
    subject, body, html = parts.get("subject", ""), parts.get("body", ""), parts.get("html", "")
    made = weaving.mail(subject, body, html)
    words = weaving.woven(made, variables) if made is not None else None
    if made is None or words is None:
        return _one_by_one(subject, body, html, variables, at)
    shown: str | Woven = words[2] if made.is_inlined else styles.inlined(str(words[2]))
    said = plaintext.of(str(shown)) if _is_blank(body) and shown else words[1]
    return _one_line(words[0]), said, shown


def _one_by_one(
    subject: str, body: str, html: str, variables: Mapping[str, object], at: tuple[str, str]
) -> tuple[str, str, str]:
    """So that what is wrong can be told with its line."""
    inlined = styles.inlined_template(html)
    shown = styles.inlined(_part(inlined, variables, Where(*at, "html"), html=True))
    blank = shown and _is_blank(body)
    said = plaintext.of(shown) if blank else _part(body, variables, Where(*at, "body"))
    return _one_line(_part(subject, variables, Where(*at, "subject"))), said, shown


def _language(variants: Variants, kind: Kind, language: str, fallback: str) -> str | None:
    """A mail may have HTML alone: its text is made from that."""
    needed = ("body", "html") if kind is Kind.EMAIL else (_MAIN_PART[kind],)
    for spoken in (language, fallback):
        parts = variants.get(spoken, {})
        for part in needed:
            if not _is_blank(parts.get(part, "")):
                return spoken
    return None


def _is_blank(text: str) -> bool:
    return not text or text.isspace()


def source(variants: Variants, kind: Kind, language: str) -> str:
    """The text of an SMS or a call as it was written; empty when there is none in that language."""
    return variants.get(language, {}).get(_MAIN_PART[kind], "")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _part(source: str, variables: Mapping[str, object], where: Where, *, html: bool = False) -> str:
    try:
        return safe_jinja.written(safe_jinja.compiled(source, html=html), variables)
    except TemplateSyntaxError as e:
        raise TemplateProblem(where.at(e.lineno), faults.cause(e)) from e
    except Exception as e:  # a template is a stranger's program: whatever it stumbles over is its own problem
        raise TemplateProblem(where.at(_line(e.__traceback__)), faults.cause(e)) from e


def _no_text(name: str, kind: Kind, language: str, fallback: str) -> TemplateProblem:
    return TemplateProblem(Where(name or "template"), faults.unwritten(_MAIN_PART[kind], language, fallback))


def _line(trace: TracebackType | None) -> int:
    """Jinja2 gives its tracebacks the template's own line numbers."""
    line = 1
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _problems(source: str, sample: Mapping[str, object], where: Where) -> Iterable[TemplateProblem]:
    if where.part not in FILES:
        known = Sentence("This is no part of a message. These are: %(parts)s", {"parts": tuple(FILES.values())})
        return [TemplateProblem(where, known)]
    return _wrong(source, sample, where)


def _wrong(source: str, sample: Mapping[str, object], where: Where) -> Iterable[TemplateProblem]:
    try:
        unknown = _unknown(source, sample, where)
        if not unknown:
            said = _part(source, sample, where, html=where.part in ("html", "mjml")).strip()
            if where.part == "sms" and (long := faults.too_long(said)):
                return [TemplateProblem(where, long)]
    except TemplateProblem as problem:
        return [problem]
    except TemplateSyntaxError as e:
        return [TemplateProblem(where.at(e.lineno), faults.cause(e))]
    except RecursionError:
        return [TemplateProblem(where.at(1), safe_jinja.too_deep())]
    return unknown


def _unknown(source: str, sample: Mapping[str, object], where: Where) -> list[TemplateProblem]:
    """All of them at once, not only the first that rendering meets, and in branches that the sample does not take."""
    return [
        TemplateProblem(where.at(line), safe_jinja.unknown(name, sample))
        for name, line in safe_jinja.needed(source).items()
        if name not in sample
    ]
