"""Pieces of a mail in MJML that are put in with one click, and the mail around the first of them."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from hub.models.vocabulary import Purpose

_END = "</mj-body>"
_FOOT = "<!-- footer -->"  # what is put in later stands before it
_WHOLE = """<mjml>
  <mj-head>
    <mj-attributes>
      <mj-all font-family="system-ui, 'Segoe UI', Roboto, sans-serif" />
      <mj-text font-size="16px" line-height="1.5" color="#1f2937" />
      <mj-button background-color="#066fd1" color="#ffffff" font-size="16px" />
    </mj-attributes>
  </mj-head>
  <mj-body background-color="#f6f7f9">
  </mj-body>
</mjml>
"""
_SECTION = """    <mj-section background-color="#ffffff">
      <mj-column>
{inside}
      </mj-column>
    </mj-section>
"""
_COLUMNS = """    <mj-section background-color="#ffffff">
      <mj-column>
        <mj-text>…</mj-text>
      </mj-column>
      <mj-column>
        <mj-text>…</mj-text>
      </mj-column>
    </mj-section>
"""
_INSIDE: Mapping[str, str] = {
    "heading": '        <mj-text font-size="24px" font-weight="700">…</mj-text>',
    "text": "        <mj-text>…</mj-text>",
    "button": '        <mj-button href="https://example.org/">…</mj-button>',
}
_FOOTER = """    <!-- footer -->
    <mj-section>
      <mj-column>
        <mj-text font-size="13px" color="#6b7280">{{{{ company }}}}{ways}</mj-text>
      </mj-column>
    </mj-section>
"""
_WAY = ' · <a href="{{{{ {name} }}}}" style="color:#6b7280">{word}</a>'
# What customers read in the footer, by their language.
_CHOOSE = {"en": "Choose what you get", "pl": "Wybierz, co otrzymujesz", "bg": "Изберете какво получавате"}
_CHOOSE["ru"] = "Выберите, что получать"
_END_IT = {"en": "Unsubscribe", "pl": "Wypisz się", "bg": "Отписване", "ru": "Отписаться"}
NAMES = ("heading", "text", "button", "columns", "footer")


def added(source: str, name: str, *, language: str, purpose: Purpose) -> str:
    """The mail with one more block of NAMES: at its end, before the footer. Raises KeyError."""
    return _put(source, _block(name, language, purpose))


def with_picture(source: str, address: str, alt: str) -> str:
    """The mail with a picture at its end, before the footer."""
    inside = f'        <mj-image src="{escape(address)}" alt="{escape(alt)}" />'
    return _put(source, _SECTION.format(inside=inside))


def _block(name: str, language: str, purpose: Purpose) -> str:
    if name == "footer":
        return _footer(language, purpose)
    return _COLUMNS if name == "columns" else _SECTION.format(inside=_INSIDE[name])


def _footer(language: str, purpose: Purpose) -> str:
    ways = [("preferences_url", _CHOOSE)] + ([("unsubscribe_url", _END_IT)] if purpose.needs_consent else [])
    told = "".join(_WAY.format(name=name, word=words.get(language, words["en"])) for name, words in ways)
    return _FOOTER.format(ways=told)


def _put(source: str, block: str) -> str:
    """What is no mail yet becomes one."""
    whole = source if _END in source else _WHOLE
    at = whole.rfind(_FOOT) if _FOOT in whole and _FOOT not in block else whole.rfind(_END)
    start = whole.rfind("\n", 0, at) + 1
    at = start if not whole[start:at].strip() else at
    return whole[:at] + block + whole[at:]
