"""What stands out in an SMS and in what a telephone call says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from channels import links
from hub.models.vocabulary import Purpose
from hub.outbound import costs
from hub.outbound.rendering import Rendered
from hub.sentences import Gap, Sentence
from hub.texts.markings import Mark

MOST_SEGMENTS = 3
WORDS_A_MINUTE = 140  # as a telephone's voice speaks
LONGEST_CALL = 60  # seconds
_WAY_OUT = re.compile(r"\bstop\b|unsubscribe_url|preferences_url|стоп", re.IGNORECASE)


def sms(parts: Mapping[str, str], purpose: Purpose, said: Rendered) -> Iterator[Mark]:
    found = costs.segments(said.text)
    if found > MOST_SEGMENTS:
        gaps: dict[str, Gap] = {"segments": found, "most": MOST_SEGMENTS}
        yield Mark(
            "sms",
            Sentence(
                "%(segments)s segments, each of them paid for; %(most)s are enough. Shorten it, or send a mail",
                gaps,
            ),
        )
    if purpose.needs_consent and not _WAY_OUT.search(parts["sms"]):
        yield Mark("sms", Sentence("no way out: say that STOP ends these messages, or put {{ preferences_url }} in"))
    for link in links.find(said.text):
        if link.url.startswith("http:") and "127.0.0.1" not in link.url and "localhost" not in link.url:
            plain = Sentence(
                "“%(url)s” is not encrypted, and browsers warn of it. Write https:", {"url": link.url[:80]}
            )
            yield Mark("sms", plain)


def voice(parts: Mapping[str, str], purpose: Purpose, said: Rendered) -> Iterator[Mark]:
    long = seconds(said.text)
    if long > LONGEST_CALL:
        gaps: dict[str, Gap] = {"seconds": long, "most": LONGEST_CALL}
        yield Mark(
            "voice",
            Sentence("it lasts about %(seconds)s seconds, and most people hang up before %(most)s. Shorten it", gaps),
        )
    if any(link.url.startswith("http") for link in links.find(said.text)):
        yield Mark("voice", Sentence("nobody can follow an address that is read aloud. Say where it is found instead"))


def seconds(text: str) -> int:
    """How long it takes to say."""
    return round(len(text.split()) * 60 / WORDS_A_MINUTE)
