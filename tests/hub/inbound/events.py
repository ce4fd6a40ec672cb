"""Events as providers tell them, with the few fields that a test is about."""

from __future__ import annotations

from typing import Any

from channels.message import Address, Attachment, CallEvent, Direction, Inbound, Kind, Media, Progress, Recording

ANA, ANA_PHONE = "ana@example.org", "+48601000001"
SUPPORT, HUB_PHONE = "support@meadow.example", "+48732230001"
SALES = "sales@meadow.example"


def sms(text: str, sid: str = "SM1", sender: str = ANA_PHONE, **more: Any) -> Inbound:
    return Inbound(
        kind=Kind.SMS,
        provider_id=sid,
        sender=Address(Kind.SMS, sender),
        recipients=(Address(Kind.SMS, HUB_PHONE),),
        text=text,
        **more,
    )


def mail(text: str = "Hello", name: str = "a@x", sender: str = ANA, **more: Any) -> Inbound:
    """`name` becomes the Message-ID."""
    given: dict[str, Any] = {"subject": "A question", "message_id": f"<{name}>", **more}
    return Inbound(
        kind=Kind.EMAIL,
        provider_id=f"<{name}>",
        sender=Address(Kind.EMAIL, sender, "Ana"),
        recipients=(Address(Kind.EMAIL, SUPPORT),),
        text=text,
        **given,
    )


def call(step: str = "", progress: Progress | None = None, sid: str = "CA1", **more: Any) -> CallEvent:
    given: dict[str, Any] = {"asks": bool(step), **more}
    return CallEvent(
        call_id=sid,
        direction=Direction.IN,
        sender=Address(Kind.VOICE, ANA_PHONE),
        recipient=Address(Kind.VOICE, HUB_PHONE),
        step=step,
        progress=progress,
        **given,
    )


def voicemail(sid: str = "CA1", recording: str = "RE1", seconds: int = 12) -> CallEvent:
    nobody = Address(Kind.VOICE, "")
    media = Media(f"https://api.twilio.com/{recording}.wav", "audio/x-wav")
    return CallEvent(
        call_id=sid,
        direction=Direction.IN,
        sender=nobody,
        recipient=nobody,
        step="voicemail",
        recording=Recording(recording, media, seconds),
    )


def photo(name: str = "photo.jpg") -> Attachment:
    return Attachment(name, "image/jpeg", b"\xff\xd8 not really")
