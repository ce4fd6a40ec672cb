"""Readers of mail against mail that nobody would write. HUB_FUZZ_TIMES=20 tries twenty times as much, at random."""

from __future__ import annotations

import os
import random
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import judging
from tests.fuzz.mails import damaged, joined, mails, texts

SHARED = Path(__file__).parents[2].parent / "shared" / "corpora"
TIMES = int(os.environ.get("HUB_FUZZ_TIMES", "1"))
MEMORY = 512 * 1024 * 1024


def examples(number: int) -> settings:
    """The same ones in every run of CI. With more, others each time, and how to make a failure's again is printed."""
    return settings(
        max_examples=number * TIMES,
        deadline=None,
        derandomize=TIMES == 1,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        database=None,
    )


@pytest.fixture(autouse=True, scope="module")
def _bounded_memory() -> Iterator[None]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    unit = 1 if sys.platform == "darwin" else 1024
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit < MEMORY


@examples(300)
@given(mails)
def test_reading_a_mail_ends_in_time_in_text_that_can_be_kept(raw: bytes) -> None:
    judging.reading(raw)


@examples(1_000)
@given(texts)
def test_the_visible_answer_is_part_of_what_was_said(text: str) -> None:
    judging.splitting(text)


@examples(1_000)
@given(texts)
def test_html_is_made_harmless(html: str) -> None:
    judging.sanitising(html)


@examples(1_000)
@given(joined)
def test_addresses_invitations_and_tnef_are_read_or_left(raw: bytes) -> None:
    judging.small_readers(raw)


@examples(1_000)
@given(st.binary(max_size=300).map(lambda tail: b"\x78\x9f\x3e\x22" + tail))
def test_tnef_that_goes_wrong_is_left(raw: bytes) -> None:
    judging.small_readers(raw)


@pytest.mark.shared
def test_other_peoples_mail_damaged_is_read_or_refused() -> None:
    """For ten seconds; the number of the mail and the seed stand in the failure."""
    if not SHARED.is_dir():
        pytest.skip("the shared corpora do not lie beside the checkout")
    originals = [path.read_bytes() for path in sorted(SHARED.rglob("*")) if path.suffix in (".eml", ".box", ".txt")]
    until = time.monotonic() + 10 * TIMES
    seed = 0 if TIMES == 1 else random.randrange(1 << 30)
    while time.monotonic() < until:
        seed += 1
        chance = random.Random(seed)
        raw = damaged(chance.choice(originals), originals, chance)
        try:
            judging.reading(raw)
        except Exception as e:
            raise AssertionError(f"seed {seed}") from e
