"""The words that customers command us with by SMS (requirements S2 to S4), and how we answer. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Command(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Keyword:
    """`plain` words mean something only to somebody who is stopped: "yes" to any other question is just an answer."""

    command: Command
    language: str  # "" when the word is used in several
    plain: bool = False


# FCC 2024 list, Twilio's list, and the words people here use. Written without blanks and hyphens, case-folded.
_WORDS: Mapping[tuple[Command, str], str] = {
    (Command.STOP, ""): "stop стоп",
    (Command.STOP, "en"): "stopall unsubscribe cancel end quit revoke optout",
    (Command.STOP, "pl"): "rezygnuję rezygnuje rezygnacja wypisz koniec",
    (Command.STOP, "bg"): "спри спрете отказ отпиши отписване",
    (Command.STOP, "ru"): "отписаться отписка отпишите отмена хватит",
    (Command.START, ""): "start старт",
    (Command.START, "en"): "unstop",
    (Command.HELP, ""): "info инфо",
    (Command.HELP, "en"): "help",
    (Command.HELP, "pl"): "pomoc",
    (Command.HELP, "bg"): "помощ",
    (Command.HELP, "ru"): "помощь",
}
_PLAIN: Mapping[str, str] = {"yes": "en", "tak": "pl", "да": ""}

_TABLE = {word: Keyword(command, language) for (command, language), words in _WORDS.items() for word in words.split()}
_TABLE |= {word: Keyword(Command.START, language, plain=True) for word, language in _PLAIN.items()}

_LONGEST = 40  # characters; a command is never longer
_LOOKED_AT = 1000  # of a long message: the request stands at its beginning

_IN_WORDS = re.compile(
    r"""
    \b(?:stop|quit|cease|don'?t|do\ not|no\ more|never)\b.{0,30}\b(?:text|messag|sms|contact|call|writ|spam|send)
  | \b(?:unsubscribe|opt(?:\ |-)?(?:me\ )?out|(?:remove|delete)\ (?:me|my\ number)|take\ me\ off|leave\ me\ alone)\b
  | \bnie\b.{0,20}\b(?:pisz|wysyłaj|dzwo|życzę|chcę)
  | \b(?:przesta[ńn]|prosz[ęe]\ nie|wypisz|rezygnuj[ęe]|zaprzesta)
  | \bне\b.{0,20}\b(?:пиши|присыла|шлите|звони|беспоко|ми\ пиш|ми\ пращ|изпраща|пращай|ме\ търс)
  | \b(?:перестан|прекрат|отпишите|спрете|отпишете|хватит)
    """,
    re.IGNORECASE | re.VERBOSE,
)


def read(text: str) -> Keyword | None:
    """The command that a message consists of, whatever its case, punctuation and blanks; None for anything more."""
    if len(text) > _LONGEST:
        return None
    letters = (c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())
    return _TABLE.get("".join(letters))


def asks_to_stop(text: str) -> bool:
    """Whether the words, read generously, ask not to be written to (S3): a person should look."""
    return bool(_IN_WORDS.search(text[:_LOOKED_AT]))


def language(keyword: Keyword, customer: str, known: bool, default: str) -> str:
    """In which language to answer: the word's own, else the customer's when a person entered it, else the company's."""
    if keyword.language:
        return keyword.language
    return customer if known else default


def answer(command: Command, language: str, company: str, contact: str) -> str:
    """Our one answer to a command; `contact` is another way to reach us. Fits two SMS in any language."""
    texts = _ANSWERS.get(language, _ANSWERS["en"])
    return texts[command].format(company=company, contact=contact)


_ANSWERS: Mapping[str, Mapping[Command, str]] = {
    "en": {
        Command.STOP: "{company}: you will get no more messages on this number. Reply START to allow them again.",
        Command.START: "{company}: you will get our messages again. Reply STOP to end them.",
        Command.HELP: "{company}: reach us at {contact}. Reply STOP to get no more messages.",
    },
    "pl": {
        Command.STOP: "{company}: nie wyślemy więcej wiadomości na ten numer. Odpisz START, aby je przywrócić.",
        Command.START: "{company}: znów będziemy wysyłać wiadomości. Odpisz STOP, aby zrezygnować.",
        Command.HELP: "{company}: kontakt {contact}. Odpisz STOP, aby nie otrzymywać wiadomości.",
    },
    "bg": {
        Command.STOP: "{company}: няма да получавате повече съобщения. Отговорете START, за да ги разрешите.",
        Command.START: "{company}: отново ще получавате съобщения. Отговорете STOP за отказ.",
        Command.HELP: "{company}: пишете ни на {contact}. Отговорете STOP за отказ от съобщения.",
    },
    "ru": {
        Command.STOP: "{company}: сообщений больше не будет. Ответьте START, чтобы получать их снова.",
        Command.START: "{company}: вы снова будете получать сообщения. Ответьте STOP, чтобы отказаться.",
        Command.HELP: "{company}: связь с нами {contact}. Ответьте STOP, чтобы отказаться от сообщений.",
    },
}
