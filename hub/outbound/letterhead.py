"""A short mail of the hub's own words in the company's brand: as text, and as HTML for light and dark."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from hub.branding import colours, logos
from hub.branding.brands import Brand
from hub.branding.words import PRIVACY
from hub.languages import in_language
from hub.outbound.asking import Gate

_STYLE = """:root { color-scheme: light dark }
@media (prefers-color-scheme: dark) {
  .paper { background: #182433 !important; color: #e8ecf1 !important } .paper a.way { color: %(dark)s !important }
  .logo { background: #ffffff !important } .end { border-color: #2f4054 !important }
}"""


@dataclass(frozen=True, slots=True)
class Letter:
    """Paragraphs of text; the one that is nothing but `link` becomes a button in HTML, which says `button`."""

    text: str
    link: str
    button: str
    language: str


def closing(language: str, brand: Brand, gate: Gate) -> str:
    """What stands below the text: the company's line, and where its privacy notice is."""
    below = "".join(f"{': '.join(filter(None, line))}\n" for line in _end(language, brand, gate))
    return below and f"\n{below}"


def html(letter: Letter, brand: Brand, gate: Gate) -> str:
    """The whole mail. The same with colours of its own where a mail program is dark."""
    palette = colours.palette(brand.accent or colours.USUAL)
    paragraphs = [one for one in letter.text.split("\n\n") if one.strip()]
    body = "\n".join(_paragraph(one.strip(), letter, palette) for one in paragraphs)
    below = "<br>\n".join(_closing(words, url, palette) for words, url in _end(letter.language, brand, gate))
    rule = "border-top:1px solid #dce1e7;padding-top:12px;font-size:14px"
    ending = f'<p class="end" style="{rule}">{below}</p>' if below else ""
    paper = "margin:0;padding:24px;background:#ffffff;color:#1d273b;font:16px/1.55 system-ui,sans-serif"
    return f"""<!doctype html>
<html lang="{escape(letter.language)}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>{_STYLE % {"dark": palette.dark}}</style></head>
<body class="paper" style="{paper}"><div style="max-width:560px;margin:0 auto">
{_sign(brand, gate)}
{body}
{ending}
</div></body></html>"""


def _end(language: str, brand: Brand, gate: Gate) -> list[tuple[str, str]]:
    """Each line's words, and where they lead."""
    line = brand.footer(language, gate.default_language)
    notice = (in_language(PRIVACY, language), brand.privacy_url)
    return [*([(line, "")] if line else []), *([notice] if brand.privacy_url else [])]


def _sign(brand: Brand, gate: Gate) -> str:
    company, logo = escape(gate.company), brand.logo
    if logo is None:
        return f"<p><strong>{company}</strong></p>"
    source = escape(gate.public_url + logos.path(gate.signer, logo.sha256))
    size, style = f'width="{logo.width}" height="{logo.height}"', "max-width:100%;border:0;padding:6px"
    return f'<p><img class="logo" src="{source}" alt="{company}" {size} style="{style}"></p>'


def _paragraph(text: str, letter: Letter, palette: colours.Palette) -> str:
    if text != letter.link:
        return f"<p>{escape(text).replace(chr(10), '<br>')}</p>"
    look = f"display:inline-block;padding:11px 20px;border:2px solid {palette.light};border-radius:6px"
    look += f";background:{palette.fill};color:{palette.ink};font-weight:600;text-decoration:none"
    return f'<p><a href="{escape(text)}" style="{look}">{escape(letter.button)}</a></p>'


def _closing(words: str, url: str, palette: colours.Palette) -> str:
    said = escape(words)
    return f'<a class="way" href="{escape(url)}" style="color:{palette.light}">{said}</a>' if url else said
