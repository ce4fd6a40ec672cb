"""Where a message template is wrong, and why, for whoever wrote it: Jinja2's own words are for programmers."""

from __future__ import annotations

import re

from jinja2.exceptions import TemplateError, TemplateSyntaxError, UndefinedError

from channels.sms.text import LONGEST
from hub import sentences
from hub.models.vocabulary import Kind
from hub.outbound.safe_jinja import NotAllowed, TooMuch
from hub.sentences import Gap, Sentence

PARTS = {
    "subject": Sentence("Subject of the mail"),
    "body": Sentence("Mail"),
    "html": Sentence("Mail as HTML, when it is designed"),
    "mjml": Sentence("Mail in MJML"),
    "sms": Sentence("SMS"),
    "voice": Sentence("Spoken message"),
}
CHANNELS = {Kind.EMAIL: Sentence("mail"), Kind.SMS: Sentence("SMS"), Kind.VOICE: Sentence("call")}
TONGUES = {
    "en": Sentence("English"),
    "pl": Sentence("Polish"),
    "bg": Sentence("Bulgarian"),
    "ru": Sentence("Russian"),
}

# What hangs on a value, and may be right for another customer.
MISFIT = Sentence("A value does not fit what is done with it here. Take the filter or the sum out")

_UNDEFINED = re.compile(r"'([^']{1,200})' is undefined")
_TAG = re.compile(r"unknown tag '([^']{1,100})'")


def cause(error: Exception) -> Sentence:
    """Why a template cannot be read or written, with the remedy."""
    if isinstance(error, NotAllowed | TooMuch):
        return error.said
    said = sentences.of(error)
    if said is not None:
        return said
    if isinstance(error, TemplateSyntaxError):
        return _misspelt(error.message or "")
    if isinstance(error, UndefinedError):
        return _undefined(error.message or "")
    if isinstance(error, TemplateError):
        return Sentence("A message may not do this. Write words and names only")
    return MISFIT


def told(part: str, language: str, line: int, why: Sentence) -> Sentence:
    """Which text, where in it (`line` 0: all of it), and why. A text that is no `part` of a template has lines only."""
    if not part:
        return Sentence("line %(line)s: %(why)s", {"line": line, "why": why}) if line else why
    gaps: dict[str, Gap] = {"part": PARTS.get(part, part), "language": tongue(language), "line": line, "rest": why}
    if not line:
        return Sentence("%(part)s, %(language)s: %(rest)s", gaps)
    return Sentence("%(part)s, %(language)s, line %(line)s: %(rest)s", gaps)


def too_long(text: str) -> Sentence | None:
    """Why no carrier would take this text as an SMS; None: it would."""
    if len(text) <= LONGEST:
        return None
    gaps: dict[str, Gap] = {"length": len(text), "most": LONGEST, "many": len(text) - LONGEST}
    return Sentence(
        "%(length)s characters, and an SMS takes at most %(most)s: no carrier would take it. Shorten it by %(many)s",
        gaps,
    )


def unwritten(part: str, language: str, fallback: str) -> Sentence:
    """The text that is missing."""
    gaps: dict[str, Gap] = {"part": PARTS[part], "language": tongue(language), "fallback": tongue(fallback)}
    if language == fallback:
        return Sentence("%(part)s: there is no text in %(language)s. Write one", gaps)
    return Sentence("%(part)s: there is no text in %(language)s, nor in %(fallback)s. Write one", gaps)


def tongue(code: str) -> Gap:
    """A language by its name, as far as it has one here."""
    return TONGUES.get(code, code)


def _misspelt(words: str) -> Sentence:
    """`words` are Jinja2's."""
    tag = _TAG.search(words)
    if tag is not None:
        return Sentence("“%(name)s” is no command that a message knows. Take it out", {"name": tag[1]})
    if words.startswith(("Unexpected end of template", "Missing end of")):
        return Sentence("An “if”, a “for” or a comment has no end. Close it as it was opened")
    return Sentence("What stands in the braces cannot be read. Write it as in {{ customer.name }}, every brace closed")


def _undefined(words: str) -> Sentence:
    found = _UNDEFINED.search(words)
    if found is None:
        return Sentence("A value is missing here. Take the name out, or give it a default")
    return Sentence("“%(name)s” is not known. Take it out, or correct it", {"name": found[1]})
