"""Calls by Twilio. Webhooks: `incoming`, `call` (Twilio waits for what to do next), `call-status`, `recording`,
`transcription`.

A Ring with `screen` makes the rung leg ask `call` with step "screen", then "screened": see channels.screening.
`recording` and `transcription` do not say who spoke to whom: those events carry empty addresses and are found by token
or call id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic import Field, field_validator

from channels import address
from channels.adapter import Channel, Finding, WebRequest, WebResponse
from channels.errors import Refused, Unknown, Unreadable
from channels.message import (
    Accepted,
    Address,
    AnsweredBy,
    Attachment,
    Call,
    CallEvent,
    Direction,
    Kind,
    Media,
    Outbound,
    Progress,
    Reason,
    Receipt,
    Recording,
    Script,
)
from channels.twilio import codes, hooks, line
from channels.voice.twiml import LANGUAGES, Speech, Way, render

_LISTED = 200
_LONGEST_TRANSCRIPT = 10_000

# Their word for a call or a rung leg → how far it got, and why it failed.
STATUS: Mapping[str, tuple[Progress, Reason | None]] = {
    "queued": (Progress.QUEUED, None),
    "initiated": (Progress.SENDING, None),
    "ringing": (Progress.RINGING, None),
    "in-progress": (Progress.ANSWERED, None),
    "answered": (Progress.ANSWERED, None),
    "completed": (Progress.DELIVERED, None),
    "busy": (Progress.FAILED, Reason.BUSY),
    "no-answer": (Progress.FAILED, Reason.NO_ANSWER),
    "failed": (Progress.FAILED, Reason.UNREACHABLE),
    "canceled": (Progress.FAILED, Reason.CANCELED),
}

ANSWERED_BY: Mapping[str, AnsweredBy] = {
    "human": AnsweredBy.HUMAN,
    "machine_start": AnsweredBy.MACHINE,
    "machine_end_beep": AnsweredBy.MACHINE,
    "machine_end_silence": AnsweredBy.MACHINE,
    "machine_end_other": AnsweredBy.MACHINE,
    "fax": AnsweredBy.FAX,
    "unknown": AnsweredBy.UNKNOWN,
}


class Settings(line.Account):
    """`number` is the company's, in E.164. `languages` and `voices` go from our language tags to Twilio's names."""

    number: str
    sender_name: str = ""
    languages: Mapping[str, str] = Field(default_factory=dict)  # "en": "en-GB"
    voices: Mapping[str, str] = Field(default_factory=dict)  # "pl": "Polly.Ewa"
    transcribe: bool = False  # voicemails, by Twilio, which understands English only and charges for it

    @field_validator("number")
    @classmethod
    def _number(cls, value: str) -> str:
        return address.phone(value)


def open_channel(name: str, settings: Settings, webhook_base: str) -> Channel:
    speech = Speech({**LANGUAGES, **settings.languages}, settings.voices)
    voice = _Voice(settings, webhook_base, line.Line(settings), speech)
    return Channel(
        name=name,
        kind=Kind.VOICE,
        address=Address(Kind.VOICE, settings.number, settings.sender_name),
        sender=voice,
        check=voice.check,
        webhook=voice,
        answerer=voice,
        finder=voice,
        switchboard=voice,
        callbacks={what: hooks.hook(webhook_base, what) for what in ("incoming", "call-status")},
        close=voice.line.close,
    )


@dataclass(frozen=True, slots=True)
class _Voice:
    """Sender, Webhook and Answerer of one channel."""

    settings: Settings
    base: str
    line: line.Line
    speech: Speech = field(repr=False)

    async def send(self, message: Outbound[Call]) -> Accepted:
        """Place a call. What it says is asked for by `call?step=answered` when somebody picks up."""
        if not message.to.value:
            raise Refused("There is no number to call", reason=Reason.BAD_ADDRESS, stage="before")
        made = await self.line.ask(self.line.client.calls.create_async(**self._fields(message)))
        if not made.sid:
            raise Unknown("Twilio took the call but gave it no name", stage="answered")
        return Accepted(made.sid, str(made.status))

    def _fields(self, message: Outbound[Call]) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "to": message.to.value,
            "from_": self.settings.number,
            "url": hooks.hook(self.base, "call", m=message.token, step="answered"),
            "status_callback": hooks.patient(hooks.hook(self.base, "call-status", m=message.token)),
            "status_callback_event": ["initiated", "ringing", "answered", "completed"],
            "timeout": message.content.ring_seconds,
        }
        return fields | ({"machine_detection": "DetectMessageEnd"} if message.content.detect_machine else {})

    async def find(self, message: Outbound[Call], *, since: datetime, until: datetime) -> Sequence[Receipt]:
        """The newest calls to this number; when two were placed at once, nothing tells them apart."""
        asked = {"to": message.to.value, "from_": self.settings.number}
        request = self.line.client.calls.list_async(**asked, limit=_LISTED)
        return [
            _listed(found)
            for found in await self.line.listed(request)
            if line.made_within(found, since, until) and hooks.number(found.to or "") == message.to.value
        ]

    async def ask(self, provider_id: str) -> Receipt:
        return _listed(await self.line.looked_up(self.line.client.calls(provider_id).fetch_async()))

    def answer(self, script: Script, token: str) -> WebResponse:
        way = Way(self.base, token, self.settings.number, self.speech, self.settings.transcribe)
        return WebResponse(render(script, way), "text/xml")

    async def divert(self, call_id: str, token: str, step: str) -> None:
        """https://www.twilio.com/docs/voice/api/call-resource#update-a-call-resource"""
        fields = {"url": hooks.hook(self.base, "call", m=token, step=step), "method": "POST"}
        await self.line.ask(self.line.client.calls(call_id).update_async(**fields))

    def read(self, request: WebRequest) -> Sequence[CallEvent]:
        form, query = hooks.verified(request, self.settings.tokens()), hooks.query_of(request)
        match hooks.name_of(request, self.base):
            case "incoming":
                return [_event(form, query, step="incoming", asks=True)]
            case "call":
                return [_event(form, query, step=hooks.said(query, "step"), asks=True)]
            case "call-status":
                return [_event(form, query, step=query.get("step", ""), asks=False)]
            case "recording":
                return [_recorded(form, query, Address(Kind.VOICE, ""))]
            case "transcription":
                return [_transcribed(form, query, Address(Kind.VOICE, ""))]
            case other:
                raise Unreadable(f"There is no voice webhook called {other!r}")

    async def fetch(self, media: Media) -> Attachment:
        return await self.line.fetch(media)

    async def check(self) -> Sequence[Finding]:
        expected = hooks.hook(self.base, "incoming")
        return await line.check(self.line, self.settings, self.settings.number, "voice", expected)


def _listed(found: Any) -> Receipt:
    word = str(found.status)
    progress, reason = STATUS.get(word, (Progress.QUEUED, None))
    return Receipt(
        provider_id=str(found.sid),
        progress=progress,
        recipient=hooks.number(found.to or ""),
        reason=reason,
        detail=f"Twilio says, asked for it: {word}",
        at=found.date_created,
    )


def _event(form: Mapping[str, str], query: Mapping[str, str], *, step: str, asks: bool) -> CallEvent:
    """A call's news. When it tells how ringing ended (`DialCallStatus`), progress and reason are the rung leg's."""
    progress, reason = _progress(form)
    return CallEvent(
        call_id=form.get("ParentCallSid") or hooks.said(form, "CallSid"),
        leg_id=form["CallSid"] if form.get("ParentCallSid") else form.get("DialCallSid", ""),
        direction=Direction.IN if form.get("Direction") == "inbound" else Direction.OUT,
        sender=Address(Kind.VOICE, hooks.caller(form.get("From", ""))),
        recipient=Address(Kind.VOICE, hooks.number(form.get("To", ""))),
        asks=asks,
        step=step,
        progress=progress,
        reason=reason,
        digits=form.get("Digits", ""),
        answered_by=ANSWERED_BY.get(form["AnsweredBy"], AnsweredBy.UNKNOWN) if form.get("AnsweredBy") else None,
        seconds=_seconds(form.get("DialCallDuration") or form.get("CallDuration")),
        token=query.get("m", ""),
        payload={**form, **query},
    )


def _progress(form: Mapping[str, str]) -> tuple[Progress, Reason | None]:
    word = form.get("DialCallStatus") or hooks.said(form, "CallStatus")
    if word not in STATUS:
        raise Unreadable(f"Twilio says {word!r} of a call, which is not in our table")
    if form.get("DialCallStatus") == "completed" and form.get("DialBridged") == "false":
        return Progress.FAILED, Reason.NO_ANSWER  # somebody picked up but did not press 1
    progress, reason = STATUS[word]
    code = form.get("ErrorCode", "")
    return progress, codes.reason(code) if word == "failed" and codes.known(code) else reason


def _recorded(form: Mapping[str, str], query: Mapping[str, str], nobody: Address) -> CallEvent:
    done = form.get("RecordingStatus", "completed") == "completed"
    return replace(_afterwards(form, query, nobody), recording=_recording(form) if done else None)


def _transcribed(form: Mapping[str, str], query: Mapping[str, str], nobody: Address) -> CallEvent:
    """https://www.twilio.com/docs/voice/twiml/record#attributes-transcribe-callback; no words when it failed."""
    worked = form.get("TranscriptionStatus") == "completed"
    words = " ".join(form.get("TranscriptionText", "").split())[:_LONGEST_TRANSCRIPT]
    return replace(_afterwards(form, query, nobody), transcript=words if worked else "")


def _afterwards(form: Mapping[str, str], query: Mapping[str, str], nobody: Address) -> CallEvent:
    """What comes when the call is over, and names neither end of it."""
    return CallEvent(
        call_id=hooks.said(form, "CallSid"),
        direction=Direction.IN,
        sender=nobody,
        recipient=nobody,
        step=query.get("step", ""),
        token=query.get("m", ""),
        payload={**form, **query},
    )


def _recording(form: Mapping[str, str]) -> Recording:
    media = Media(hooks.said(form, "RecordingUrl") + ".wav", "audio/x-wav")
    return Recording(hooks.said(form, "RecordingSid"), media, _seconds(form.get("RecordingDuration")) or 0)


def _seconds(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
