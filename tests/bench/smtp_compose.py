"""smtp-compose: a campaign's mails, rendered and written for 2,000 people, against the standard library's messages.

Before anything is measured, every mail is read back by the standard library and must be what was meant.
"""

from __future__ import annotations

import email
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.headerregistry import Address as LibraryAddress
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import format_datetime
from uuid import UUID

from channels.email.compose import compose, message_id
from channels.message import Address, Email, Kind, Outbound
from hub.outbound import rendering
from hub.outbound.rendering import Written
from tests.bench.figures import Figure, measured, say
from tests.bench.letters import OWN

PEOPLE = 2_000
GOAL_MICROSECONDS = 100
GOAL_RATIO = 10
_BY_THE_LIBRARY = 100  # of the people; it takes long
_NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
_NAMES = (
    *("Ana Kowalska", "Jürgen Müßig", "Łucja Żółć", "山田 太郎", "Ольга Иванова", "Seán O'Brien", "Smith & Sons"),
    *('Ann "Annie" Lee', "Ola, of Gdańsk", "🌷 Flower Shop 🌷", "Wolfeschlegelsteinhausenbergerdorff " * 3 + "Sr."),
    *("محمد علي", "김철수", "=?utf-8?q?x?=", "Екатерина Волконская"),
)
_PARAGRAPH = "Until the end of the month everything for garden and balcony costs less. Just mention this message. "
_STYLE = "margin:0 0 16px 0;font-size:16px;line-height:1.5;color:#1f2937"
TEMPLATE = {
    "en": {
        "subject": "{{ customer.given_name }}, spring is here – {{ percent }} % for you",
        "body": f"Hello {{{{ customer.name }}}},\n\n{_PARAGRAPH}\n\nYour code: {{{{ code }}}}\n\n{{{{ company }}}}\n"
        "\nUnsubscribe: {{ unsubscribe_url }}\n" + "Open from nine to five.\n" * 8,
        "html": "<!doctype html><html><body>" + f'<p style="{_STYLE}">Hello <b>{{{{ customer.name }}}}</b>,</p>\n'
        f'<p style="{_STYLE}">{_PARAGRAPH}</p>\n'
        * 7
        + "<p>Your code: {{ code }}{% if percent > 10 %}, {{ percent }} %{% endif %}</p>\n<p>{{ company }}</p>\n"
        + '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>\n',
    }
}


def measure() -> Figure:
    """Microseconds of one core for each recipient, rendering included; how many times less than EmailMessage takes."""
    people = [_values(number) for number in range(PEOPLE)]
    _verify(people)
    _per_recipient(_by_us, people[:200])
    mine, other = [], []
    for number in range(1, 6):
        other.append(_per_recipient(_by_the_library, people[:_BY_THE_LIBRARY]))
        mine.append(_per_recipient(_by_us, people))
        say(f"smtp-compose: round {number} of 5: {mine[-1]:.0f} us each, EmailMessage {other[-1]:.0f} us")
    reached = "reached" if statistics.median(mine) <= GOAL_MICROSECONDS else "missed"
    say(f"smtp-compose: at most {GOAL_MICROSECONDS} us each: {reached}")
    figure = measured("smtp-compose", "us each", "EmailMessage", other, mine)  # times, so the other way round
    return Figure(
        name=figure.name,
        unit=figure.unit,
        value=statistics.median(mine),
        against=figure.against,
        ratio=figure.ratio,
        goal=GOAL_RATIO,
        rounds=tuple(mine),
        other_rounds=tuple(other),
    )


Values = Mapping[str, object]


def _values(number: int) -> Values:
    name = _NAMES[number % len(_NAMES)]
    return {
        "number": number,
        "customer": {"name": name, "given_name": name.split()[0]},
        "percent": number % 30,
        "code": f"SPRING-{number:06}",
        "company": OWN.name,
        "unsubscribe_url": f"https://hub.meadow.example/u/{number:043}",
    }


def _per_recipient(write: Callable[[Values], bytes], people: Sequence[Values]) -> float:
    """Of this process's time on a core, so that neighbours do not count."""
    began = time.process_time()
    for values in people:
        write(values)
    return (time.process_time() - began) / len(people) * 1e6


def _written(values: Values) -> Written:
    return rendering.write(TEMPLATE, "en", "en", values, name="spring")


def _outbound(values: Values) -> Outbound[Email]:
    words, number, customer = _written(values), values["number"], values["customer"]
    assert isinstance(number, int)
    assert isinstance(customer, dict)
    to = Address(Kind.EMAIL, f"customer{number}@people.example", customer["name"])
    url = str(values["unsubscribe_url"])
    content = Email(words.subject, words.text, words.html, unsubscribe_url=url, automatic=True)
    return Outbound(UUID(int=number + 1), to, content, token=f"t{number:041}")


def outbound_for(number: int) -> Outbound[Email]:
    """The mail of one of the people."""
    return _outbound(_values(number))


def _by_us(values: Values) -> bytes:
    return compose(_outbound(values), OWN, _NOW)


def _by_the_library(values: Values) -> bytes:
    message = _outbound(values)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = LibraryAddress(OWN.name, addr_spec=OWN.value)
    mail["To"] = LibraryAddress(message.to.name, addr_spec=message.to.value)
    mail["Reply-To"] = LibraryAddress(OWN.name, addr_spec=OWN.value)
    mail["Subject"] = message.content.subject
    mail["Date"] = format_datetime(_NOW)
    mail["Message-ID"] = message_id(message, OWN.value)
    mail["List-Unsubscribe"] = f"<{message.content.unsubscribe_url}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(str(message.content.text))
    mail.add_alternative(str(message.content.html), subtype="html")
    return mail.as_bytes()


# ---- reading back ---------------------------------------------------------------------------


def _verify(people: Sequence[Values]) -> None:
    for values in people:
        message, raw = _outbound(values), _by_us(values)
        if (
            _read(raw) != _meant(message)
            or raw.count(b"\r\n") != raw.count(b"\n")
            or raw.count(b"\r") != raw.count(b"\n")
        ):
            raise AssertionError(f"{values['customer']} does not read back as meant: {_read(raw)}")
        if any(len(line) > 78 and b"<https:" not in line and b"<mailto:" not in line for line in raw.split(b"\r\n")):
            raise AssertionError(f"{values['customer']}: a line is longer than 78")
    say(f"smtp-compose: {len(people)} mails read back identical")


def _read(raw: bytes) -> tuple[object, ...]:
    """As the standard library understands it, but for line ends."""
    mail = email.message_from_bytes(raw, policy=default)
    (to,) = mail["To"].addresses
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    unsubscribe = mail["List-Unsubscribe"].split(",")[0]
    defects = [defect for part in mail.walk() for defect in part.defects]
    words = (mail["Subject"], *(part.get_content().replace("\r\n", "\n") for part in (text, html)))
    return to.addr_spec, to.display_name, *words, unsubscribe, mail["Message-ID"], defects


def _meant(message: Outbound[Email]) -> tuple[object, ...]:
    mail = message.content
    words = (mail.subject, str(mail.text), str(mail.html))
    told = (f"<{mail.unsubscribe_url}>", message_id(message, OWN.value))
    return message.to.value, message.to.name, *words, *told, []
