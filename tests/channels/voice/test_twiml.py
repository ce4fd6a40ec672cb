"""A Script as TwiML, and Twilio's voice webhooks as CallEvents."""

from __future__ import annotations

from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from channels import screening
from channels.adapter import Channel, WebRequest
from channels.errors import Forged, Unreadable
from channels.message import (
    Address,
    AnsweredBy,
    Ask,
    CallEvent,
    Direction,
    HangUp,
    Kind,
    Media,
    Play,
    Progress,
    Reason,
    Recording,
    Ring,
    Say,
    Script,
    Step,
    Voicemail,
)
from channels.providers import open_channel
from channels.twilio.hooks import hook

BASE = "https://hub.example/hooks/calls"
TOKEN = "secret"
CALL = {"CallSid": "CA1", "From": "+48601234567", "To": "+48220000000", "Direction": "inbound", "CallStatus": "ringing"}


def channel() -> Channel:
    table = {
        "account_sid": "AC" + "0" * 32,
        "auth_token": TOKEN,
        "number": "+48220000000",
        "voices": {"pl": "Polly.Ewa"},
        "languages": {"en": "en-GB"},
    }
    return open_channel("calls", Kind.VOICE, "twilio", table, webhook_base=BASE)


def twiml(*steps: Step, token: str = "t") -> ET.Element:
    answerer = channel().answerer
    assert answerer
    answer = answerer.answer(Script(steps), token)
    assert answer.media_type == "text/xml"
    return ET.fromstring(answer.body)


def one(step: Step) -> ET.Element:
    (element,) = twiml(step)
    return element


def read(name: str, form: dict[str, str], **query: str) -> CallEvent:
    url = hook(BASE, name, **query)
    signature = str(RequestValidator(TOKEN).compute_signature(url, form))
    webhook = channel().webhook
    assert webhook
    (event,) = webhook.read(WebRequest(url, {"x-twilio-signature": signature}, urlencode(form).encode()))
    assert isinstance(event, CallEvent)
    return event


# ---- out ----------------------------------------------------------------------------------------


def test_words_are_spoken_in_their_language_and_voice() -> None:
    said = [one(Say("x", tag)).attrib for tag in ("en", "pl", "bg", "sv-SE")]
    assert said == [
        {"language": "en-GB"},
        {"language": "pl-PL", "voice": "Polly.Ewa"},
        {"language": "bg-BG"},
        {"language": "sv-SE"},
    ]


@given(st.text(max_size=9000))
def test_any_words_become_xml_that_says_them_in_pieces_twilio_reads(text: str) -> None:
    root = twiml(Say(text))
    pieces = [verb.text or "" for verb in root]
    assert all(len(piece) <= 4096 for piece in pieces)
    sayable = "".join(
        c for c in text if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )
    assert "".join(pieces).replace("\r\n", "\n").replace("\r", "\n") == sayable.replace("\r\n", "\n").replace(
        "\r", "\n"
    )


def test_markup_in_words_stays_words() -> None:
    assert one(Say("</Say><Hangup/>&amp;")).text == "</Say><Hangup/>&amp;"


def test_a_question_gathers_keys_and_asks_for_the_next_script() -> None:
    gather = one(Ask("menu", (Say("Press 1"), Play("https://hub.example/a.mp3")), digits=1, seconds=4))
    assert gather.attrib == {
        "input": "dtmf",
        "action": f"{BASE}/call?m=t&step=menu",
        "method": "POST",
        "numDigits": "1",
        "timeout": "4",
        "finishOnKey": "",
    }
    assert [child.tag for child in gather] == ["Say", "Play"]
    assert one(Ask("pin", (), digits=4)).get("finishOnKey") == "#"


def test_ringing_screens_records_and_shows_the_companys_number() -> None:
    dial = one(Ring("agents", ("+48601", "+48602"), seconds=25, screen=Say("Press 1", "pl"), record=True))
    assert dial.attrib == {
        "action": f"{BASE}/call?m=t&step=agents",
        "method": "POST",
        "timeout": "25",
        "callerId": "+48220000000",
        "answerOnBridge": "true",
        "record": "record-from-answer-dual",
        "recordingStatusCallback": f"{BASE}/recording?m=t&step=agents",
    }
    assert [n.text for n in dial] == ["+48601", "+48602"]
    assert dial[0].get("url") == f"{BASE}/call?m=t&step=screen&say=Press%201&language=pl"


def test_voicemail_records_and_hanging_up_hangs_up() -> None:
    record, hangup = twiml(Voicemail("message", seconds=90), HangUp())
    assert (record.get("action"), record.get("maxLength")) == (f"{BASE}/call?m=t&step=message", "90")
    assert record.get("recordingStatusCallback") == f"{BASE}/recording?m=t&step=message"
    assert hangup.tag == "Hangup"


def test_a_token_with_odd_characters_survives_the_way_there_and_back() -> None:
    action = twiml(Ask("menu", ()), token="a&b=c:d/ é")[0].attrib["action"]
    url = action.removeprefix(BASE + "/call")
    form = {**CALL, "CallStatus": "in-progress", "Digits": "1"}
    signature = str(RequestValidator(TOKEN).compute_signature(BASE + "/call" + url, form))
    webhook = channel().webhook
    assert webhook
    (event,) = webhook.read(WebRequest(action, {"x-twilio-signature": signature}, urlencode(form).encode()))
    assert isinstance(event, CallEvent)
    assert (event.token, event.step, event.digits) == ("a&b=c:d/ é", "menu", "1")


# ---- in -----------------------------------------------------------------------------------------


def test_an_incoming_call_asks_what_to_do() -> None:
    assert read("incoming", CALL) == CallEvent(
        call_id="CA1",
        direction=Direction.IN,
        sender=Address(Kind.VOICE, "+48601234567"),
        recipient=Address(Kind.VOICE, "+48220000000"),
        asks=True,
        step="incoming",
        progress=Progress.RINGING,
        payload=CALL,
    )


@pytest.mark.parametrize("said", ["anonymous", "Anonymous", "RESTRICTED", "+266696687", "+86282452253"])
def test_whoever_withholds_their_number_has_none(said: str) -> None:
    event = read("incoming", {**CALL, "From": said})
    assert event.sender == Address(Kind.VOICE, "")


@pytest.mark.parametrize(("word", "who"), [
    ("human", AnsweredBy.HUMAN), ("machine_start", AnsweredBy.MACHINE), ("machine_end_beep", AnsweredBy.MACHINE),
    ("machine_end_silence", AnsweredBy.MACHINE), ("machine_end_other", AnsweredBy.MACHINE), ("fax", AnsweredBy.FAX),
    ("unknown", AnsweredBy.UNKNOWN), ("a word of next year", AnsweredBy.UNKNOWN),
])  # fmt: skip
def test_who_answered(word: str, who: AnsweredBy) -> None:
    """V4: unknown stays unknown, and the hub treats it as a person."""
    assert read("call", {**CALL, "AnsweredBy": word}, m="t", step="answered").answered_by is who


@pytest.mark.parametrize(("word", "progress", "reason"), [
    ("queued", Progress.QUEUED, None), ("initiated", Progress.SENDING, None), ("ringing", Progress.RINGING, None),
    ("in-progress", Progress.ANSWERED, None), ("completed", Progress.DELIVERED, None),
    ("busy", Progress.FAILED, Reason.BUSY), ("no-answer", Progress.FAILED, Reason.NO_ANSWER),
    ("failed", Progress.FAILED, Reason.UNREACHABLE), ("canceled", Progress.FAILED, Reason.CANCELED),
])  # fmt: skip
def test_every_state_of_a_call(word: str, progress: Progress, reason: Reason | None) -> None:
    event = read("call-status", {**CALL, "CallStatus": word, "CallDuration": "17"}, m="t")
    assert (event.progress, event.reason, event.seconds, event.asks) == (progress, reason, 17, False)


def test_a_state_we_do_not_know_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="levitating"):
        read("call-status", {**CALL, "CallStatus": "levitating"})


def test_a_failed_call_to_no_number_is_a_bad_address() -> None:
    event = read("call-status", {**CALL, "CallStatus": "failed", "ErrorCode": "21211"})
    assert event.reason is Reason.BAD_ADDRESS


def test_news_of_a_rung_telephone_names_the_call_and_the_leg() -> None:
    event = read("call-status", {**CALL, "CallSid": "CA2", "ParentCallSid": "CA1"}, m="t", step="agents")
    assert (event.call_id, event.leg_id, event.step) == ("CA1", "CA2", "agents")


@pytest.mark.parametrize(("form", "progress", "reason"), [
    ({"DialCallStatus": "completed", "DialBridged": "true"}, Progress.DELIVERED, None),
    ({"DialCallStatus": "completed", "DialBridged": "false"}, Progress.FAILED, Reason.NO_ANSWER),
    ({"DialCallStatus": "answered"}, Progress.ANSWERED, None),
    ({"DialCallStatus": "busy"}, Progress.FAILED, Reason.BUSY),
])  # fmt: skip
def test_how_ringing_ended(form: dict[str, str], progress: Progress, reason: Reason | None) -> None:
    event = read("call", {**CALL, "CallStatus": "in-progress", **form}, m="t", step="agents")
    assert (event.progress, event.reason, event.asks) == (progress, reason, True)


def test_a_recording_is_told_with_where_it_lies() -> None:
    form = {"CallSid": "CA1", "RecordingSid": "RE1", "RecordingUrl": "https://api.twilio.com/x/RE1",
            "RecordingStatus": "completed", "RecordingDuration": "34"}  # fmt: skip
    event = read("recording", form, m="t", step="message")
    assert event.recording == Recording("RE1", Media("https://api.twilio.com/x/RE1.wav", "audio/x-wav"), 34)
    assert (event.call_id, event.step, event.token, event.asks) == ("CA1", "message", "t", False)
    assert read("recording", {**form, "RecordingStatus": "absent"}).recording is None


def test_a_forged_call_is_turned_away() -> None:
    webhook = channel().webhook
    assert webhook
    with pytest.raises(Forged):
        webhook.read(WebRequest(f"{BASE}/incoming", {"x-twilio-signature": "AAAA"}, urlencode(CALL).encode()))


@pytest.mark.parametrize("name", ["", "incoming/", "status"])
def test_a_webhook_that_does_not_exist_is_unreadable(name: str) -> None:
    with pytest.raises(Unreadable):
        read(name, CALL)


# ---- screening ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("digits", "joins"), [("1", True), ("2", False), ("", False), ("11", False)])
def test_only_a_1_joins_a_rung_telephone(digits: str, joins: bool) -> None:
    form = {**CALL, "CallSid": "CA2", "ParentCallSid": "CA1", "Digits": digits, "CallStatus": "in-progress"}
    event = read("call", form, m="t", step="screened")
    assert screening.is_screening(event)
    assert (screening.script(event) == screening.JOIN) is joins


def test_a_rung_telephone_is_asked_in_the_words_of_the_script() -> None:
    form = {**CALL, "CallSid": "CA2", "ParentCallSid": "CA1", "CallStatus": "in-progress"}
    event = read("call", form, m="t", step="screen", say="Press 1", language="pl")
    assert screening.script(event) == Script((Ask("screened", (Say("Press 1", "pl"),)), HangUp()))


def test_any_other_event_is_no_screening() -> None:
    event = read("incoming", CALL)
    assert not screening.is_screening(event)
    with pytest.raises(ValueError, match="incoming"):
        screening.script(event)
