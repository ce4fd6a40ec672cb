"""The preference centre's page: one form, without a script; of an address as much as its owner needs to know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from channels.message import Kind
from hub.api.public.outside import alert
from hub.api.public.preference_form import Wrong
from hub.api.public.preference_words import Words
from hub.catalogues import LANGUAGES
from hub.customers.wishes import NO, Closed, Standing
from hub.models.vocabulary import Purpose


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands on the page. `chosen`: what was chosen and not yet kept, as `purpose.kind` → its value."""

    standing: Standing
    fields: Mapping[str, str]
    languages: Sequence[str]
    number: str  # of ours, that takes an SMS
    said: Words
    chosen: Mapping[str, str]
    notice: str = ""
    wrong: Wrong | None = None
    topics: Mapping[str, str] = field(default_factory=dict)  # key → title


def body(shown: Shown) -> str:
    said = shown.said
    return f"""<h1>{escape(said.title)}</h1>
{_news(shown)}
<p>{escape(said.intro)}</p>
<form method="post">
{"".join(_purpose(shown, purpose) for purpose in (*Purpose,)[::-1])}
<fieldset class="wish"><legend>{escape(said.pause)}</legend><p id="about-pause">{escape(said.about_pause)}</p>
{_field(shown, "pause_from", "date", said.pause_from, "about-pause")}
{_field(shown, "pause_until", "date", said.pause_until, "about-pause")}</fieldset>
<fieldset class="wish"><legend>{escape(said.quiet)}</legend><p id="about-quiet">{escape(said.about_quiet)}</p>
{_field(shown, "quiet_from", "time", said.quiet_from, "about-quiet")}
{_field(shown, "quiet_until", "time", said.quiet_until, "about-quiet")}</fieldset>
<fieldset class="wish"><legend>{escape(said.tongue)}</legend>{_tongue(shown)}</fieldset>
<p><button name="do" value="save">{escape(said.save)}</button></p>
</form>
<h2>{escape(said.all_title)}</h2>
<p>{escape(said.all_about)}</p>
<form method="post"><p><button class="plain" name="do" value="leave">{escape(said.all_button)}</button></p></form>"""


def masked(address: str) -> str:
    """Enough for its owner to know it, and for nobody to use it: `a•••@e•••.org`, `•••456`."""
    name, at, domain = address.rpartition("@")
    if not at:
        return f"•••{address[-3:]}"
    host, _dot, end = domain.rpartition(".")
    return f"{name[:1]}•••@{host[:1]}•••.{end}"


def _news(shown: Shown) -> str:
    if shown.wrong is not None:
        return alert(shown.wrong.words)
    return f'<p role="status"><strong>{escape(shown.notice)}</strong></p>' if shown.notice else ""


def _purpose(shown: Shown, purpose: Purpose) -> str:
    said, about = shown.said, f"about-{purpose.value}"
    rows = [_choice(shown, purpose, kind, about) for kind in shown.standing.places[purpose]]
    rows += [_shut(shown, one) for one in shown.standing.closed if one.purpose is purpose]
    if purpose is Purpose.MARKETING:
        rows += _topics(shown)
    inside = "\n".join(rows) or f"<p>{escape(said.nowhere)}</p>"
    return f"""<fieldset class="wish"><legend>{escape(said.purposes[purpose])}</legend>
<p id="{about}">{escape(said.about[purpose])}</p>
{inside}</fieldset>
"""


def _choice(shown: Shown, purpose: Purpose, kind: Kind, about: str) -> str:
    name = f"{purpose.value}.{kind.value}"
    places = shown.standing.places[purpose]
    was = _value(places[kind])
    chosen = shown.chosen.get(name, was)
    words = [("no", shown.said.no.capitalize())]
    words = [*zip("123", shown.said.places[: len(places)], strict=False), *words]
    if len(places) == 1:
        words = [("1", shown.said.yes.capitalize()), words[-1]]
    options = "".join(_option(value, word, chosen) for value, word in words)
    return f"""<div class="row"><label for="{name}">{_way(shown, kind)}</label>
<input type="hidden" name="was.{name}" value="{was}">
<select id="{name}" name="{name}" aria-describedby="{about}">{options}</select></div>"""


def _option(value: str, word: str, chosen: str) -> str:
    return f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(word)}</option>'


def _topics(shown: Shown) -> list[str]:
    if not shown.standing.topics:
        return []
    return [f"<p>{escape(shown.said.about_topics)}</p>", *(_topic(shown, key) for key in shown.standing.topics)]


def _topic(shown: Shown, key: str) -> str:
    name, was = f"topic.{key}", "1" if shown.standing.topics[key] else "no"
    chosen = shown.chosen.get(name, was)
    words = (("1", shown.said.yes.capitalize()), ("no", shown.said.no.capitalize()))
    options = "".join(_option(value, word, chosen) for value, word in words)
    return f"""<div class="row"><label for="{name}">{escape(shown.topics[key])}</label>
<input type="hidden" name="was.{name}" value="{was}">
<select id="{name}" name="{name}">{options}</select></div>"""


def _value(place: int) -> str:
    return "no" if place == NO else str(place)


def _shut(shown: Shown, closed: Closed) -> str:
    words = shown.said.by_wish.format(number=shown.number) if closed.by_wish else shown.said.shut
    return f'<div class="row"><span>{_way(shown, closed.kind)}</span><span>{escape(words)}</span></div>'


def _way(shown: Shown, kind: Kind) -> str:
    address = masked(shown.standing.addresses[kind])
    return f"{escape(shown.said.channels[kind])} <small>{escape(address)}</small>"


def _field(shown: Shown, name: str, sort: str, words: str, about: str) -> str:
    wrong = ' aria-invalid="true" autofocus' if shown.wrong is not None and shown.wrong.field == name else ""
    value = escape(shown.fields[name])
    return f"""<div class="row"><label for="{name}">{escape(words)}</label>
<input id="{name}" name="{name}" type="{sort}" value="{value}" aria-describedby="{about}"{wrong}></div>"""


def _tongue(shown: Shown) -> str:
    chosen = shown.fields["language"]
    options = "".join(_option(code, LANGUAGES.get(code, code), chosen) for code in shown.languages)
    label = f'<label for="language">{escape(shown.said.tongue)}</label>'
    return f'<div class="row">{label}\n<select id="language" name="language">{options}</select></div>'
