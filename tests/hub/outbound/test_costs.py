"""What a message costs, and that a campaign's guess is put right when its words are made."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels.message import Email, Text
from hub.models import TemplateVersion
from hub.models.vocabulary import Kind
from hub.outbound import costs

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "words", "files", "units"),
    [
        (Kind.SMS, "x" * 160, 0, 1),
        (Kind.SMS, "x" * 161, 0, 2),
        (Kind.SMS, "ą" * 71, 0, 2),
        (Kind.SMS, "x" * 400, 1, 1),  # an MMS
        (Kind.EMAIL, "x" * 4000, 0, 1),
        (Kind.VOICE, "x" * 4000, 0, 1),
    ],
)
def test_only_an_sms_costs_more_than_one(kind: Kind, words: str, files: int, units: int) -> None:
    assert costs.cost(kind, words, files) == units


def test_what_is_handed_over_costs_what_was_asked_for() -> None:
    assert [
        costs.of_content(one) for one in (Text("x" * 161), Text("x" * 161, ("http://a",)), Email("", "x" * 500))
    ] == [*(2, 1, 1)]


@pytest.mark.parametrize(
    ("source", "segments"),
    [
        ("Dear {{ customer.name }}, {% if offer %}{{ offer }}{% endif %}!{# " + "x" * 300 + " #}", 1),
        ("x" * 150 + "{{ customer.name }}", 1),
        ("x" * 155 + "{{ customer.name }}", 2),
        ("Zażółć gęślą jaźń " * 8, 3),
        ("", 1),
    ],
)
def test_a_template_is_taken_for_as_long_as_its_words(source: str, segments: int) -> None:
    version = TemplateVersion(
        id=1, template_id=1, number=1, variants={"en": {"sms": source}}, sha256="", created_at=LONG_AGO
    )
    assert costs.guess(version, "en") == segments


def test_a_template_without_an_sms_costs_one() -> None:
    version = TemplateVersion(id=1, template_id=1, number=1, variants={}, sha256="", created_at=LONG_AGO)
    assert costs.guess(version, "en") == 1
