"""The language that the desk speaks to whoever asks. Nothing about customers' languages."""

from __future__ import annotations

from contextvars import ContextVar

from hub import sentences
from hub.catalogues import LANGUAGES, catalogue
from hub.sentences import Sentence, marked

__all__ = ["LANGUAGES", "catalogue", "gettext", "language", "marked", "ngettext", "speak", "worded"]

_speaking: ContextVar[str] = ContextVar("desk_language", default="en")


def speak(language: str) -> None:
    """From here on, in this request, words are in `language`; an unknown one means English."""
    _speaking.set(language if language in LANGUAGES else "en")


def language() -> str:
    """The language of this request."""
    return _speaking.get()


def gettext(message: str) -> str:
    return catalogue(language()).gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    return catalogue(language()).ngettext(singular, plural, count)


def worded(what: Sentence | Exception | None) -> str:
    """A sentence, or the one that an error was raised with, in the language of this request; "" for None."""
    if isinstance(what, Exception):
        what = sentences.of(what) or Sentence(str(what))
    return what.told(gettext) if what is not None else ""
