"""What Twilio's error codes mean for us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from channels.errors import ChannelError, Misconfigured, Refused, TryLater, Unknown
from channels.message import Reason


class Verdict(Enum):
    """What a code says about the request that it answers."""

    LATER = auto()  # this message later
    SLOWER = auto()  # everything of this sender later
    NEVER = auto()
    UNSURE = auto()
    ACCOUNT = auto()  # the account or the sender is not set up for it


@dataclass(frozen=True, slots=True)
class Meaning:
    verdict: Verdict
    reason: Reason
    after: timedelta | None = None


_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)

# Requirements 3.4. Twilio splits and renames codes: one that is not here is read by its HTTP class.
CODES: Mapping[int, Meaning] = {
    10004: Meaning(Verdict.SLOWER, Reason.UNREACHABLE),  # too many calls at once
    14107: Meaning(Verdict.SLOWER, Reason.UNREACHABLE),  # sending too fast
    20003: Meaning(Verdict.ACCOUNT, Reason.UNKNOWN),  # wrong sid or token
    20005: Meaning(Verdict.ACCOUNT, Reason.UNKNOWN),  # account not active
    20404: Meaning(Verdict.ACCOUNT, Reason.UNKNOWN),  # no such account
    20429: Meaning(Verdict.SLOWER, Reason.UNREACHABLE),
    20500: Meaning(Verdict.UNSURE, Reason.UNKNOWN),
    20501: Meaning(Verdict.UNSURE, Reason.UNKNOWN),
    20502: Meaning(Verdict.UNSURE, Reason.UNKNOWN),
    20503: Meaning(Verdict.UNSURE, Reason.UNKNOWN),
    20504: Meaning(Verdict.UNSURE, Reason.UNKNOWN),
    21210: Meaning(Verdict.ACCOUNT, Reason.UNKNOWN),  # caller id not ours
    21211: Meaning(Verdict.NEVER, Reason.BAD_ADDRESS),
    21214: Meaning(Verdict.NEVER, Reason.BAD_ADDRESS),  # a call to a number that does not exist
    21215: Meaning(Verdict.NEVER, Reason.BLOCKED),  # calls to this region are switched off
    21217: Meaning(Verdict.NEVER, Reason.BAD_ADDRESS),
    21401: Meaning(Verdict.NEVER, Reason.BAD_ADDRESS),
    21408: Meaning(Verdict.NEVER, Reason.BLOCKED),  # messages to this region are switched off
    21602: Meaning(Verdict.NEVER, Reason.REJECTED),  # no body
    21603: Meaning(Verdict.ACCOUNT, Reason.UNKNOWN),  # no sender
    21606: Meaning(Verdict.ACCOUNT, Reason.UNKNOWN),  # the number cannot send messages
    21610: Meaning(Verdict.NEVER, Reason.OPTED_OUT),
    21611: Meaning(Verdict.SLOWER, Reason.UNREACHABLE),  # this number's queue is full
    21612: Meaning(Verdict.NEVER, Reason.BLOCKED),  # no route from this sender to there
    21614: Meaning(Verdict.NEVER, Reason.WRONG_CHANNEL),  # not a mobile number
    21617: Meaning(Verdict.NEVER, Reason.TOO_LONG),
    21619: Meaning(Verdict.NEVER, Reason.REJECTED),  # no body, no media
    21659: Meaning(Verdict.ACCOUNT, Reason.UNKNOWN),  # the sender is not a Twilio number
    21660: Meaning(Verdict.ACCOUNT, Reason.UNKNOWN),  # the sender is of another account
    30001: Meaning(Verdict.LATER, Reason.UNREACHABLE, _HOUR),  # queue overflow
    30002: Meaning(Verdict.ACCOUNT, Reason.BLOCKED),  # account suspended
    30003: Meaning(Verdict.LATER, Reason.UNREACHABLE, _HOUR),  # telephone off or out of reach
    30004: Meaning(Verdict.NEVER, Reason.BLOCKED),  # by the recipient
    30005: Meaning(Verdict.NEVER, Reason.BAD_ADDRESS),  # no such telephone
    30006: Meaning(Verdict.NEVER, Reason.WRONG_CHANNEL),  # a landline
    30007: Meaning(Verdict.NEVER, Reason.BLOCKED),  # filtered for what it says
    30008: Meaning(Verdict.LATER, Reason.UNREACHABLE, _HOUR),  # the carrier does not say why
    30017: Meaning(Verdict.LATER, Reason.UNREACHABLE, _HOUR),  # the carrier is congested
    30022: Meaning(Verdict.LATER, Reason.UNREACHABLE, _HOUR),  # over the carrier's rate
    30023: Meaning(Verdict.LATER, Reason.UNREACHABLE, _DAY),  # over the carrier's daily cap
    30034: Meaning(Verdict.NEVER, Reason.BLOCKED),  # sender not registered (A2P 10DLC)
    30036: Meaning(Verdict.LATER, Reason.UNREACHABLE, _HOUR),  # expired in a queue
    30410: Meaning(Verdict.LATER, Reason.UNREACHABLE, _HOUR),  # the carrier did not answer
}


def meaning(code: int, status: int) -> Meaning:
    """What an answer means: by its code, else by its HTTP status."""
    if code in CODES:
        return CODES[code]
    if status == 429:
        return Meaning(Verdict.SLOWER, Reason.UNREACHABLE)
    if status >= 500:
        return Meaning(Verdict.UNSURE, Reason.UNKNOWN)
    if status in (401, 403, 404, 407) or status < 400:
        return Meaning(Verdict.ACCOUNT, Reason.UNKNOWN)
    return Meaning(Verdict.NEVER, Reason.UNKNOWN)


def failure(code: int, status: int, detail: str, *, after: timedelta | None = None) -> ChannelError:
    """The error to raise for a refused request. `after` is the answer's Retry-After."""
    meant, text = meaning(code, status), f"Twilio {code or 'HTTP ' + str(status)}: {detail}"
    match meant.verdict:
        case Verdict.LATER | Verdict.SLOWER:
            slower = meant.verdict is Verdict.SLOWER
            return TryLater(
                text,
                code=str(code or status),
                stage="answered",
                after=meant.after if after is None else after,
                whole_sender=slower,
                reason=meant.reason,
            )
        case Verdict.NEVER:
            return Refused(text, reason=meant.reason, code=str(code or status), stage="answered")
        case Verdict.UNSURE:
            return Unknown(text, code=str(code or status), stage="answered")
        case Verdict.ACCOUNT:
            return Misconfigured(text, remedy="Look at the account, the token and the number in Twilio's console")


def known(code: str) -> bool:
    return code.isdecimal() and int(code) in CODES


def reason(code: str) -> Reason:
    """Why a message failed, by the ErrorCode of its status callback. UNKNOWN for a code that is not in the table."""
    return CODES[int(code)].reason if known(code) else Reason.UNKNOWN
