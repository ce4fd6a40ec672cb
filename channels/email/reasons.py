"""Why a mail did not arrive: Sisimai's 34 reasons, enhanced status codes (RFC 3463, IANA's registry), and ours."""

from __future__ import annotations

import re
from enum import StrEnum

from channels.message import Reason

ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")


class Ground(StrEnum):
    """Sisimai's words (libsisimai.org, "bounce reasons"). Four of them say that the address is no good."""

    USERUNKNOWN = "userunknown"  # nobody has this mailbox
    HOSTUNKNOWN = "hostunknown"  # the domain does not exist
    HASMOVED = "hasmoved"  # the mailbox has moved and nothing is forwarded
    NOTACCEPT = "notaccept"  # the host takes no mail at all (RFC 7504, RFC 7505)
    MAILBOXFULL = "mailboxfull"
    SUSPEND = "suspend"  # the account is locked, unpaid or asleep
    FILTERED = "filtered"  # refused after DATA, or by what the recipient chose; perhaps no such mailbox
    EXPIRED = "expired"  # too long in a queue, or every attempt failed
    NETWORKERROR = "networkerror"  # DNS, routing or a connection failed
    SYSTEMERROR = "systemerror"  # their machine or its configuration is broken
    SYSTEMFULL = "systemfull"  # their disk is full
    MAILERERROR = "mailererror"  # the program behind the mailbox failed
    REJECTED = "rejected"  # the sender's address was refused
    POLICYVIOLATION = "policyviolation"
    ONHOLD = "onhold"  # it failed, and the words are not known
    UNDEFINED = "undefined"  # it failed, and nothing says why
    BLOCKED = "blocked"  # our host or its name was refused
    BADREPUTATION = "badreputation"  # our host has a bad name
    REQUIREPTR = "requireptr"  # our host has no name in the reverse DNS
    AUTHFAILURE = "authfailure"  # SPF, DKIM or DMARC failed
    NORELAYING = "norelaying"  # the host does not take mail for that domain from us
    TOOMANYCONN = "toomanyconn"
    SPEEDING = "speeding"  # sent too fast
    SPAMDETECTED = "spamdetected"
    VIRUSDETECTED = "virusdetected"
    CONTENTERROR = "contenterror"  # header or body are made wrongly, or something in them is not taken
    NOTCOMPLIANTRFC = "notcompliantrfc"  # refused for how it is made (RFC 5322)
    MESGTOOBIG = "mesgtoobig"
    EXCEEDLIMIT = "exceedlimit"  # larger than this mailbox takes
    SECURITYERROR = "securityerror"  # login, TLS or access
    SYNTAXERROR = "syntaxerror"  # an SMTP command was not understood
    DELIVERED = "delivered"  # no bounce
    FEEDBACK = "feedback"  # a complaint (RFC 5965)
    VACATION = "vacation"  # an automatic answer

    @property
    def hard(self) -> bool:
        """True when this address will never work."""
        return self in _HARD

    @property
    def kind(self) -> str:
        """hard, soft, blocked (we or our words were refused, the mailbox is well) or unknown (B1)."""
        if self in _HARD:
            return "hard"
        return "unknown" if self in (Ground.ONHOLD, Ground.UNDEFINED) else "blocked" if self in _OURS else "soft"

    @property
    def reason(self) -> Reason:
        """The word that the hub acts on."""
        if self in _HARD:
            return Reason.BAD_ADDRESS
        return _REASON.get(self, Reason.BLOCKED if self in _OURS else Reason.UNREACHABLE)


_HARD = frozenset({Ground.USERUNKNOWN, Ground.HOSTUNKNOWN, Ground.HASMOVED, Ground.NOTACCEPT})
_OURS = frozenset(
    {
        Ground.BLOCKED,
        Ground.REJECTED,
        Ground.POLICYVIOLATION,
        Ground.BADREPUTATION,
        Ground.REQUIREPTR,
        Ground.AUTHFAILURE,
        Ground.NORELAYING,
        Ground.TOOMANYCONN,
        Ground.SPEEDING,
        Ground.SPAMDETECTED,
        Ground.VIRUSDETECTED,
        Ground.CONTENTERROR,
        Ground.NOTCOMPLIANTRFC,
        Ground.MESGTOOBIG,
        Ground.EXCEEDLIMIT,
        Ground.SECURITYERROR,
        Ground.SYNTAXERROR,
        Ground.FEEDBACK,
    }
)
_REASON = {
    Ground.MAILBOXFULL: Reason.MAILBOX_FULL,
    Ground.MESGTOOBIG: Reason.TOO_LONG,
    Ground.EXCEEDLIMIT: Reason.TOO_LONG,
    Ground.CONTENTERROR: Reason.REJECTED,
    Ground.NOTCOMPLIANTRFC: Reason.REJECTED,
    Ground.SYNTAXERROR: Reason.REJECTED,
    Ground.ONHOLD: Reason.UNKNOWN,
    Ground.UNDEFINED: Reason.UNKNOWN,
    Ground.FEEDBACK: Reason.COMPLAINED,
}

# Subject and detail of RFC 3463 section 3 and of IANA's "SMTP Enhanced Status Codes". What is general (x.0.0, x.5.0)
# tells nothing and is left out.
_BY_STATUS = {
    "1.0": Ground.USERUNKNOWN,
    "1.1": Ground.USERUNKNOWN,
    "1.2": Ground.HOSTUNKNOWN,
    "1.3": Ground.USERUNKNOWN,
    "1.4": Ground.FILTERED,
    "1.5": Ground.FILTERED,
    "1.6": Ground.HASMOVED,
    "1.7": Ground.REJECTED,
    "1.8": Ground.REJECTED,
    "1.9": Ground.SYSTEMERROR,
    "1.10": Ground.NOTACCEPT,
    "2.0": Ground.FILTERED,
    "2.1": Ground.SUSPEND,
    "2.2": Ground.MAILBOXFULL,
    "2.3": Ground.EXCEEDLIMIT,
    "2.4": Ground.FILTERED,
    "3.0": Ground.SYSTEMERROR,
    "3.1": Ground.SYSTEMFULL,
    "3.2": Ground.NOTACCEPT,
    "3.3": Ground.SYSTEMERROR,
    "3.4": Ground.MESGTOOBIG,
    "3.5": Ground.SYSTEMERROR,
    "3.6": Ground.SYSTEMERROR,
    "4.0": Ground.NETWORKERROR,
    "4.1": Ground.EXPIRED,
    "4.2": Ground.NETWORKERROR,
    "4.3": Ground.NETWORKERROR,
    "4.4": Ground.HOSTUNKNOWN,
    "4.5": Ground.NETWORKERROR,
    "4.6": Ground.NETWORKERROR,
    "4.7": Ground.EXPIRED,
    "4.300": Ground.EXPIRED,  # these four: Exchange Online, "NDR error codes"
    "4.310": Ground.HOSTUNKNOWN,
    "4.312": Ground.NETWORKERROR,
    "4.316": Ground.EXPIRED,
    "5.1": Ground.SYNTAXERROR,
    "5.2": Ground.SYNTAXERROR,
    "5.3": Ground.TOOMANYCONN,
    "5.4": Ground.SYSTEMERROR,
    "5.5": Ground.SYSTEMERROR,
    "7.2": Ground.POLICYVIOLATION,
    "7.9": Ground.POLICYVIOLATION,
    "7.13": Ground.SUSPEND,
    "7.17": Ground.HASMOVED,
    "7.20": Ground.AUTHFAILURE,
    "7.21": Ground.AUTHFAILURE,
    "7.22": Ground.AUTHFAILURE,
    "7.23": Ground.AUTHFAILURE,
    "7.24": Ground.AUTHFAILURE,
    "7.25": Ground.REQUIREPTR,
    "7.26": Ground.AUTHFAILURE,
    "7.27": Ground.REJECTED,
    "7.28": Ground.SPEEDING,
    "7.30": Ground.SECURITYERROR,
}
_BY_SUBJECT = {"6": Ground.CONTENTERROR, "7": Ground.SECURITYERROR}


def by_status(status: str) -> Ground | None:
    """`5.1.1` → USERUNKNOWN. None for a status that says no more than that it failed (x.0.0 and the like).

    Of a temporary failure it is only said that it went on too long: `4.4.4` is a DNS that did not answer.
    """
    match = ENHANCED.match(status)
    if not match:
        return None
    subject, detail = str(int(match.group(2))), str(int(match.group(3)))
    found = _BY_STATUS.get(f"{subject}.{detail}") or _BY_SUBJECT.get(subject)
    if match.group(1) == "4" and found in (Ground.HOSTUNKNOWN, Ground.NOTACCEPT):
        return Ground.NETWORKERROR if subject != "3" else Ground.SYSTEMERROR
    return found


# What stands for a ground where the mail gives no status of its own; an "x" is the class, 4 or 5.
_STATUS_OF = {
    Ground.USERUNKNOWN: "x.1.1",
    Ground.HOSTUNKNOWN: "x.1.2",
    Ground.HASMOVED: "x.1.6",
    Ground.NOTACCEPT: "x.3.2",
    Ground.MAILBOXFULL: "x.2.2",
    Ground.SUSPEND: "x.2.1",
    Ground.FILTERED: "x.2.0",
    Ground.EXPIRED: "x.4.7",
    Ground.NETWORKERROR: "x.4.0",
    Ground.SYSTEMERROR: "x.3.0",
    Ground.SYSTEMFULL: "x.3.1",
    Ground.REJECTED: "x.1.8",
    Ground.MESGTOOBIG: "x.3.4",
    Ground.EXCEEDLIMIT: "x.2.3",
    Ground.CONTENTERROR: "x.6.0",
    Ground.NOTCOMPLIANTRFC: "x.6.0",
    Ground.AUTHFAILURE: "x.7.20",
    Ground.REQUIREPTR: "x.7.25",
    Ground.TOOMANYCONN: "x.5.3",
    Ground.SPEEDING: "x.7.28",
}


def status_of(ground: Ground, code: str) -> str:
    """The nearest enhanced status; `code` is 4 or 5."""
    general = "x.7.1" if ground.kind == "blocked" else "x.0.0"
    return _STATUS_OF.get(ground, general).replace("x", code)
