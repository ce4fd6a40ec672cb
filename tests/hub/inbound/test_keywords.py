"""Requirements S2 and S3: what is a command, and what only sounds like one."""

from __future__ import annotations

import pytest

from hub.inbound.keywords import Command, answer, asks_to_stop, read

STOPS = [
    "STOP",
    "stop",
    " Stop. ",
    "STOP!!!",
    "«стоп»",
    "СТОП",
    "opt out",
    "OPT-OUT",
    "OptOut",
    "Stop all",
    "unsubscribe",
]
STOPS += ["cancel", "end", "quit", "revoke", "Rezygnuję", "REZYGNUJĘ.", "ｓｔｏｐ", "s\u200btop", "Отписаться", "спри"]


@pytest.mark.parametrize("text", STOPS)
def test_a_stop_word_alone_is_a_stop_in_any_case_and_punctuation_s2(text: str) -> None:
    keyword = read(text)
    assert keyword is not None
    assert keyword.command is Command.STOP


@pytest.mark.parametrize(
    "text", ["", "stop by on Friday", "the bus stop", "1", "endless", "can you help me?", "stop " * 20]
)
def test_a_stop_word_among_others_is_not_a_command(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("text", "command"), [("start", Command.START), ("HELP", Command.HELP), ("Помощь?", Command.HELP)]
)
def test_start_and_help_are_commands_s2(text: str, command: Command) -> None:
    keyword = read(text)
    assert keyword is not None
    assert keyword.command is command


def test_yes_is_a_command_only_to_somebody_who_is_stopped() -> None:
    assert [word for word in ("yes", "TAK", "да", "start") if (k := read(word)) and k.plain] == ["yes", "TAK", "да"]


@pytest.mark.parametrize(
    "text",
    [
        "please stop texting me",
        "Don't send me any more of this",
        "take me off your list",
        "Proszę nie pisać do mnie",
        "nie życzę sobie takich wiadomości",
        "не пишите мне больше",
        "Спрете да ми пращате съобщения",
        "I want you to remove my number",
    ],
)
def test_asking_in_words_is_noticed_s3(text: str) -> None:
    assert asks_to_stop(text)


@pytest.mark.parametrize(
    "text", ["I'll come at five", "Dziękuję, do zobaczenia", "Спасибо, буду", "which bus do I take?"]
)
def test_an_ordinary_message_does_not_ask_to_stop(text: str) -> None:
    assert not asks_to_stop(text)


def test_looking_for_it_takes_no_time_however_hostile_the_text() -> None:
    assert not asks_to_stop("не " * 400_000 + "\n" * 400_000)


@pytest.mark.parametrize("language", ["en", "pl", "bg", "ru"])
@pytest.mark.parametrize("command", list(Command))
def test_every_answer_names_the_company_and_the_way_out(command: Command, language: str) -> None:
    text = answer(command, language, "Meadow & Sons", "support@meadow.example")
    assert "Meadow & Sons" in text
    assert "START" in text if command is Command.STOP else "STOP" in text
