"""What the pretend carrier keeps, and how Twilio writes it as JSON (its API description of 2010-04-01)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from channels.sandbox.telephone import Telephone

VERSION = "2010-04-01"
Json = dict[str, Any]


def new_sid(prefix: str) -> str:
    return prefix + secrets.token_hex(16)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class CompanyNumber:
    """A number the company rents, and the webhooks Twilio calls for it."""

    number: str
    sms_url: str = ""
    voice_url: str = ""
    status_callback: str = ""  # told when a call to this number is over
    sid: str = field(default_factory=lambda: new_sid("PN"))


@dataclass(frozen=True, slots=True)
class File:
    """One file of an MMS."""

    media_type: str
    content: bytes = field(repr=False)
    sid: str = field(default_factory=lambda: new_sid("ME"))


@dataclass(slots=True, eq=False)
class Message:
    account_sid: str
    sender: str
    recipient: str
    body: str
    direction: str
    status: str
    segments: int = 1
    service_sid: str = ""
    callback: str = ""
    media_urls: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    error_code: int | None = None
    sent: datetime | None = None
    created: datetime = field(default_factory=now)
    sid: str = field(default_factory=lambda: new_sid("SM"))

    def json(self) -> Json:
        return {
            "account_sid": self.account_sid,
            "api_version": VERSION,
            "body": self.body,
            "date_created": _date(self.created),
            "date_sent": _date(self.sent),
            "date_updated": _date(self.sent or self.created),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None,
            "from": self.sender,
            "messaging_service_sid": self.service_sid or None,
            "num_media": str(len(self.media_urls) + len(self.files)),
            "num_segments": str(self.segments),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{self.path()}/Media.json"},
            "to": self.recipient,
            "uri": f"{self.path()}.json",
        }

    def path(self) -> str:
        return f"/{VERSION}/Accounts/{self.account_sid}/Messages/{self.sid}"


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that happened in a call: `verb` as in TwiML, or "pressed", "answered", "ended"."""

    verb: str
    what: str = ""


@dataclass(slots=True, eq=False)
class Call:
    account_sid: str
    sender: str
    recipient: str
    direction: str  # inbound, outbound-api, outbound-dial
    telephone: Telephone  # of the person who is not the company
    status: str = "queued"
    parent_sid: str = ""
    url: str = ""  # where its TwiML is
    twiml: str = ""  # or the TwiML itself
    callback: str = ""
    callback_events: frozenset[str] = frozenset({"completed"})
    ring_seconds: int = 60
    detects_machine: str = ""
    answered_by: str = ""
    elapsed: float = 0  # pretended seconds
    created: datetime = field(default_factory=now)
    started: datetime | None = None
    ended: datetime | None = None
    heard: list[Heard] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    doing: asyncio.Task[Any] | None = field(default=None, repr=False)  # what hanging up interrupts
    redirected: bool = False
    sid: str = field(default_factory=lambda: new_sid("CA"))

    @property
    def over(self) -> bool:
        return self.ended is not None

    def json(self) -> Json:
        return {
            "account_sid": self.account_sid,
            "answered_by": self.answered_by or None,
            "api_version": VERSION,
            "caller_name": None,
            "date_created": _date(self.created),
            "date_updated": _date(self.ended or self.started or self.created),
            "direction": self.direction,
            "duration": str(round(self.elapsed)) if self.over else None,
            "end_time": _date(self.ended),
            "forwarded_from": None,
            "from": self.sender,
            "from_formatted": self.sender,
            "group_sid": None,
            "parent_call_sid": self.parent_sid or None,
            "phone_number_sid": None,
            "price": None,
            "price_unit": "USD",
            "queue_time": "0",
            "sid": self.sid,
            "start_time": _date(self.started),
            "status": self.status,
            "subresource_uris": {"recordings": f"{self.path()}/Recordings.json"},
            "to": self.recipient,
            "to_formatted": self.recipient,
            "trunk_sid": None,
            "uri": f"{self.path()}.json",
        }

    def path(self) -> str:
        return f"/{VERSION}/Accounts/{self.account_sid}/Calls/{self.sid}"


@dataclass(frozen=True, slots=True)
class Recording:
    account_sid: str
    call_sid: str
    seconds: int
    source: str  # RecordVerb, DialVerb
    created: datetime = field(default_factory=now)
    sid: str = field(default_factory=lambda: new_sid("RE"))

    def json(self) -> Json:
        return {
            "account_sid": self.account_sid,
            "api_version": VERSION,
            "call_sid": self.call_sid,
            "channels": 1,
            "conference_sid": None,
            "date_created": _date(self.created),
            "date_updated": _date(self.created),
            "duration": str(self.seconds),
            "encryption_details": None,
            "error_code": None,
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "source": self.source,
            "start_time": _date(self.created),
            "status": "completed",
            "subresource_uris": {},
            "uri": f"{self.path()}.json",
        }

    def path(self) -> str:
        return f"/{VERSION}/Accounts/{self.account_sid}/Recordings/{self.sid}"


def account_json(sid: str) -> Json:
    at = _date(datetime(2026, 1, 1, tzinfo=UTC))
    return {
        "date_created": at,
        "date_updated": at,
        "friendly_name": "The sandbox",
        "owner_account_sid": sid,
        "sid": sid,
        "status": "active",
        "subresource_uris": {"messages": f"/{VERSION}/Accounts/{sid}/Messages.json"},
        "type": "Full",
        "uri": f"/{VERSION}/Accounts/{sid}.json",
    }


def number_json(account_sid: str, number: CompanyNumber) -> Json:
    return {
        "account_sid": account_sid,
        "api_version": VERSION,
        "capabilities": {"mms": True, "sms": True, "voice": True, "fax": False},
        "friendly_name": number.number,
        "phone_number": number.number,
        "sid": number.sid,
        "sms_method": "POST",
        "sms_url": number.sms_url or None,
        "status_callback": number.status_callback or None,
        "uri": f"/{VERSION}/Accounts/{account_sid}/IncomingPhoneNumbers/{number.sid}.json",
        "voice_method": "POST",
        "voice_url": number.voice_url or None,
    }


def file_json(message: Message, file: File) -> Json:
    return {
        "account_sid": message.account_sid,
        "content_type": file.media_type,
        "date_created": _date(message.created),
        "date_updated": _date(message.created),
        "parent_sid": message.sid,
        "sid": file.sid,
        "uri": f"{message.path()}/Media/{file.sid}.json",
    }


def error_json(status: int, code: int, message: str) -> Mapping[str, object]:
    return {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }


def _date(at: datetime | None) -> str | None:
    return format_datetime(at) if at else None
