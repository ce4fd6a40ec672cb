"""What an SMTP reply means for one message: the table of requirement 3.2, stage by stage."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from channels.email import reasons, verdicts
from channels.errors import Misconfigured, Refused, SendError, TryLater, Unknown
from channels.message import Reason

_AUTH_NEEDED = (530, 534, 535, 538)


class Stage(StrEnum):
    """How far the conversation got. Everything before DOT is known not to have happened."""

    CONNECT = "connect"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # asked to send, or sending
    DOT = "dot"  # the final dot left: only a reply can tell now


def dropped(stage: Stage, detail: str) -> SendError:
    """The connection ended, or no answer came in time, or one that is no SMTP."""
    if stage is Stage.DOT:
        return Unknown(f"no answer after the message was handed over: {detail}", stage=stage)
    return TryLater(f"connection trouble at {stage.value}: {detail}", stage=stage, whole_sender=stage is Stage.CONNECT)


def refused(stage: Stage, code: int, text: str) -> SendError | Misconfigured:
    """A reply that is not the one hoped for. `code` -1 and other nonsense count as no reply at all."""
    detail = f"{code} {text}"
    if not 400 <= code <= 599:
        return dropped(stage, f"unexpected reply {detail}")
    if code == 421 or (stage is Stage.CONNECT and code < 500):
        return TryLater(detail, code=_code(code, text), stage=stage, whole_sender=True)
    if code < 500:
        return TryLater(detail, code=_code(code, text), stage=stage, reason=_stated(text, stage))
    if code in _AUTH_NEEDED:
        return Misconfigured(f"the server asks for a login: {detail}", remedy="Set smtp.username and smtp.password")
    if stage is Stage.CONNECT:
        return TryLater(detail, code=_code(code, text), stage=stage, whole_sender=True, after=timedelta(minutes=15))
    return Refused(detail, reason=_reason(stage, code, text), code=_code(code, text), stage=stage)


def _code(code: int, text: str) -> str:
    """The enhanced status where there is one: it says more."""
    status = reasons.ENHANCED.match(text)
    return status.group(0) if status else str(code)


def _stated(text: str, stage: Stage) -> Reason | None:
    """None when neither its status nor its words tell anything."""
    asked = {Stage.MAIL: "MAIL FROM", Stage.RCPT: "RCPT"}.get(stage, "DATA")
    verdict = verdicts.judge(f"{text} (in reply to {asked})")
    return None if verdict.ground.kind == "unknown" else verdict.ground.reason


def _reason(stage: Stage, code: int, text: str) -> Reason:
    stated = _stated(text, stage)
    if stage is Stage.RCPT:
        return stated or _RCPT.get(code, Reason.REJECTED)
    if stage is Stage.MAIL:
        return _not_the_recipient(stated) or (Reason.TOO_LONG if code == 552 else Reason.REJECTED)
    return _not_the_recipient(stated) or (Reason.TOO_LONG if code == 552 else Reason.BLOCKED)


_RCPT = {
    550: Reason.BAD_ADDRESS,
    551: Reason.BAD_ADDRESS,
    552: Reason.MAILBOX_FULL,
    553: Reason.BAD_ADDRESS,
    554: Reason.BLOCKED,
}


def _not_the_recipient(reason: Reason | None) -> Reason | None:
    """MAIL FROM does not know the recipient yet, and DATA has accepted it: never hard for the address there."""
    return Reason.REJECTED if reason is Reason.BAD_ADDRESS else reason
