"""SMS and MMS by Twilio. Webhooks: `message` (somebody wrote to us) and `status` (news of what we sent)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import Field, field_validator, model_validator

from channels import address
from channels.adapter import Channel, Finding, WebRequest
from channels.errors import Refused, Unknown, Unreadable
from channels.message import (
    Accepted,
    Address,
    Attachment,
    Inbound,
    Kind,
    Media,
    Outbound,
    Progress,
    Reason,
    Receipt,
    Text,
)
from channels.sms.text import LONGEST
from channels.twilio import codes, hooks, line

_LISTED = 200

PROGRESS: Mapping[str, Progress] = {
    "accepted": Progress.QUEUED,
    "scheduled": Progress.QUEUED,
    "queued": Progress.QUEUED,
    "sending": Progress.SENDING,
    "sent": Progress.SENT,
    "partially_delivered": Progress.SENT,
    "delivered": Progress.DELIVERED,
    "read": Progress.READ,
    "undelivered": Progress.FAILED,
    "failed": Progress.FAILED,
    "canceled": Progress.FAILED,
}


class Settings(line.Account):
    """`number` is the company's, in E.164; a Messaging Service chooses among several by itself."""

    number: str = ""
    messaging_service_sid: str = Field(default="", pattern=r"^(MG[0-9a-fA-F]{32})?$")
    sender_name: str = ""  # what the company is called where the channel is shown

    @field_validator("number")
    @classmethod
    def _number(cls, value: str) -> str:
        return address.phone(value) if value else ""

    @model_validator(mode="after")
    def _some_sender(self) -> Settings:
        if not self.number and not self.messaging_service_sid:
            raise ValueError("needs `number` or `messaging_service_sid`")
        return self


def open_channel(name: str, settings: Settings, webhook_base: str) -> Channel:
    sms = _Sms(settings, webhook_base, line.Line(settings))
    return Channel(
        name=name,
        kind=Kind.SMS,
        address=Address(Kind.SMS, settings.number or settings.messaging_service_sid, settings.sender_name),
        sender=sms,
        check=sms.check,
        webhook=sms,
        finder=sms,
        callbacks={"message": hooks.hook(webhook_base, "message")},
        close=sms.line.close,
    )


@dataclass(frozen=True, slots=True)
class _Sms:
    """Sender and Webhook of one channel."""

    settings: Settings
    base: str
    line: line.Line

    async def send(self, message: Outbound[Text]) -> Accepted:
        """Hand one text over. There is no idempotency key: what ends in Unknown is settled by its status callback."""
        _check(message.content)
        made = await self.line.ask(self.line.client.messages.create_async(**self._fields(message)))
        if not made.sid:
            raise Unknown("Twilio took the message but gave it no name", stage="answered")
        return Accepted(made.sid, f"{made.status}, {made.num_segments} segments")

    def _fields(self, message: Outbound[Text]) -> dict[str, Any]:
        fields = {
            "to": message.to.value,
            "from_": self.settings.number,
            "messaging_service_sid": self.settings.messaging_service_sid,
            "body": message.content.body,
            "media_url": list(message.content.media_urls),
            "status_callback": hooks.patient(hooks.hook(self.base, "status", m=message.token)),
        }
        return {key: value for key, value in fields.items() if value}

    def read(self, request: WebRequest) -> Sequence[Inbound | Receipt]:
        form = hooks.verified(request, self.settings.tokens())
        match hooks.name_of(request, self.base):
            case "message":
                return [_inbound(form)]
            case "status":
                return [_receipt(form, hooks.query_of(request).get("m", ""))]
            case other:
                raise Unreadable(f"There is no SMS webhook called {other!r}")

    async def find(self, message: Outbound[Text], *, since: datetime, until: datetime) -> Sequence[Receipt]:
        """The newest 200 to this number. A list shows no StatusCallback, so words, sender and time have to tell."""
        asked = {"to": message.to.value, "from_": self.settings.number, "date_sent_after": since}
        request = self.line.client.messages.list_async(**{k: v for k, v in asked.items() if v}, limit=_LISTED)
        return [
            _listed(found)
            for found in await self.line.listed(request)
            if line.made_within(found, since, until) and self._is_ours(found) and _same(found, message)
        ]

    async def ask(self, provider_id: str) -> Receipt:
        return _listed(await self.line.looked_up(self.line.client.messages(provider_id).fetch_async()))

    def _is_ours(self, found: Any) -> bool:
        if self.settings.number:
            return hooks.number(found.from_ or "") == self.settings.number
        return bool(found.messaging_service_sid == self.settings.messaging_service_sid)

    async def fetch(self, media: Media) -> Attachment:
        return await self.line.fetch(media)

    async def check(self) -> Sequence[Finding]:
        if not self.settings.number:
            account = await line.check_account(self.line, self.settings)
            return [account, Finding("number", True, "The Messaging Service chooses it; its webhook is not checked")]
        expected = hooks.hook(self.base, "message")
        return await line.check(self.line, self.settings, self.settings.number, "sms", expected)


def _same(found: Any, message: Outbound[Text]) -> bool:
    return hooks.number(found.to or "") == message.to.value and (found.body or "") == message.content.body


def _listed(found: Any) -> Receipt:
    """A word that is not in our table proves all the same that Twilio has the message."""
    word, code = str(found.status), str(found.error_code or "")
    progress = PROGRESS.get(word, Progress.QUEUED)
    reason = _reason(word, code) if progress is Progress.FAILED else None
    return Receipt(
        provider_id=str(found.sid),
        progress=progress,
        recipient=hooks.number(found.to or ""),
        reason=reason,
        hard=bool(reason and reason.hard),
        code=code,
        detail=f"Twilio says, asked for it: {word}",
        at=found.date_created,
    )


def _check(text: Text) -> None:
    """What Twilio would refuse, or what cannot be written on the wire, is refused before anything is sent."""
    if not text.body.strip() and not text.media_urls:
        raise Refused("The message is empty", reason=Reason.REJECTED, code="21619", stage="before")
    if len(text.body) > LONGEST:
        problem = f"The message has {len(text.body)} characters; {LONGEST} are allowed"
        raise Refused(problem, reason=Reason.TOO_LONG, code="21617", stage="before")
    if any("\ud800" <= c <= "\udfff" for c in text.body):
        raise Refused("The message holds half a character", reason=Reason.REJECTED, stage="before")


def _inbound(form: Mapping[str, str]) -> Inbound:
    sender = hooks.number(hooks.said(form, "From"))
    recipient = hooks.number(hooks.said(form, "To"))
    return Inbound(
        kind=Kind.SMS,
        provider_id=hooks.said(form, "MessageSid"),
        sender=Address(Kind.SMS, sender),
        recipients=(Address(Kind.SMS, recipient),),
        text=form.get("Body", ""),
        answerable=_is_number(sender),
        media=_media(form),
        problems=tuple(_problems(form, sender)),
    )


def _media(form: Mapping[str, str]) -> tuple[Media, ...]:
    """The files of an MMS; Twilio allows ten."""
    found = ((form.get(f"MediaUrl{n}", ""), form.get(f"MediaContentType{n}", "")) for n in range(10))
    return tuple(Media(url, media_type) for url, media_type in found if url)


def _problems(form: Mapping[str, str], sender: str) -> list[str]:
    problems = []
    if not _is_number(sender):
        problems.append(f"{sender} is no telephone number and cannot be answered")
    if form.get("NumMedia", "0") != str(len(_media(form))):
        problems.append(f"{form['NumMedia']} files were announced, {len(_media(form))} came")
    if form.get("OptOutType"):
        problems.append(f"The carrier already acted on the keyword {form['OptOutType']}")
    return problems


def _is_number(text: str) -> bool:
    return text.startswith("+") and text[1:].isdecimal()


def _receipt(form: Mapping[str, str], token: str) -> Receipt:
    word = hooks.said(form, "MessageStatus")
    if word not in PROGRESS:
        raise Unreadable(f"Twilio says {word!r} of a message, which is not in our table")
    reason = _reason(word, form.get("ErrorCode", "")) if PROGRESS[word] is Progress.FAILED else None
    return Receipt(
        provider_id=hooks.said(form, "MessageSid"),
        progress=PROGRESS[word],
        token=token,
        recipient=hooks.number(form.get("To", "")),
        reason=reason,
        hard=bool(reason and reason.hard),
        code=form.get("ErrorCode", ""),
        detail=form.get("ErrorMessage") or form.get("ChannelStatusMessage") or word,
        payload=form,
    )


def _reason(word: str, code: str) -> Reason:
    return Reason.CANCELED if word == "canceled" else codes.reason(code)
