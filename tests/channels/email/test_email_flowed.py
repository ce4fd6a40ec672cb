"""format=flowed (RFC 3676): what was broken for the wire is whole again, and nothing else is."""

from __future__ import annotations

import pytest

from channels.email import mime
from channels.email.flowed import unwrapped


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one \ntwo\nthree", "one two\nthree"),
        ("> one \n> two\n> three", "> one two\n> three"),
        (">> deep \n> less deep \n> still", ">> deep\n> less deep still"),
        (">deep \n>again", "> deep again"),
        ("> quoted \nanswer", "> quoted\nanswer"),
        (" From here\n  indented", "From here\n indented"),  # space-stuffed (4.4)
        ("words \n-- \nAna", "words\n-- \nAna"),  # a signature never flows (4.3)
        ("> words \n> -- \n> Ana", "> words\n> -- \n> Ana"),
        ("last \n", "last "),
        ("", ""),
        ("\n\n", "\n\n"),
    ],
)
def test_paragraphs(text: str, expected: str) -> None:
    assert unwrapped(text, delete_space=False) == expected


def test_delsp_takes_the_space_that_made_the_line_flow() -> None:
    """Section 4.1, for scripts without spaces between words."""
    assert unwrapped("日本 \n語です", delete_space=True) == "日本語です"
    assert unwrapped("two  \nwords", delete_space=True) == "two words"


def test_only_a_text_that_says_so_is_unwrapped() -> None:
    raw = b"Content-Type: text/plain%s\r\n\r\none \r\ntwo\r\n"
    assert mime.read(raw % b"").text == "one \ntwo\n"
    assert mime.read(raw % b"; Format=Flowed; DelSp=no").text == "one two\n"
    assert mime.read(raw % b"; format=flowed; delsp=yes").text == "onetwo\n"
