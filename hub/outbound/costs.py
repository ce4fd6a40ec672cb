"""What a message costs of its sender's rate: an SMS its segments, all else one. Pure.

The words of a campaign are made when they leave. Until then its tickets carry a guess, see `weighing`.
"""

from __future__ import annotations

from channels.message import Text
from channels.sms.text import LONGEST, measure
from hub.models import TemplateVersion
from hub.models.vocabulary import Kind
from hub.outbound import holes, rendering

LONGEST_SMS = LONGEST  # characters
_USUAL_VALUE = "x" * 8  # a given name, a date, a short code


def cost(kind: Kind | None, words: str, files: int = 0) -> int:
    """Segments of an SMS; what is sent with files is an MMS, which is billed as one."""
    return measure(words).segments if kind is Kind.SMS and not files else 1


def segments(words: str) -> int:
    """Of an SMS."""
    return measure(words).segments


def of_content(content: object) -> int:
    """The same of what is handed to a provider."""
    return cost(Kind.SMS, content.body, len(content.media_urls)) if isinstance(content, Text) else 1


def guess(version: TemplateVersion, language: str) -> int:
    """Segments of a template's SMS, before anybody's values are known; 1 when it has no text for SMS."""
    return measure(sample(rendering.source(version.variants, Kind.SMS, language))).segments


def sample(source: str) -> str:
    """What a template may come to: something usual in place of every value."""
    return holes.replaced(source, lambda piece, _start: _USUAL_VALUE if piece.startswith("{{") else "").strip()
