"""What a picture's file says beside the picture goes; what it shows stays, to the pixel."""

from __future__ import annotations

import base64
import random
import struct

import pytest

from channels.bare_pictures import bare, moves
from channels.errors import Unreadable
from tests import drawn
from tests.flows.browsing import chromium, in_chromium

SECRET = b"52.2297 N 21.0122 E, Ana's telephone"
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def exif(turned: int = 1, order: str = "<") -> bytes:
    """A camera's: the orientation among other things, and a place."""
    entries = [(0x010F, 2, 4, 0), (0x0112, 3, 1, turned if order == "<" else turned << 16), (0x8825, 4, 1, 62)]
    packed = b"".join(struct.pack(f"{order}HHII", *one) for one in entries)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(entries))
    return b"Exif\0\0" + head + packed + bytes(4) + SECRET


def orientation(turned: int) -> bytes:
    only = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, turned, 0, 0)
    return drawn.jpeg_part(b"\xe1", b"Exif\0\0" + only)


def after_start(jpeg: bytes, *parts: bytes) -> bytes:
    return jpeg[:2] + b"".join(parts) + jpeg[2:]


def vp8x(flags: int) -> bytes:
    return drawn.webp_part(b"VP8X", bytes([flags]) + bytes(9))


PIXELS = drawn.webp(8, 8)[12:]
PNG = drawn.png(4, 4)
TEXT = drawn.piece(b"tEXt", b"Author\0" + SECRET)


@pytest.mark.parametrize("content", [PNG, drawn.jpeg(8, 8), drawn.webp(8, 8), GIF], ids=["png", "jpeg", "webp", "gif"])
def test_a_picture_that_says_nothing_more_stays_as_it_is(content: bytes) -> None:
    assert bare(content) == content


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (PNG[:33] + TEXT + drawn.piece(b"eXIf", exif()) + PNG[33:] + SECRET, PNG),
        (PNG[:33] + drawn.piece(b"acTL", bytes(8)) + PNG[33:-12] + drawn.piece(b"fdAT", SECRET) + PNG[-12:], PNG),
        (
            after_start(drawn.jpeg(8, 8), drawn.jpeg_part(b"\xe1", exif()), drawn.jpeg_part(b"\xfe", SECRET)) + SECRET,
            drawn.jpeg(8, 8),
        ),
        (
            after_start(drawn.jpeg(8, 8), drawn.jpeg_part(b"\xe1", b"http://ns.adobe.com/xap/1.0/\0" + SECRET)),
            drawn.jpeg(8, 8),
        ),
        (
            drawn.jpeg(8, 8)
            .replace(b"JFIF" + bytes(10), b"JFIF" + bytes(8) + b"\1\1" + b"rgb", 1)
            .replace(b"\xff\xe0\0\x10", b"\xff\xe0\0\x13", 1),
            drawn.jpeg(8, 8),
        ),
        (
            drawn.riff(vp8x(0x2C), drawn.webp_part(b"ICCP", b"icc"), PIXELS, drawn.webp_part(b"EXIF", exif()[6:]))
            + SECRET,
            drawn.riff(vp8x(0x20), drawn.webp_part(b"ICCP", b"icc"), PIXELS),
        ),
        (drawn.riff(PIXELS, drawn.webp_part(b"XMP ", SECRET)), drawn.riff(PIXELS)),
        (GIF[:-1] + b"!\xfe\x24" + SECRET[:36] + b"\0;" + SECRET, GIF),
        (GIF[:-1] + b"!\xff\x0bXMP DataXMP\x04" + SECRET[:4] + b"\0;", GIF),
    ],
    ids=["png", "apng", "exif", "xmp", "thumbnail", "webp", "webp-xmp", "gif", "gif-xmp"],
)
def test_what_it_says_beside_the_picture_goes(content: bytes, left: bytes) -> None:
    assert bare(content) == left


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("turned", [3, 6, 8])
def test_which_way_up_it_is_held_stays(turned: int, order: str) -> None:
    jpeg = after_start(drawn.jpeg(8, 8), drawn.jpeg_part(b"\xe1", exif(turned, order)))
    assert bare(jpeg) == after_start(drawn.jpeg(8, 8), orientation(turned))
    webp = drawn.riff(vp8x(0x08), PIXELS, drawn.webp_part(b"EXIF", exif(turned, order)))
    held = drawn.riff(vp8x(0x08), PIXELS, drawn.webp_part(b"EXIF", orientation(turned)[10:]))
    assert bare(webp) == held
    assert bare(bare(jpeg)) == bare(jpeg)


def test_colours_stay_and_a_loop_goes_on() -> None:
    profile = drawn.jpeg_part(b"\xe2", b"ICC_PROFILE\0\1\1" + bytes(30))
    adobe = drawn.jpeg_part(b"\xee", b"Adobe" + bytes(7))
    jpeg = after_start(drawn.jpeg(8, 8), profile, adobe)
    loop = GIF[:19] + b"!\xff\x0bNETSCAPE2.0\3\1\0\0\0" + GIF[19:]
    assert (bare(jpeg), bare(loop)) == (jpeg, loop)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        PNG[:40],
        PNG[:-12],
        PNG[:8] + PNG[33:],
        PNG.replace(b"IHDR", b"IHDX"),
        PNG[:33] + struct.pack(">I", 2**32 - 1) + b"tEXt",
        drawn.jpeg(8, 8)[:30],
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff" + b"\xff\xc0\x00\x00" * 50,
        b"\xff\xd8\xff\xe0\0\0",
        drawn.riff(),
        drawn.riff(PIXELS)[:-4],
        b"RIFF\xff\xff\xff\xffWEBP",
        b"RIFF\x04\0\0\0WAVE",
        drawn.riff(b"VP8L\xff\xff\xff\xff"),
        GIF[:12],
        GIF[:-3],
        b"GIF89a" + b"\xff" * 40,
    ],
)
def test_what_is_no_whole_picture_is_refused(content: bytes) -> None:
    with pytest.raises(Unreadable):
        bare(content)


@pytest.mark.parametrize("whole", [PNG, drawn.jpeg(90, 9), drawn.riff(vp8x(0x2C), PIXELS), GIF])
def test_damage_does_no_harm(whole: bytes) -> None:
    dice = random.Random(63)
    for _ in range(2_000):
        damaged = bytearray(whole)
        for _ in range(dice.randrange(1, 6)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        try:
            assert len(bare(bytes(damaged[: dice.randrange(1, len(damaged) + 1)]))) <= len(whole) + 40
        except Unreadable:
            continue


def test_an_animation_is_known() -> None:
    assert [moves(one) for one in (drawn.riff(vp8x(0x02), PIXELS), drawn.riff(vp8x(0), PIXELS), PNG, b"RIFF")] == [
        *(True, False, False, False)
    ]


_MADE = """async kind => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 60, height: 40 });
  const brush = canvas.getContext("2d");
  for (let n = 0; n < 24; n++) {
    brush.fillStyle = `hsl(${n * 40}, 80%, ${20 + n * 3}%)`;
    brush.fillRect(n % 6 * 10, Math.floor(n / 6) * 10, 10, 10);
  }
  return canvas.toDataURL(kind, 0.9).split(",")[1];
}"""
_SEEN = """async ([kind, content]) => {
  const image = new Image();
  image.src = `data:${kind};base64,${content}`;
  await image.decode();
  const [width, height] = [image.naturalWidth, image.naturalHeight];
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const brush = canvas.getContext("2d");
  brush.drawImage(image, 0, 0);
  return [width, height, ...brush.getImageData(0, 0, width, height).data];
}"""


@pytest.mark.browser
@pytest.mark.skipif(in_chromium[1].args[0], reason="no Chromium on this machine")
@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "image/webp"])
async def test_a_browser_shows_the_same_pixels_the_same_way_up(kind: str) -> None:
    async with chromium() as browser:
        page = await browser.new_page()
        made = base64.b64decode(await page.evaluate(_MADE, kind))
        told = _telling(kind, made)
        seen = [await page.evaluate(_SEEN, [kind, base64.b64encode(one).decode()]) for one in (told, bare(told))]
    assert SECRET in told
    assert SECRET not in bare(told)
    assert seen[0] == seen[1]
    assert seen[0][:2] == ([40, 60] if kind == "image/jpeg" else [60, 40])


def _telling(kind: str, made: bytes) -> bytes:
    """The same picture with more to say; the photo was taken with the telephone on its side."""
    if kind == "image/png":
        return made[:33] + TEXT + made[33:]
    if kind == "image/jpeg":
        return after_start(made, drawn.jpeg_part(b"\xe1", exif(6))) + SECRET
    return drawn.riff(made[12:], drawn.webp_part(b"XMP ", SECRET))
