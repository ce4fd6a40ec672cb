"""The company's logo: known by its own bytes, never a drawing that may hold scripts; fetched from a signed address."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

import imagesize

from channels import bare_pictures, pictures
from channels.errors import Unreadable
from hub.branding.problem import BrandProblem
from hub.sentences import Sentence
from hub.signing import Signer

PURPOSE = "logo"  # the signer's
LARGEST = 300 * 1024  # bytes
SMALLEST_SIDE, LARGEST_SIDE = 16, 2_000  # pixels
SHOWN_WIDTH, SHOWN_HEIGHT = 240, 64  # at most, as pages and mails show it
TYPES = ("image/png", "image/jpeg", "image/webp")
_UNREADABLE = Sentence("It is no PNG, JPEG or WebP. Save it as one of these")


@dataclass(frozen=True, slots=True)
class Logo:
    content: bytes
    width: int
    height: int


def read(content: bytes) -> Logo:
    """What it is, whatever it was said to be. Raises BrandProblem."""
    _check_weight(content)
    width, height = _measured(content)
    if not SMALLEST_SIDE <= min(width, height) <= max(width, height) <= LARGEST_SIDE:
        gaps = {"width": width, "height": height, "least": SMALLEST_SIDE, "most": LARGEST_SIDE}
        raise BrandProblem(
            "logo",
            Sentence("The picture is %(width)s × %(height)s pixels. A side takes from %(least)s to %(most)s", gaps),
        )
    if bare_pictures.moves(content):
        raise BrandProblem("logo", Sentence("The picture moves. Save it as one that stands still"))
    return Logo(_bare(content), width, height)


def _check_weight(content: bytes) -> None:
    if not content:
        raise BrandProblem("logo", Sentence("Choose a picture first"))
    if len(content) > LARGEST:
        gaps = {"size": len(content) // 1024, "most": LARGEST // 1024}
        raise BrandProblem(
            "logo", Sentence("The picture has %(size)s KB and takes at most %(most)s KB. Make it smaller", gaps)
        )


def _measured(content: bytes) -> tuple[int, int]:
    """Width and height. Raises BrandProblem for what is no picture of a kind that mail programs show."""
    try:
        known = pictures.picture(content).media_type in TYPES
    except Unreadable as e:
        raise BrandProblem("logo", _UNREADABLE) from e
    width, height = _sides(content) if known else (-1, -1)
    if min(width, height) < 0:
        raise BrandProblem("logo", _UNREADABLE)
    return width, height


def shown(width: int, height: int) -> tuple[int, int]:
    """As large as it is shown: never larger than it is."""
    share = min(1.0, SHOWN_WIDTH / width, SHOWN_HEIGHT / height)
    return max(1, round(width * share)), max(1, round(height * share))


def path(signer: Signer, digest: str) -> str:
    """Where it is fetched, by pages and for years by mails."""
    return f"/brand/logo/{signer.sign(PURPOSE, digest)}"


def _bare(content: bytes) -> bytes:
    """Without what else the file says: where and by whom the picture was taken is nobody's business (decision 0063)."""
    try:
        return bare_pictures.bare(content)
    except Unreadable as e:
        raise BrandProblem("logo", _UNREADABLE) from e


def _sides(content: bytes) -> tuple[int, int]:
    """Negative where its header does not say."""
    try:
        width, height = imagesize.get(io.BytesIO(content))
    except (ValueError, struct.error, OSError, IndexError, TypeError, OverflowError):
        return -1, -1
    return int(width), int(height)
