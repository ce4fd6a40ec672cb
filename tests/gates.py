"""Gates of a company that sells by mail, SMS and telephone: what tests and benchmarks hold their requests against."""

from __future__ import annotations

from datetime import time

from hub.models.vocabulary import Kind
from hub.outbound.question import Rules
from hub.outbound.request import Gate
from hub.settings import GateTable
from hub.signing import Signer

# As they are shipped, and the same without the rules of tact (a complaint, an answer that is overdue)
SHIPPED = Rules.from_settings(GateTable(), "Europe/Warsaw")
PLAIN = Rules(
    quiet_from=time(21),
    quiet_until=time(8),
    unknown_zone_from=time(10),
    unknown_zone_until=time(18),
    marketing_per_week=3,
    default_ranking=(Kind.EMAIL, Kind.SMS, Kind.VOICE),
    company_zone="Europe/Warsaw",
)
AT_ANY_HOUR = Rules(time(0), time(0), time(0), time(0), 3, (Kind.EMAIL, Kind.SMS, Kind.VOICE), "UTC")

_CHANNELS = {Kind.EMAIL: ("mail",), Kind.SMS: ("sms",), Kind.VOICE: ("voice",)}


def gate_of(rules: Rules = PLAIN, *kinds: Kind) -> Gate:
    """One with channels of these kinds, all of them when none is named: "mail", "sms", "voice"."""
    return Gate(
        rules=rules,
        senders={kind: _CHANNELS[kind] for kind in kinds or Kind},
        signer=Signer(b"a secret for the tests, 32 bytes"),
        public_url="http://hub.example",
        company="Meadow & Sons",
        default_language="en",
    )
