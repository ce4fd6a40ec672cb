"""Countries by their names in the reader's language."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from babel import Locale

from hub.web import translations

_NO_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}  # unions and codes for tests (CLDR)


def country(code: str) -> str:
    """Its name in the reader's language; a code nobody knows is shown as it is."""
    return str(Locale.parse(translations.language()).territories.get(code, code))


def listed() -> list[tuple[str, str]]:
    """Code and name of each, by its name in the reader's language."""
    return _countries(translations.language())


@cache
def _countries(language: str) -> list[tuple[str, str]]:
    known = Locale.parse(language).territories.items()
    named = [(code, name) for code, name in known if re.fullmatch("[A-Z]{2}", code) and code not in _NO_COUNTRIES]
    return sorted(named, key=lambda one: unicodedata.normalize("NFKD", one[1].replace("Ł", "L")))
