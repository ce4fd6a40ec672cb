"""Values as people read them, in their language: on pages, in mails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_decimal

from hub.catalogues import catalogue
from hub.reports.shapes import Figure, Measure, Value
from hub.reports.words import VALUES
from hub.sentences import Sentence

NOTHING = "–"
_PATTERNS = {
    Measure.COUNT: "0",
    Measure.SHARE: "0.0 %",
    Measure.SCORE: "0.0",
    Measure.MONEY: "0.00",
}
_GROWING = (Measure.COUNT, Measure.TIME, Measure.MONEY)
_NUMBERS = (int, float, Decimal)


@dataclass(frozen=True, slots=True)
class Teller:
    """Speaks one language of the desk."""

    language: str

    def said(self, sentence: Sentence) -> str:
        return sentence.told(catalogue(self.language).gettext)

    def value(self, measure: Measure, value: Value) -> str:
        """A dash for what cannot be reckoned."""
        if value is None:
            return NOTHING
        if isinstance(value, date):
            return format_date(value, "d MMM yyyy", locale=self.language)
        if isinstance(value, str):
            known = VALUES.get(value) if measure is Measure.WORD or not value else None
            return self.said(known) if known else value
        if measure is Measure.TIME:
            return self._lasting(float(value))
        return format_decimal(value, format=_PATTERNS[measure], locale=self.language)

    def change(self, figure: Figure) -> str:
        """How much more or less than before, such as "+48 %"; nothing where that says nothing.

        Of what was nought, or less than nought on either side, there is no share to have grown by.
        """
        now, before = figure.value, figure.before
        if figure.measure not in _GROWING or not isinstance(now, _NUMBERS) or not isinstance(before, _NUMBERS):
            return ""
        if now < 0 or before <= 0:
            return ""
        return format_decimal(float(now) / float(before) - 1, format="+0 %;−0 %", locale=self.language)

    def _lasting(self, seconds: float) -> str:
        minutes = round(seconds / 60)
        gaps = {"hours": minutes // 60, "minutes": minutes % 60}
        if minutes >= 60:
            return self.said(Sentence("%(hours)s h %(minutes)s min", gaps))
        return self.said(Sentence("%(minutes)s min", gaps))
