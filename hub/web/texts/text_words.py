"""How the editor of templates names texts, what they may say, and the blocks of a mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hub.models.vocabulary import Purpose
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)


class Name(NamedTuple):
    """What a template may name, as it is put in: with a default where it may be empty. `purposes` None: all."""

    source: str
    word: str
    purposes: frozenset[Purpose] | None = None


_CONSENTED = frozenset({Purpose.MARKETING, Purpose.GREETINGS})
_GREETING, _REMINDER = frozenset({Purpose.GREETINGS}), frozenset({Purpose.REMINDERS})
NAMES: tuple[Name, ...] = (
    Name('{{ customer.given_name | default("…", true) }}', N_("Given name, or other words")),
    Name("{{ customer.name }}", N_("Name")),
    Name('{{ customer.attributes["…"] | default("…") }}', N_("A field of your own, or other words")),
    Name("{{ company }}", N_("Name of the company")),
    Name("{{ preferences_url }}", N_("Where customers choose what they get")),
    Name("{{ unsubscribe_url }}", N_("Where these messages end"), _CONSENTED),
    Name("{{ occasion }}", N_("What is celebrated"), _GREETING),
    Name("{% if age %}{{ age }}{% endif %}", N_("Age, where it is known"), _GREETING),
    Name("{% if years %}{{ years }}{% endif %}", N_("Years since, where they are known"), _GREETING),
    Name("{{ title }}", N_("Title of the appointment"), _REMINDER),
    Name("{{ when }}", N_("When it is"), _REMINDER),
    Name("{{ place }}", N_("Place"), _REMINDER),
    Name("{{ answer_url }}", N_("Where customers answer it"), _REMINDER),
)
BLOCKS: Mapping[str, str] = {
    "heading": N_("Heading"),
    "text": N_("Text"),
    "button": N_("Button"),
    "columns": N_("Two columns"),
    "footer": N_("Footer with the way out"),
}
PARTS: Mapping[str, str] = {
    "subject": N_("Subject of the mail"),
    "body": N_("Mail"),
    "mjml": N_("Mail in MJML"),
    "html": N_("Mail as HTML, when it is designed"),
    "sms": N_("SMS"),
    "voice": N_("Spoken message"),
}
