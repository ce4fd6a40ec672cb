"""Signed tokens: what was signed comes back, anything else is None."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.signing import Signer, _spell, _unspell

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIGNER = Signer(b"the secret of these very tests..")
OTHER = Signer(b"another secret, of somebody else")
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
purposes = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def _spelt(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


def flipped(token: str, bit: int) -> str:
    """The token with one of its 5-bit letters changed by one bit."""
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    place, power = divmod(bit % (len(token) * 5), 5)
    other = alphabet[alphabet.index(token[place]) ^ (1 << power)]
    return token[:place] + other + token[place + 1 :]


@given(purposes, values)
def test_what_was_signed_is_read_again(purpose: str, value: str) -> None:
    assert SIGNER.read(purpose, SIGNER.sign(purpose, value), now=NOW) == value


@given(purposes, values)
def test_a_token_is_letters_and_digits_whose_case_does_not_matter(purpose: str, value: str) -> None:
    token = SIGNER.sign(purpose, value)
    assert re.fullmatch("[a-z2-7]+", token)
    assert SIGNER.read(purpose, token.upper(), now=NOW) == value


@given(values, st.integers(min_value=0))
def test_one_changed_bit_makes_a_token_worthless(value: str, bit: int) -> None:
    token = SIGNER.sign("unsubscribe", value)
    assert SIGNER.read("unsubscribe", flipped(token, bit), now=NOW) is None


@given(purposes, purposes, values)
def test_a_token_for_one_purpose_is_nothing_for_another(one: str, other: str, value: str) -> None:
    read = SIGNER.read(other, SIGNER.sign(one, value), now=NOW)
    assert read == (value if one == other else None)


@given(values)
def test_a_token_of_another_secret_is_nothing(value: str) -> None:
    assert SIGNER.read("link", OTHER.sign("link", value), now=NOW) is None


@given(st.integers(min_value=-3_000_000_000, max_value=3_000_000_000))
def test_a_token_is_good_until_it_expires_and_not_a_moment_longer(seconds: int) -> None:
    token = SIGNER.sign("reset", "42", expires=NOW + timedelta(seconds=seconds))
    assert SIGNER.read("reset", token, now=NOW) == ("42" if seconds > 0 else None)


@given(st.text())
def test_rubbish_is_none_and_never_an_error(rubbish: str) -> None:
    assert SIGNER.read("link", rubbish, now=NOW) is None
    assert SIGNER.read_message_token(rubbish) is None


@given(st.binary(max_size=80))
def test_well_spelt_rubbish_is_none_and_never_an_error(rubbish: bytes) -> None:
    token = base64.b32encode(rubbish).decode().rstrip("=").lower()
    assert SIGNER.read("link", token, now=NOW) is None
    assert SIGNER.read_message_token(token) is None


@given(st.uuids())
def test_a_message_token_fits_a_plus_address_and_survives_folding(message: UUID) -> None:
    token = SIGNER.message_token(message)
    assert re.fullmatch("[a-z2-7]{42}", token)
    assert SIGNER.read_message_token(token) == message
    assert SIGNER.read_message_token(token.upper()) == message


@given(st.uuids(), st.integers(min_value=0))
def test_a_message_token_with_one_changed_bit_is_nobodys(message: UUID, bit: int) -> None:
    assert SIGNER.read_message_token(flipped(SIGNER.message_token(message), bit)) is None


@given(st.uuids())
def test_a_message_token_is_no_link_and_a_link_is_no_message_token(message: UUID) -> None:
    assert SIGNER.read("message", SIGNER.message_token(message), now=NOW) is None
    assert SIGNER.read_message_token(SIGNER.sign("message", message.hex)) is None


@given(st.uuids())
def test_tokens_outlive_the_change_of_the_secret(message: UUID) -> None:
    rotated = Signer(b"the newest secret, made today...", previous=[b"the secret of these very tests.."])
    assert rotated.read_message_token(SIGNER.message_token(message)) == message
    assert rotated.read("link", SIGNER.sign("link", "7"), now=NOW) == "7"
    assert SIGNER.read_message_token(rotated.message_token(message)) is None


def test_a_letter_that_only_looks_like_one_of_ours_is_refused() -> None:
    token = next(t for n in range(99) if "k" in (t := SIGNER.message_token(UUID(int=n))))
    assert SIGNER.read_message_token(token.replace("k", "\N{KELVIN SIGN}")) is None


def test_a_short_secret_and_a_time_without_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        Signer(b"short")
    with pytest.raises(ValueError, match="time zone"):
        SIGNER.sign("link", "7", expires=datetime(2026, 3, 1))  # noqa: DTZ001 - the naive time is the point


@given(st.text("abcdefghijklmnopqrstuvwxyz234567ABCXYZ=018_- +\n", max_size=60) | st.binary(max_size=40).map(_spelt))
@settings(deadline=None)
def test_tokens_are_base32_of_the_standard_in_one_spelling(token: str) -> None:
    """RFC 4648 §6, as the standard library reads it; what that reads of several spellings counts in one only."""
    try:
        raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
    except ValueError:
        raw = b""
    assert (_unspell(token) or b"") == (raw if _spelt(raw) == token.lower() else b"")


@given(st.binary(min_size=1, max_size=120))
def test_tokens_are_written_as_the_standard_library_writes_base32(raw: bytes) -> None:
    assert _spell(raw) == _spelt(raw)


def test_f9_a_link_signed_while_the_clock_was_wrong_is_good_afterwards() -> None:
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    for wrong in (timedelta(hours=1), -timedelta(hours=1), timedelta(days=3)):
        lasting, passing = SIGNER.sign("x", "value"), SIGNER.sign("x", "value", expires=now + wrong + timedelta(days=1))
        assert SIGNER.read("x", lasting, now=now - timedelta(days=3)) == "value"
        assert SIGNER.read("x", passing, now=now) == "value"
        assert SIGNER.read("x", passing, now=now + wrong + timedelta(days=1)) is None
