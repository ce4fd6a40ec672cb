"""Requirement T1: whose webhook this is."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from channels.adapter import WebRequest
from channels.errors import Forged, Unreadable
from channels.message import Progress, Reason, Receipt
from channels.providers import open_channel
from channels.sms.twilio import PROGRESS
from channels.twilio.hooks import _pairs, hook, name_of, verified

TOKEN = "12345"
# The example of Twilio's documentation (usage/security), with the signature it gives.
DOCUMENTED_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
DOCUMENTED_FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
DOCUMENTED_SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
FORM_TYPE = "application/x-www-form-urlencoded"


def request(url: str, form: Any, signature: str, content_type: str = FORM_TYPE) -> WebRequest:
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    return WebRequest(url, {"x-twilio-signature": signature, "content-type": content_type}, body)


def test_the_documented_example_holds() -> None:
    asked = request(DOCUMENTED_URL, DOCUMENTED_FORM, DOCUMENTED_SIGNATURE)
    assert verified(asked, [TOKEN]) == DOCUMENTED_FORM


@pytest.mark.parametrize("url", [DOCUMENTED_URL, DOCUMENTED_URL.replace(".com/", ".com:443/")])
@pytest.mark.parametrize("signed", [DOCUMENTED_URL, DOCUMENTED_URL.replace(".com/", ".com:443/")])
def test_the_port_may_be_signed_or_not(url: str, signed: str) -> None:
    signature = _sign(signed, DOCUMENTED_FORM)
    assert verified(request(url, DOCUMENTED_FORM, signature), [TOKEN]) == DOCUMENTED_FORM


def test_while_a_token_is_rotated_both_hold_and_a_third_does_not() -> None:
    asked = request(DOCUMENTED_URL, DOCUMENTED_FORM, DOCUMENTED_SIGNATURE)
    assert verified(asked, ["new", TOKEN]) == DOCUMENTED_FORM
    with pytest.raises(Forged):
        verified(asked, ["new", "newer"])


@pytest.mark.parametrize("signature", ["", "0" * 28, DOCUMENTED_SIGNATURE[:-2] + "9=", DOCUMENTED_SIGNATURE + "=", "é"])
def test_a_bad_or_empty_signature_is_forged(signature: str) -> None:
    with pytest.raises(Forged):
        verified(request(DOCUMENTED_URL, DOCUMENTED_FORM, signature), [TOKEN])


def test_without_a_token_nothing_holds() -> None:
    with pytest.raises(Forged):
        verified(request(DOCUMENTED_URL, DOCUMENTED_FORM, DOCUMENTED_SIGNATURE), [])


def test_repeated_values_are_signed_sorted_and_once() -> None:
    pairs = [("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "b")]
    signature = _raw_sign("https://hub.example/x" + "MediaUrla" + "MediaUrlb")
    assert verified(request("https://hub.example/x", pairs, signature), [TOKEN]) == {"MediaUrl": "b"}


def test_blank_values_are_signed_too() -> None:
    form = {"Body": "", "From": "+1"}
    assert verified(request("https://hub.example/x", form, _sign("https://hub.example/x", form)), [TOKEN]) == form


def test_a_json_body_is_covered_by_its_hash() -> None:
    body = b'{"a": 1}'
    url = f"https://hub.example/x?bodySHA256={hashlib.sha256(body).hexdigest()}"
    assert verified(request(url, body, _sign(url, {}), "application/json"), [TOKEN]) == {}
    with pytest.raises(Forged):
        verified(request(url, body + b" ", _sign(url, {}), "application/json"), [TOKEN])


def test_a_json_body_without_a_hash_is_forged_although_the_url_is_signed() -> None:
    url = "https://hub.example/x"
    with pytest.raises(Forged):
        verified(request(url, b"{}", _sign(url, {}), "application/json"), [TOKEN])


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a=%ff", b"&".join(b"k%d=v" % n for n in range(501))])
def test_a_body_that_is_no_form_is_forged(body: bytes) -> None:
    with pytest.raises(Forged):
        verified(request("https://hub.example/x", body, "x"), [TOKEN])


FORMS = st.dictionaries(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=5),
    st.text(st.characters(codec="utf-8"), max_size=5),
    max_size=6,
)


@given(FORMS, st.sampled_from(["", "?m=t", "?m=a%3Ab&step=x", ":8443/?é=1"]))
def test_what_twilios_own_code_signs_holds(form: dict[str, str], rest: str) -> None:
    url = f"https://hub.example{rest}"
    assert verified(request(url, form, _sign(url, form)), [TOKEN]) == form


def test_our_urls_carry_tokens_of_any_spelling_back() -> None:
    url = hook("https://hub.example/hooks/sms/", "status", m="a:b/c+d é")
    assert url == "https://hub.example/hooks/sms/status?m=a%3Ab%2Fc%2Bd%20%C3%A9"
    assert name_of(WebRequest(url, {}, b""), "https://hub.example/hooks/sms") == "status"
    with pytest.raises(Unreadable):
        name_of(WebRequest(url, {}, b""), "https://hub.example/hooks/other")


# ---- what the SMS webhooks say ------------------------------------------------------------------

BASE = "https://hub.example/hooks/sms"
ENVELOPE = {"MessageSid": "SM" + "0" * 32, "From": "+48220000000", "To": "+48601234567"}


async def read(name: str, form: dict[str, str]) -> Any:
    table = {"account_sid": "AC" + "0" * 32, "auth_token": TOKEN, "number": "+48220000000"}
    channel = open_channel("texts", "sms", "twilio", table, webhook_base=BASE)  # type: ignore[arg-type]
    assert channel.webhook
    url = hook(BASE, name)
    return channel.webhook.read(request(url, form, _sign(url, form)))[0]


@pytest.mark.parametrize("word", sorted(PROGRESS))
async def test_every_word_of_the_table_becomes_progress(word: str) -> None:
    receipt = await read("status", {**ENVELOPE, "MessageStatus": word})
    assert receipt.progress is PROGRESS[word]
    assert (receipt.reason is not None) == (PROGRESS[word] is Progress.FAILED)


@pytest.mark.parametrize("word", ["teleported", "", "received"])
async def test_a_word_we_do_not_know_is_unreadable_and_so_kept_raw(word: str) -> None:
    with pytest.raises(Unreadable):
        await read("status", {**ENVELOPE, "MessageStatus": word})


async def test_an_unknown_error_code_is_told_as_unknown_with_the_code() -> None:
    form = {**ENVELOPE, "MessageStatus": "undelivered", "ErrorCode": "39999"}
    receipt = await read("status", form)
    assert receipt == Receipt(
        provider_id=ENVELOPE["MessageSid"],
        progress=Progress.FAILED,
        recipient="+48601234567",
        reason=Reason.UNKNOWN,
        code="39999",
        detail="undelivered",
        payload=form,
    )


async def test_odd_inbound_texts_are_read_and_what_is_odd_is_said() -> None:
    form = {**ENVELOPE, "From": "InfoBank", "To": "+48220000000", "Body": "STOP", "NumMedia": "2", "OptOutType": "STOP"}
    inbound = await read("message", form)
    assert (inbound.sender.value, inbound.answerable, inbound.text) == ("InfoBank", False, "STOP")
    assert inbound.problems == (
        "InfoBank is no telephone number and cannot be answered",
        "2 files were announced, 0 came",
        "The carrier already acted on the keyword STOP",
    )


@pytest.mark.parametrize("missing", ["MessageSid", "From", "To"])
async def test_a_text_without_its_essentials_is_unreadable(missing: str) -> None:
    form = {k: v for k, v in ENVELOPE.items() if k != missing}
    with pytest.raises(Unreadable, match=missing):
        await read("message", form)


def _sign(url: str, form: dict[str, str]) -> str:
    return str(RequestValidator(TOKEN).compute_signature(url, form))


def _raw_sign(signed: str) -> str:
    return base64.b64encode(hmac.digest(TOKEN.encode(), signed.encode(), "sha1")).decode()


@given(st.text("abc=&%+;é2fF0 ", max_size=30))
@settings(deadline=None)
def test_a_form_is_read_as_the_standard_library_reads_it(text: str) -> None:
    try:
        expected = parse_qsl(text, keep_blank_values=True, errors="strict")
    except ValueError:
        with pytest.raises(ValueError, match="decode"):
            _pairs(text)
    else:
        assert _pairs(text) == expected
