"""Turning a template's variants and a customer's values into words, and saying exactly where a template is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from jinja2.exceptions import TemplateError, TemplateSyntaxError
from sqlmodel.ext.asyncio.session import AsyncSession

from channels import plaintext
from hub.models import TemplateVersion
from hub.models.vocabulary import Kind
from hub.outbound import safe_jinja, styles

Variants = Mapping[str, Mapping[str, str]]  # language → {subject, body, html, sms, voice}

FILES = {"subject": "subject.txt", "body": "body.txt", "html": "body.html", "sms": "sms.txt", "voice": "voice.txt"}
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


class TemplateProblem(Exception):
    """A template that cannot be sent. `where` names template, variant and line, `cause` what is wrong there."""

    def __init__(self, where: str, cause: str) -> None:
        super().__init__(f"{where}: {cause}")
        self.where, self.cause = where, cause


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
    spoken = _language(variants, kind, language, fallback)
    if spoken is None:
        raise TemplateProblem(name or "template", f"there is no text for {kind.value} in {language} or {fallback}")
    parts = variants[spoken]

    def part(which: str) -> str:
        return _part(parts.get(which, ""), variables, where=f"{name}/{spoken}/{FILES[which]}", html=which == "html")

    if kind is not Kind.EMAIL:
        return Rendered("", part(_MAIN_PART[kind]).strip(), "", spoken)
    html = _html(parts.get("html", ""), variables, where=f"{name}/{spoken}/{FILES['html']}")
    text = part("body") if parts.get("body", "").strip() or not html else plaintext.of(html)
    return Rendered(_one_line(part("subject")), text, html, spoken)


def check(variants: Variants, sample: Mapping[str, object], *, name: str = "") -> list[TemplateProblem]:
    """Everything wrong with a template, by rendering all of it with `sample` values: for preview and scheduling."""
    problems: list[TemplateProblem] = []
    for language, parts in variants.items():
        for which, source in parts.items():
            where = f"{name}/{language}/{FILES.get(which, which)}"
            problems += _problems(which, source, sample, where)
        if (parts.get("body") or parts.get("html")) and not parts.get("subject", "").strip():
            problems.append(TemplateProblem(f"{name}/{language}/subject.txt", "a mail needs a subject"))
    return problems


def line(source: str, variables: Mapping[str, object], *, where: str) -> str:
    """A plain text with variables that belongs to no template: a signature. Raises TemplateProblem."""
    problem = next(iter(_problems("body", source, variables, where)), None)
    if problem is not None:
        raise problem
    return _part(source, variables, where=where, html=False)


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
    return render(version.variants, entry.kind, language, language, entry.variables or {}, name="template")


async def _version(session: AsyncSession, version_id: int | None) -> TemplateVersion | None:
    return None if version_id is None else await session.get(TemplateVersion, version_id)


def _html(source: str, variables: Mapping[str, object], *, where: str) -> str:
    """With its styles inlined: once for the template where that is the same, else in what comes out of it."""
    return styles.inlined(_part(styles.inlined_template(source), variables, where=where, html=True))


def _language(variants: Variants, kind: Kind, language: str, fallback: str) -> str | None:
    """A mail may have HTML alone: its text is made from that."""
    needed = ("body", "html") if kind is Kind.EMAIL else (_MAIN_PART[kind],)

    def has_words(spoken: str) -> bool:
        return any(variants.get(spoken, {}).get(part, "").strip() for part in needed)

    return next(filter(has_words, (language, fallback)), None)


def source(variants: Variants, kind: Kind, language: str) -> str:
    """The text of an SMS or a call as it was written; empty when there is none in that language."""
    return variants.get(language, {}).get(_MAIN_PART[kind], "")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _part(source: str, variables: Mapping[str, object], *, where: str, html: bool) -> str:
    try:
        return safe_jinja.written(safe_jinja.compiled(source, html=html), variables)
    except TemplateSyntaxError as e:
        raise TemplateProblem(f"{where}, line {e.lineno}", e.message or "it cannot be read") from e
    except TemplateError as e:
        raise TemplateProblem(f"{where}, line {_line(e.__traceback__)}", e.message or type(e).__name__) from e
    except Exception as e:  # a template is a stranger's program: whatever it stumbles over is its own problem
        raise TemplateProblem(f"{where}, line {_line(e.__traceback__)}", str(e) or type(e).__name__) from e


def _line(trace: TracebackType | None) -> int:
    """Jinja2 gives its tracebacks the template's own line numbers."""
    line = 1
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _problems(which: str, source: str, sample: Mapping[str, object], where: str) -> Iterable[TemplateProblem]:
    if which not in FILES:
        return [TemplateProblem(where, f"is none of {', '.join(FILES.values())}")]
    try:
        unknown = _unknown(source, sample, where)
        if not unknown:
            _part(source, sample, where=where, html=which == "html")
    except TemplateProblem as problem:
        return [problem]
    except TemplateSyntaxError as e:
        return [TemplateProblem(f"{where}, line {e.lineno}", e.message or "it cannot be read")]
    except RecursionError:
        return [TemplateProblem(f"{where}, line 1", "it is nested too deeply")]
    return unknown


def _unknown(source: str, sample: Mapping[str, object], where: str) -> list[TemplateProblem]:
    """All of them at once, not only the first that rendering meets, and in branches that the sample does not take."""
    return [
        TemplateProblem(f"{where}, line {line}", f"{name!r} is not known{safe_jinja.nearest(name, sample)}")
        for name, line in safe_jinja.names(source).items()
        if name not in sample
    ]
