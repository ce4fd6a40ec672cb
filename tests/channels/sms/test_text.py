"""Requirement S1: how long a text is on the air."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.sms.text import Encoding, Measure, cut, measure

VECTORS = Path(__file__).parents[3].parent / "shared" / "corpora" / "sms" / "vectors.json"
BITS = {Encoding.GSM7: 7, Encoding.UCS2: 16}


@pytest.mark.shared
def test_every_text_measures_as_twilio_measures_it() -> None:
    if not VECTORS.exists():
        pytest.skip("the SMS vectors are not beside the checkout")
    for vector in json.loads(VECTORS.read_text()):
        found = measure(vector["body"])
        seen = (found.encoding.value, found.segments, found.units * BITS[found.encoding])
        assert seen == (vector["encoding"], vector["segments"], vector["bits"]), vector["body"]


@pytest.mark.parametrize(("text", "expected"), [
    ("", Measure(Encoding.GSM7, 1, 0, ())),
    ("x" * 160, Measure(Encoding.GSM7, 1, 160, ())),
    ("x" * 161, Measure(Encoding.GSM7, 2, 161, ())),
    ("x" * 306, Measure(Encoding.GSM7, 2, 306, ())),
    ("x" * 307, Measure(Encoding.GSM7, 3, 307, ())),
    ("€" * 80, Measure(Encoding.GSM7, 1, 160, ())),
    ("x" * 152 + "€" + "x" * 8, Measure(Encoding.GSM7, 2, 162, ())),
    ("façade ça", Measure(Encoding.UCS2, 1, 9, ("ç",))),
    ("“quoted”", Measure(Encoding.UCS2, 1, 8, ("“", "”"))),
    ("ж" * 70, Measure(Encoding.UCS2, 1, 70, ("ж",))),
    ("ж" * 71, Measure(Encoding.UCS2, 2, 71, ("ж",))),
    ("😜" * 35, Measure(Encoding.UCS2, 1, 70, ("😜",))),
    ("😜" * 67, Measure(Encoding.UCS2, 3, 134, ("😜",))),
])  # fmt: skip
def test_a_text_measures(text: str, expected: Measure) -> None:
    assert measure(text) == expected


TEXTS = st.text(st.one_of(st.sampled_from("aé€[]~ \nçж😜"), st.characters(exclude_categories=["Cs"])), max_size=500)


@given(TEXTS)
def test_the_pieces_are_the_text_and_each_fits_its_segment(text: str) -> None:
    pieces, measured = cut(text), measure(text)
    assert "".join(pieces) == text
    assert len(pieces) == measured.segments
    assert sum(_units(piece, measured.encoding) for piece in pieces) == measured.units
    alone, joined = (160, 153) if measured.encoding is Encoding.GSM7 else (70, 67)
    longest = alone if len(pieces) == 1 else joined
    assert all(_units(piece, measured.encoding) <= longest for piece in pieces)


@given(TEXTS)
def test_no_piece_ends_before_it_must(text: str) -> None:
    pieces, encoding = cut(text), measure(text).encoding
    joined = 153 if encoding is Encoding.GSM7 else 67
    for piece, following in pairwise(pieces):
        assert _units(piece + following[0], encoding) > joined


def _units(piece: str, encoding: Encoding) -> int:
    if encoding is Encoding.UCS2:
        return len(piece.encode("utf-16-le")) // 2
    return len(piece) + sum(piece.count(c) for c in "\f^{}\\[~]|€")
