"""What reports, their figures and their columns are called, and how each is reckoned."""

from __future__ import annotations

from collections.abc import Mapping

from hub.models.vocabulary import Kind, Promised, Purpose, Rhythm, Scale
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
    "campaigns": (
        Sentence("Campaigns"),
        Sentence(
            "Of the messages made within these days. Sent: a provider took it, whatever came of it then. Delivered: "
            "somebody reported it, as for SMS and calls; of mail nobody does. Opened and clicked: by people, not by "
            "machines. What customers did after these days counts too. Cost: at today's "
            "prices of the channels; an SMS counts as many segments as its template has with usual words."
        ),
    ),
    "segments": (
        Sentence("Campaigns by segment"),
        Sentence(
            "The same by those who are in each saved segment and list now, side by side: who is in several counts in "
            "each, who is in none among all others. Shares are of what was sent; the figures are of everybody."
        ),
    ),
    "deliverability": (
        Sentence("Deliverability"),
        Sentence(
            "Sent: mail that a server took or sent back. Delivered: taken and not sent back. Hard: the address does "
            "not exist; soft: full, blocked or away. The fifty domains that most was sent to."
        ),
    ),
    "promises": (
        Sentence("Promises"),
        Sentence(
            "What the service levels promised and was settled within these days: kept in time or broken. What is open "
            "still is not counted."
        ),
    ),
    "agents": (
        Sentence("People"),
        Sentence(
            "Messages that somebody wrote and that left; conversations given to them that were settled; calls they "
            "talked in and for how long; notes."
        ),
    ),
    "calls": (
        Sentence("Calls"),
        Sentence(
            "By telephone and logged by hand. Missed: nobody took it, with or without a voicemail. Talked: from when "
            "somebody took the call until it ended."
        ),
    ),
    "consents": (
        Sentence("Consent"),
        Sentence(
            "From the ledger: a yes where there was none before is gained, a no after a yes is lost. Saying the same "
            "again counts for nothing."
        ),
    ),
    "loyalty": (
        Sentence("Loyalty"),
        Sentence(
            "Active: wrote, called or bought. Retention: those active before and now, of those active before; churn is "
            "the rest. Loyalty: the same people, of those active now. Strengthened: everybody weighs as many purchases "
            "as they made, or contacts where nothing was bought."
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
    "kept": Sentence("Kept"),
    "broken": Sentence("Broken"),
    "kept_share": Sentence("Share kept"),
    "promise": Sentence("Promise"),
    "policy": Sentence("Service level"),
    "person": Sentence("Person"),
    "written": Sentence("Messages written"),
    "resolved": Sentence("Settled"),
    "calls": Sentence("Calls"),
    "talked": Sentence("Talked"),
    "notes": Sentence("Notes"),
    "calls_in": Sentence("Calls in"),
    "calls_out": Sentence("Calls out"),
    "missed": Sentence("Missed"),
    "voicemails": Sentence("Voicemails"),
    "answered_calls": Sentence("Talked in"),
    "purpose": Sentence("Purpose"),
    "gained": Sentence("Gained"),
    "lost": Sentence("Lost"),
    "grown": Sentence("Growth"),
    "active": Sentence("Active customers"),
    "retention": Sentence("Retention"),
    "retention_strong": Sentence("Retention, strengthened"),
    "churn": Sentence("Churn"),
    "loyalty": Sentence("Loyalty"),
    "loyalty_strong": Sentence("Loyalty, strengthened"),
    "customers": Sentence("Customers"),
    "people": Sentence("How many"),
    "purchases": Sentence("Purchases"),
    "contacts": Sentence("Contacts"),
    "campaign": Sentence("Campaign"),
    "opened": Sentence("Opened"),
    "clicked": Sentence("Clicked"),
    "unsubscribed": Sentence("Unsubscribed"),
    "segment": Sentence("Segment"),
    "opened_share": Sentence("Share opened"),
    "clicked_share": Sentence("Share clicked"),
    "unsubscribed_share": Sentence("Share unsubscribed"),
    "cost": Sentence("Cost"),
    "cost_before": Sentence("Cost before"),
    "cost_per_answer": Sentence("Cost per answer"),
    "currency": Sentence("Currency"),
}
TABLES: Mapping[str, Sentence] = {
    "by_day": Sentence("Day by day"),
    "by_channel": Sentence("By channel"),
    "by_domain": Sentence("By domain"),
    "by_campaign": Sentence("By campaign"),
    "by_segment": Sentence("By segment"),
    "by_currency": Sentence("By currency"),
    "scores": Sentence("How often each answer was given"),
    "by_promise": Sentence("By promise"),
    "by_policy": Sentence("By service level"),
    "by_person": Sentence("By person"),
    "by_purpose": Sentence("By purpose and channel"),
    "by_coming": Sentence("Who stayed, came and left"),
}
VALUES: Mapping[str, Sentence] = {
    Kind.EMAIL: Sentence("Email"),
    Kind.SMS: Sentence("SMS"),
    Kind.VOICE: Sentence("Call"),
    Scale.CSAT: Sentence("CSAT"),
    Scale.NPS: Sentence("NPS"),
    Promised.FIRST: Sentence("First answer"),
    Promised.NEXT: Sentence("Later answers"),
    Promised.RESOLUTION: Sentence("Settled"),
    Purpose.SERVICE: Sentence("Service"),
    Purpose.REMINDERS: Sentence("Reminders"),
    Purpose.GREETINGS: Sentence("Greetings"),
    Purpose.MARKETING: Sentence("Offers"),
    "every_purpose": Sentence("every purpose"),
    "every_channel": Sentence("every channel"),
    "stayed": Sentence("stayed: active before and now"),
    "came": Sentence("came: active now, not before"),
    "left": Sentence("left: active before, not now"),
    "": Sentence("All others"),
}
RHYTHMS: Mapping[str, Sentence] = {
    Rhythm.DAILY: Sentence("every day, about the day before"),
    Rhythm.WEEKLY: Sentence("every Monday, about the week before"),
    Rhythm.MONTHLY: Sentence("on the first, about the month before"),
}
