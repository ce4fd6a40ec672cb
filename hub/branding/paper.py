"""A public page's frame: the company's sign above it, its closing line below, its colour. HTML, and no script."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from hub.branding import colours, logos
from hub.branding.brands import Brand
from hub.branding.words import PRIVACY
from hub.languages import in_language
from hub.signing import Signer

STYLE_PATH = "/api/plain.css"


@dataclass(frozen=True, slots=True)
class Company:
    """Whose pages these are. `language`: its own, where it has no words in the reader's."""

    name: str
    language: str
    signer: Signer


@dataclass(frozen=True, slots=True)
class Frame:
    """Pieces of HTML around a page's own. `look`: "light" or "dark" whatever its reader likes; empty: as they like."""

    head: str = ""
    header: str = ""
    footer: str = ""
    look: str = ""


BARE = Frame()


def frame(company: Company, brand: Brand, language: str, *, look: str = "") -> Frame:
    """Every foreign word in it went through `escape`."""
    style = f'<link rel="stylesheet" href="/brand/{brand.accent[1:]}.css">\n' if brand.accent else ""
    icon = f'<link rel="icon" href="/brand/{(brand.accent or colours.USUAL)[1:]}.svg">'
    return Frame(style + icon, f"<header>{_sign(company, brand)}</header>", _footer(company, brand, language), look)


def page(title: str, body: str, *, language: str, frame: Frame) -> str:
    """A whole page. `title` is text; `body` is HTML whose every foreign word went through `escape`."""
    look = f' data-look="{frame.look}"' if frame.look else ""
    return f"""<!doctype html>
<html lang="{escape(language)}"{look}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<link rel="stylesheet" href="{STYLE_PATH}">
{frame.head}
</head>
<body>
{frame.header}
<main>
{body}
</main>
{frame.footer}
</body>
</html>
"""


def _sign(company: Company, brand: Brand) -> str:
    name, shown = escape(company.name), brand.logo
    if shown is None:
        return f"<p>{name}</p>"
    size = f'width="{shown.width}" height="{shown.height}"'
    return f'<img src="{escape(logos.path(company.signer, shown.sha256))}" alt="{name}" {size}>'


def _footer(company: Company, brand: Brand, language: str) -> str:
    line, words = brand.footer(language, company.language), in_language(PRIVACY, language)
    pieces = [f"<p>{escape(line)}</p>"] if line else []
    if brand.privacy_url:
        pieces.append(f'<p><a href="{escape(brand.privacy_url)}" rel="noopener">{escape(words)}</a></p>')
    return f"<footer>{''.join(pieces)}</footer>" if pieces else ""
