"""`hub occasions`: what is greeted, and what is coming, one JSON object a line."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time

from hub.cli.occasions import _as_json, _as_row
from hub.clock import uuid7
from hub.models import Occasion
from hub.models.vocabulary import Kind, OccasionKind, Withheld
from hub.occasions.forecast import Coming

WHO = uuid7(datetime(2026, 1, 1, tzinfo=UTC))


def test_a_coming_greeting_is_one_object_with_its_channel_or_the_reason_why_not() -> None:
    occasion = Occasion(name="name day PL", template="name-day", kind=OccasionKind.NAME_DAY, title="Imieniny")
    ana = Coming(WHO, "Ana", occasion, date(2026, 7, 26), time(10), "Europe/Warsaw", kind=Kind.SMS, why=("sms: ok",))
    line = _as_json(ana)
    assert line.endswith("\n")
    assert json.loads(line) == {
        "customer": str(WHO),
        "name": "Ana",
        "occasion": "name_day",
        "title": "Imieniny",
        "date": "2026-07-26",
        "local_time": "10:00",
        "zone": "Europe/Warsaw",
        "channel": "sms",
        "withheld": None,
        "why": ["sms: ok"],
    }
    never = Coming(WHO, "Ana", occasion, date(2026, 7, 26), time(10), "UTC", withheld=Withheld.DECEASED)
    said = json.loads(_as_json(never))
    assert (said["channel"], said["withheld"]) == (None, "deceased")
    assert _as_row(never).split()[:4] == ["2026-07-26", "10:00", "not:", "deceased"]
