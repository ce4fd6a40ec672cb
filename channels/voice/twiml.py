"""A Script as TwiML (https://www.twilio.com/docs/voice/twiml). Nobody outside this package sees XML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from channels.message import Ask, HangUp, Play, Ring, Say, Script, Step, Voicemail
from channels.screening import SCREEN
from channels.twilio.hooks import hook

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2
_LONGEST_SAY = 4000  # Twilio reads at most 4096 characters in one go

LANGUAGES: Mapping[str, str] = {"en": "en-US", "pl": "pl-PL", "bg": "bg-BG", "ru": "ru-RU", "de": "de-DE"}


@dataclass(frozen=True, slots=True)
class Speech:
    """How words are spoken: `languages` maps our tags to Twilio's, `voices` our tags to one of Twilio's voices."""

    languages: Mapping[str, str]
    voices: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Way:
    """Where a call's answers go: the webhooks' base, the message's token, and the number that rings on its behalf."""

    base: str
    token: str
    caller_id: str
    speech: Speech
    transcribes: bool = False

    def to(self, name: str, step: str, **more: str) -> str:
        return hook(self.base, name, m=self.token, step=step, **more)


def render(script: Script, way: Way) -> bytes:
    """TwiML for a script. An empty script ends the call (on a screened leg: joins it)."""
    root = Element("Response")
    for step in script.steps:
        _add(root, step, way)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _add(parent: Element, step: Step, way: Way) -> None:
    match step:
        case Say():
            _say(parent, step, way.speech)
        case Play():
            SubElement(parent, "Play").text = _clean(step.url)
        case Ask():
            _ask(parent, step, way)
        case Ring():
            _ring(parent, step, way)
        case Voicemail():
            _voicemail(parent, step, way)
        case HangUp():
            SubElement(parent, "Hangup")


def _say(parent: Element, say: Say, speech: Speech) -> None:
    attributes = {"language": speech.languages.get(say.language, say.language)}
    if say.language in speech.voices:
        attributes["voice"] = speech.voices[say.language]
    text = _clean(say.text)
    for start in range(0, len(text), _LONGEST_SAY):
        SubElement(parent, "Say", attributes).text = text[start : start + _LONGEST_SAY]


def _ask(parent: Element, ask: Ask, way: Way) -> None:
    """Gather falls through to the next verb when no key is pressed. One key: `#` is an answer like any other."""
    gather = SubElement(
        parent,
        "Gather",
        {
            "input": "dtmf",
            "action": way.to("call", ask.step),
            "method": "POST",
            "numDigits": str(ask.digits),
            "timeout": str(ask.seconds),
            "finishOnKey": "" if ask.digits == 1 else "#",
        },
    )
    for prompt in ask.prompt:
        _add(gather, prompt, way)


def _ring(parent: Element, ring: Ring, way: Way) -> None:
    """Dial always asks its action what comes next, so the answer to that CallEvent takes the place of what follows."""
    dial = SubElement(
        parent,
        "Dial",
        {
            "action": way.to("call", ring.step),
            "method": "POST",
            "timeout": str(ring.seconds),
            "callerId": way.caller_id,
            "answerOnBridge": "true",
        },
    )
    if ring.record:
        dial.set("record", "record-from-answer-dual")
        dial.set("recordingStatusCallback", way.to("recording", ring.step))
    for number in ring.numbers:
        SubElement(dial, "Number", _leg(ring, way)).text = _clean(number)


def _leg(ring: Ring, way: Way) -> dict[str, str]:
    leg = {
        "statusCallback": way.to("call-status", ring.step),
        "statusCallbackEvent": "ringing answered completed",
        "statusCallbackMethod": "POST",
    }
    if ring.screen:
        leg["url"] = way.to("call", SCREEN, say=ring.screen.text, language=ring.screen.language)
        leg["method"] = "POST"
    return leg


def _voicemail(parent: Element, voicemail: Voicemail, way: Way) -> None:
    """Record falls through to the next verb when the caller said nothing."""
    attributes = {
        "action": way.to("call", voicemail.step),
        "method": "POST",
        "maxLength": str(voicemail.seconds),
        "timeout": "5",
        "finishOnKey": "#",
        "playBeep": "true",
        "recordingStatusCallback": way.to("recording", voicemail.step),
        "recordingStatusCallbackEvent": "completed absent",
    }
    if way.transcribes:
        attributes |= {"transcribe": "true", "transcribeCallback": way.to("transcription", voicemail.step)}
    SubElement(parent, "Record", attributes)


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
