"""What reports, their figures and their columns are called, and how each is reckoned."""

from __future__ import annotations

from collections.abc import Mapping

from hub.models.vocabulary import Kind, Scale
from hub.sentences import Sentence

PARTS: Mapping[str, tuple[Sentence, Sentence]] = {
    "volume": (
        Sentence("Volume"),
        Sentence(
            "Received: everything that came in. Sent: what left, whatever came of it. Tests and notes are left out."
        ),
    ),
    "answers": (
        Sentence("Answer times"),
        Sentence(
            "From the customer's first word since we last spoke until somebody answers, in business hours of the team "
            "whose channel it is. The answer's day counts. “Nine of ten” is the time within which that many got theirs."
        ),
    ),
    "satisfaction": (
        Sentence("Satisfaction"),
        Sentence(
            "Of the questions put within these days. CSAT: the share of 4 and 5 of 5. NPS: promoters (9, 10) less "
            "detractors (0 to 6). Index: the mean of all answers from 0 to 100; one that is 30 days older weighs half, "
            "and each medium weighs as much as it was asked by."
        ),
    ),
    "deliverability": (
        Sentence("Deliverability"),
        Sentence(
            "Sent: mail that a server took or sent back. Delivered: taken and not sent back. Hard: the address does "
            "not exist; soft: full, blocked or away. The fifty domains that most was sent to."
        ),
    ),
}
# Of figures and of columns alike.
NAMES: Mapping[str, Sentence] = {
    "day": Sentence("Day"),
    "kind": Sentence("Channel"),
    "received": Sentence("Received"),
    "received_before": Sentence("Received before"),
    "sent": Sentence("Sent"),
    "sent_before": Sentence("Sent before"),
    "first_answers": Sentence("First answers"),
    "first_median": Sentence("First answer, median"),
    "first_most": Sentence("First answer, nine of ten"),
    "next_answers": Sentence("Later answers"),
    "next_median": Sentence("Later answers, median"),
    "next_most": Sentence("Later answers, nine of ten"),
    "settled_answers": Sentence("Settled"),
    "settled_median": Sentence("Settled, median"),
    "settled_most": Sentence("Settled, nine of ten"),
    "asked": Sentence("Asked"),
    "answered": Sentence("Answered"),
    "answered_share": Sentence("Share answered"),
    "csat": Sentence("CSAT"),
    "nps": Sentence("NPS"),
    "index": Sentence("Weighted index"),
    "scale": Sentence("Scale"),
    "score": Sentence("Answer"),
    "answers": Sentence("Answers"),
    "domain": Sentence("Domain"),
    "delivered": Sentence("Delivered"),
    "delivered_share": Sentence("Share delivered"),
    "hard": Sentence("Hard bounces"),
    "soft": Sentence("Soft bounces"),
    "complained": Sentence("Complaints"),
}
TABLES: Mapping[str, Sentence] = {
    "by_day": Sentence("Day by day"),
    "by_channel": Sentence("By channel"),
    "by_domain": Sentence("By domain"),
    "scores": Sentence("How often each answer was given"),
}
VALUES: Mapping[str, Sentence] = {
    Kind.EMAIL: Sentence("Email"),
    Kind.SMS: Sentence("SMS"),
    Kind.VOICE: Sentence("Call"),
    Scale.CSAT: Sentence("CSAT"),
    Scale.NPS: Sentence("NPS"),
    "": Sentence("All others"),
}
