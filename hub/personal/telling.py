"""What stands on the first page of a person's archive, in their language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any


@dataclass(frozen=True, slots=True)
class Words:
    language: str
    title: str  # {company}
    about: str  # {name} {day}
    machines: str
    rights: str
    messages: str
    when: str
    who: str
    what: str
    them: str
    us: str
    note: str
    files: str


_WORDS = {
    "en": Words(
        "en", "What {company} knows of you",
        "Everything that {company} holds of {name}, as of {day} (UTC).",
        "The files that end in .json hold all of it for programs: each is one kind of record. What you sent and were "
        "sent as files lies under “files”, mails as they came too.",
        "You may ask us to put it right or to erase it, and object to being written to.",
        "What was said", "When (UTC)", "Who", "What", "you", "we", "a note of ours", "files",
    ),
    "pl": Words(
        "pl", "Co {company} wie o Tobie",
        "Wszystko, co {company} przechowuje o osobie {name}, stan na {day} (UTC).",
        "Pliki z końcówką .json zawierają całość dla programów: każdy to jeden rodzaj zapisów. Pliki wysłane i "
        "otrzymane leżą w folderze „files”, tak samo oryginały wiadomości.",
        "Możesz zażądać poprawienia lub usunięcia tych danych i sprzeciwić się otrzymywaniu wiadomości.",
        "Co powiedziano", "Kiedy (UTC)", "Kto", "Co", "Ty", "my", "nasza notatka", "pliki",
    ),
    "bg": Words(
        "bg", "Какво знае {company} за Вас",
        "Всичко, което {company} съхранява за {name}, към {day} (UTC).",
        "Файловете, завършващи на .json, съдържат всичко за програми: всеки е един вид записи. Изпратените и "
        "получените файлове са в „files“, както и оригиналните писма.",
        "Можете да поискате данните да бъдат поправени или изтрити и да възразите срещу съобщения.",
        "Какво е казано", "Кога (UTC)", "Кой", "Какво", "Вие", "ние", "наша бележка", "файлове",
    ),
    "ru": Words(
        "ru", "Что {company} знает о вас",
        "Всё, что {company} хранит о человеке {name}, на {day} (UTC).",
        "Файлы с окончанием .json содержат всё это для программ: каждый — один вид записей. Отправленные и полученные "
        "файлы лежат в «files», там же исходные письма.",
        "Вы можете потребовать исправить или удалить эти данные и возразить против сообщений.",
        "Что было сказано", "Когда (UTC)", "Кто", "Что", "вы", "мы", "наша заметка", "файлы",
    ),
}  # fmt: skip
_SHOWN = 2000  # characters of one message; all of it is in messages.json


def words(language: str) -> Words:
    return _WORDS.get(language, _WORDS["en"])


def head(said: Words, *, company: str, name: str, day: str) -> str:
    """The page down to the first message."""
    title = escape(said.title.format(company=company))
    about = escape(said.about.format(company=company, name=name, day=day))
    cells = "".join(f"<th>{escape(word)}</th>" for word in (said.when, said.who, said.what))
    return (
        f'<!doctype html><html lang="{said.language}"><meta charset="utf-8"><title>{title}</title><h1>{title}</h1>'
        f"<p>{about}</p><p>{escape(said.machines)}</p><p>{escape(said.rights)}</p><h2>{escape(said.messages)}</h2>"
        f'<table border="1" cellpadding="4"><tr>{cells}</tr>\n'
    )


def line(said: Words, word: Mapping[str, Any], links: Mapping[str, str]) -> str:
    """One message: when, who, what; `links`: path in the archive → what the file is called."""
    who = {"in": said.them, "out": said.us}.get(word["direction"], said.note)
    parts = [f"<b>{escape(word['subject'])}</b>"] if word["subject"] else []
    parts += [escape(word["body_text"][:_SHOWN]).replace("\n", "<br>")] if word["body_text"] else []
    parts += [f'<a href="{escape(path)}">{escape(name)}</a>' for path, name in links.items()]
    channel = escape(word["kind"] or "")
    return f"<tr><td>{word['at'][:16]}</td><td>{escape(who)} {channel}</td><td>{'<br>'.join(parts)}</td></tr>\n"


def foot(counts: Mapping[str, int]) -> Iterator[str]:
    """Which files there are, with how many records."""
    yield "</table><ul>"
    for name, count in counts.items():
        yield f'<li><a href="{escape(name)}">{escape(name)}</a>: {count}</li>'
    yield "</ul></html>\n"
