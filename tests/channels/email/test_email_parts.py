"""How a mail is cut into its parts (RFC 2046 5), whole, odd and broken. No byte of a part is changed."""

from __future__ import annotations

import contextlib
import time

import pytest

from channels.email import mime
from channels.email.parts import MAX_DEPTH, MAX_PARTS, Part, tree
from channels.errors import Unreadable


def shape(part: Part) -> object:
    """`type` or `[type, child, child…]`; leaves with their bodies."""
    if not part.children:
        words = part.body.decode("latin-1").replace("\r\n", "\n")
        return f"{part.media_type}={words}"
    return [part.media_type, *map(shape, part.children)]


def cut(text: str) -> object:
    one, other = (shape(tree(text.replace("\n", end).encode())) for end in ("\r\n", "\n"))
    assert one == other, "line ends make a difference"
    return one


RFC_2046 = """\
From: Nathaniel Borenstein <nsb@bellcore.com>
To: Ned Freed <ned@innosoft.com>
Subject: Sample message
MIME-Version: 1.0
Content-type: multipart/mixed; boundary="simple boundary"

This is the preamble.  It is to be ignored, though it
is a handy place for composition agents to include an
explanatory note to non-MIME conformant readers.

--simple boundary

This is implicitly typed plain US-ASCII text.
It does NOT end with a linebreak.
--simple boundary
Content-type: text/plain; charset=us-ascii

This is explicitly typed plain US-ASCII text.
It DOES end with a linebreak.

--simple boundary--

This is the epilogue.  It is also to be ignored.
"""


def test_the_example_of_rfc_2046() -> None:
    assert cut(RFC_2046) == [
        "multipart/mixed",
        "text/plain=This is implicitly typed plain US-ASCII text.\nIt does NOT end with a linebreak.",
        "text/plain=This is explicitly typed plain US-ASCII text.\nIt DOES end with a linebreak.\n",
    ]


def multipart(boundary: str, *parts: str, kind: str = "mixed") -> str:
    lines = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{lines}--{boundary}--\n'


TEXT = "Content-Type: text/plain\n\none"


@pytest.mark.parametrize(
    ("outer", "inner"),
    [("b", "bb"), ("bb", "b"), ("b--", "b----"), ("=_x", "=_x_alt"), ("a b", "a b c"), ("?*+(", "?*+(.")],
)
def test_a_boundary_may_begin_like_the_one_around_it(outer: str, inner: str) -> None:
    whole = multipart(outer, multipart(inner, TEXT, TEXT), "\ntwo")
    assert cut(whole) == ["multipart/mixed", ["multipart/mixed", "text/plain=one", "text/plain=one"], "text/plain=two"]


def test_a_digest_holds_mails() -> None:
    """RFC 2046 5.1.5: without a type, a part of a digest is a message."""
    digest = multipart("d", "\nSubject: one\n\nfirst", "Content-Type: text/plain\n\nnote", kind="digest")
    assert cut(digest) == ["multipart/digest", "message/rfc822=Subject: one\n\nfirst", "text/plain=note"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (f"Content-Type: multipart/mixed; boundary=b\n\n--b\n{TEXT}", ["multipart/mixed", "text/plain=one"]),
        (f"Content-Type: multipart/mixed; boundary=b\n\n--b\n{TEXT}\n--b\n", ["multipart/mixed", "text/plain=one"]),
        (f"Content-Type: multipart/mixed; boundary=b\n\n--b\n{TEXT}--b--", ["multipart/mixed", "text/plain=one"]),
        (
            "Content-Type: multipart/mixed; boundary=b\n\n--b  \t\n\none\n--b--  \nrest",
            ["multipart/mixed", "text/plain=one"],
        ),
        (
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nno header here\n--b--",
            ["multipart/mixed", "text/plain=no header here"],
        ),
        (
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n--b--",
            ["multipart/mixed", "text/html="],
        ),
        ("Content-Type: multipart/mixed; boundary=b\n\nno part at all\n", "multipart/mixed=no part at all\n"),
        ("Content-Type: multipart/mixed\n\n--b\n\none\n--b--", "multipart/mixed=--b\n\none\n--b--"),
        ("Content-Type: multipart/mixed; boundary=b\n", "multipart/mixed="),
        (
            "Content-Type: multipart/mixed; boundary=b\n\n--b1\n\none\n--b2\n\ntwo\n--b3--\n",
            ["multipart/mixed", "text/plain=one", "text/plain=two"],
        ),
        ("Content-Type: nonsense\n\none", "application/octet-stream=one"),
        ("Content-Type: text\n\none", "text/plain=one"),
        ("one\ntwo words\n\nthree", "text/plain=one\ntwo words\n\nthree"),
    ],
)
def test_what_is_broken_is_read_as_far_as_it_goes(raw: str, expected: object) -> None:
    assert cut(raw) == expected


def test_an_outer_delimiter_ends_the_parts_within() -> None:
    """RFC 2046 5.1.2: the closing delimiter of the inner multipart is missing."""
    inner = f"Content-Type: multipart/alternative; boundary=i\n\n--i\n{TEXT}"
    assert cut(multipart("o", inner, "\ntwo")) == [
        "multipart/mixed",
        ["multipart/alternative", "text/plain=one"],
        "text/plain=two",
    ]


def test_line_ends_that_were_translated_twice_are_line_ends() -> None:
    raw = multipart("b", TEXT, "\ntwo").replace("\n", "\r\r\n").encode()
    assert shape(tree(raw)) == ["multipart/mixed", "text/plain=one", "text/plain=two"]


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_a_mail_within_a_mail_is_kept_byte_for_byte(line_end: bytes) -> None:
    """M5: folded headers, odd blanks and its own delimiter lines are left alone."""
    inner = (
        b"Subject:  odd \t blanks\n and  folds\nX-Long: " + b"x" * 998 + b"\nReceived: by x;\n\tnow\n"
        b"Content-Type: multipart/mixed; boundary=bb\n\n--bb\n\n  one  \n--bb--\n\n"
    ).replace(b"\n", line_end)
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n".replace(b"\n", line_end)
    (file,) = mime.read(raw + inner + line_end + b"--b--" + line_end).attachments
    assert (file.content, file.media_type) == (inner, "message/rfc822")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("message/delivery-status", "delivery-status.txt"),
        ("message/disposition-notification", "disposition-notification.txt"),
        ("message/partial; number=1; total=2; id=x", "partial.txt"),
        ("message/external-body; access-type=URL; name=away.pdf", "external-body.txt"),
        ("application/pkcs7-signature; name=smime.p7s", "smime.p7s"),
        ("application/pkcs7-mime", "smime.p7m"),
        ("application/pgp-signature", "signature.asc"),
        ("application/octet-stream; name=encrypted.asc", "encrypted.asc"),
    ],
)
def test_what_is_not_for_reading_is_kept_as_a_file(kind: str, name: str) -> None:
    raw = multipart("b", TEXT, f"Content-Type: {kind}\n\nas it is\n", kind="signed").encode()
    read = mime.read(raw)
    assert (read.text, [(file.name, file.content) for file in read.attachments]) == ("one", [(name, b"as it is\n")])


def test_a_thousand_parts_and_fifty_levels_are_read_and_no_more() -> None:
    """M8."""
    many = [TEXT] * (MAX_PARTS - 1)
    assert len(tree(multipart("b", *many).encode()).children) == MAX_PARTS - 1
    with pytest.raises(Unreadable, match="too complex"):
        tree(multipart("b", *many, TEXT).encode())
    deep = TEXT
    for level in range(MAX_DEPTH):
        deep = multipart(f"level{level}", deep)
    tree(deep.encode())
    with pytest.raises(Unreadable, match="too complex"):
        tree(multipart("outermost", deep).encode())


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--c\n" * 200_000,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"\n--b" * 3 + b"--bb\n" * 200_000,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" + b"-" * 5_000_000,
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" + b"a\n" * 2_000_000,
        b"\n" * 5_000_000,
    ],
)
def test_lines_that_nearly_are_delimiters_cost_little(raw: bytes) -> None:
    started = time.process_time()
    with contextlib.suppress(Unreadable):
        tree(raw)
    assert time.process_time() - started < 5
