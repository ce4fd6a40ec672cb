"""The company's colour, and what can be read on it and in it (WCAG 2.2, 1.4.3). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.branding.problem import BrandProblem
from hub.sentences import Sentence

USUAL = "#0054a6"  # the hub's own, as in the style sheet of public pages
ENOUGH = 4.5  # contrast of text, level AA
LIGHT_PAPER, DARK_PAPER = "#ffffff", "#182433"  # of the public pages
_HEX = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})", re.IGNORECASE)
_STEPS = 50  # from a colour to black or white


@dataclass(frozen=True, slots=True)
class Palette:
    """A colour at work. `ink` is read on it; `light` and `dark` are its hue, to be read on the papers."""

    fill: str
    ink: str
    light: str
    dark: str


def read(text: str) -> str:
    """As `#rrggbb`; empty text is no colour of one's own. Raises BrandProblem."""
    if not (typed := text.strip()):
        return ""
    found = _HEX.fullmatch(typed)
    if found is None:
        told = {"colour": typed[:40]}
        raise BrandProblem("accent", Sentence("“%(colour)s” is no colour. Write it such as #1d6f42", told))
    digits = found[1].lower()
    return f"#{digits}" if len(digits) == 6 else "#" + "".join(digit * 2 for digit in digits)


def palette(colour: str) -> Palette:
    """Every colour has one: on it black or white can be read, and its shades go on until they can."""
    ink = max("#ffffff", "#000000", key=lambda one: contrast(one, colour))
    return Palette(colour, ink, _shade(colour, LIGHT_PAPER, "#000000"), _shade(colour, DARK_PAPER, "#ffffff"))


def contrast(one: str, other: str) -> float:
    """From 1, the same, to 21, black and white."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _shade(colour: str, paper: str, end: str) -> str:
    """The nearest to the colour, on the way to `end`, that can be read on the paper."""
    steps = (_mixed(colour, end, step / _STEPS) for step in range(_STEPS + 1))
    return next(shade for shade in steps if contrast(shade, paper) >= ENOUGH)


def _mixed(one: str, other: str, share: float) -> str:
    pairs = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _parts(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))
