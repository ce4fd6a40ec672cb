"""Requirement 3.4: what each of Twilio's codes makes us do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from channels.errors import ChannelError, Misconfigured, Refused, TryLater, Unknown
from channels.message import Reason
from channels.sms.twilio import Settings
from channels.twilio.codes import CODES, failure, reason
from channels.twilio.line import rest

EXPECTED: dict[type[ChannelError], set[int]] = {
    TryLater: {10004, 14107, 20429, 21611, 30001, 30003, 30008, 30017, 30022, 30023, 30036, 30410},
    Unknown: {20500, 20501, 20502, 20503, 20504},
    Misconfigured: {20003, 20005, 20404, 21210, 21603, 21606, 21659, 21660, 30002},
    Refused: {
        21211, 21214, 21215, 21217, 21401, 21408, 21602, 21610, 21612, 21614, 21617, 21619,
        30004, 30005, 30006, 30007, 30034,
    },
}  # fmt: skip


def test_every_code_of_the_table_is_expected_and_no_other() -> None:
    assert set(CODES) == set().union(*EXPECTED.values())


@pytest.mark.parametrize(("error", "code"), [(e, c) for e, codes in EXPECTED.items() for c in sorted(codes)])
def test_a_code_raises_the_error_that_says_what_to_do(error: type[ChannelError], code: int) -> None:
    assert type(failure(code, 400, "no")) is error


@pytest.mark.parametrize(("code", "why"), [
    (21610, Reason.OPTED_OUT), (21211, Reason.BAD_ADDRESS), (21614, Reason.WRONG_CHANNEL),
    (30006, Reason.WRONG_CHANNEL),
    (30005, Reason.BAD_ADDRESS), (21617, Reason.TOO_LONG), (30007, Reason.BLOCKED), (21408, Reason.BLOCKED),
])  # fmt: skip
def test_a_refusal_says_why(code: int, why: Reason) -> None:
    refused = failure(code, 400, "no")
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.code, reason(str(code))) == (why, str(code), why)


@pytest.mark.parametrize(("status", "error"), [
    (429, TryLater), (500, Unknown), (502, Unknown), (503, Unknown), (401, Misconfigured), (403, Misconfigured),
    (404, Misconfigured), (302, Misconfigured), (400, Refused), (422, Refused),
])  # fmt: skip
def test_an_unknown_code_is_read_by_its_http_class(status: int, error: type[ChannelError]) -> None:
    assert type(failure(99999, status, "?")) is error
    assert type(failure(0, status, "?")) is error


def test_retry_after_goes_before_the_tables_own_delay() -> None:
    asked = failure(30003, 429, "later", after=timedelta(seconds=7))
    by_table = failure(30003, 400, "later")
    assert isinstance(asked, TryLater)
    assert isinstance(by_table, TryLater)
    assert (asked.after, by_table.after) == (timedelta(seconds=7), timedelta(hours=1))
    assert not by_table.whole_sender, "one unreachable telephone slows nobody else"


@pytest.mark.parametrize("code", ["", "x", "²", "12345678901234567890"])
def test_a_code_that_is_none_is_unknown(code: str) -> None:
    assert reason(code) is Reason.UNKNOWN


@pytest.mark.parametrize(("key", "value"), [
    ("base_url", "http://api.twilio.example"), ("base_url", "ftp://127.0.0.1"), ("base_url", ""), ("number", "12"),
    ("account_sid", "AC1"), ("messaging_service_sid", "MG1"), ("timeout_seconds", 0), ("unknown", 1),
])  # fmt: skip
def test_settings_that_cannot_work_are_refused(key: str, value: object) -> None:
    table = {"account_sid": "AC" + "0" * 32, "auth_token": "secret", "number": "+48601234567", key: value}
    with pytest.raises(ValidationError, match=key):
        Settings.model_validate(table)


def test_settings_need_some_sender_and_never_show_the_token() -> None:
    table = {"account_sid": "AC" + "0" * 32, "auth_token": "secret"}
    with pytest.raises(ValidationError, match="messaging_service_sid"):
        Settings.model_validate(table)
    assert "secret" not in repr(Settings.model_validate({**table, "messaging_service_sid": "MG" + "0" * 32}))


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        ("99999999999999999999", 86_400),
        ("Sun, 06 Nov 1994 08:49:47 GMT", 10),
        ("Sunday, 06-Nov-94 08:49:47 GMT", 10),
        ("Sun, 06 Nov 1994 08:49:30 GMT", 0),
        ("Mon, 06 Nov 2094 08:49:37 GMT", 86_400),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("\N{ARABIC-INDIC DIGIT SEVEN}", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 +0000", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(said: str, seconds: int | None) -> None:
    now = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    assert rest(said, now) == (None if seconds is None else timedelta(seconds=seconds))


def test_a_retry_after_of_nothing_is_not_the_tables_own_delay() -> None:
    error = failure(30022, 429, "too fast", after=timedelta(0))
    assert isinstance(error, TryLater)
    assert error.after == timedelta(0)
