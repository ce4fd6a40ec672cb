"""The catalogues of the hub's own words: message ids are English, translations lie in hub/locale."""

from __future__ import annotations

import gettext as library
import io
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).parent / "locale"
LANGUAGES = {"en": "English", "pl": "Polski", "bg": "Български", "ru": "Русский"}


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
