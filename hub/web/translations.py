"""The desk's languages: message ids are English, catalogues live in hub/locale. Nothing about customers' languages."""

from __future__ import annotations

import gettext as library
import io
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from hub import sentences
from hub.sentences import Sentence

LOCALE = Path(__file__).parents[1] / "locale"
LANGUAGES = {"en": "English", "pl": "Polski", "bg": "Български", "ru": "Русский"}

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


def marked(message: str) -> str:
    """Marks a message for the catalogue where it is written down and translates nothing: `_` does so when shown."""
    return message


@cache
def catalogue(code: str) -> library.NullTranslations:
    """The translations of one language, read from its .po file once; English is the message ids themselves."""
    file = LOCALE / code / "LC_MESSAGES" / "messages.po"
    if code == "en" or not file.exists():
        return library.NullTranslations()
    compiled = io.BytesIO()
    with file.open("rb") as po:
        write_mo(compiled, read_po(po, locale=code))
    compiled.seek(0)
    return library.GNUTranslations(compiled)
