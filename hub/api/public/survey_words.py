"""What the page about satisfaction says, in the languages the hub writes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.languages import PageWords
from hub.models.vocabulary import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(PageWords):
    questions: Mapping[Scale, str]
    ends: Mapping[Scale, tuple[str, str]]  # what the lowest and the highest number mean
    comment: str
    button: str
    choose: str
    long: str  # {length}, {most}
    too_often: str
    thanks: str


WORDS: Mapping[str, Words] = {
    "en": Words(
        language="en",
        title="Your opinion",
        questions={Scale.CSAT: "How satisfied are you with our help?", Scale.NPS: "Would you recommend us?"},
        ends={Scale.CSAT: ("not at all", "very"), Scale.NPS: ("never", "certainly")},
        comment="Anything you would like to add",
        button="Send",
        choose="Choose a number first.",
        long="Your words have {length} characters and {most} are kept. Please shorten them.",
        too_often="You have changed your answer very often. Please try again in a few minutes.",
        thanks="Thank you. Your answer is kept; you may change it by the same link.",
        broken="This link does not work any more. Open it from the message itself, or answer the message.",
        away="This does not work just now. Nothing was kept. Please try again in a few minutes.",
    ),
    "pl": Words(
        language="pl",
        title="Twoja opinia",
        questions={Scale.CSAT: "Jak oceniasz naszą pomoc?", Scale.NPS: "Czy nas polecisz?"},
        ends={Scale.CSAT: ("źle", "bardzo dobrze"), Scale.NPS: ("nigdy", "na pewno")},
        comment="Coś jeszcze?",
        button="Wyślij",
        choose="Najpierw wybierz liczbę.",
        long="Tekst ma {length} znaków, a zmieści się {most}. Prosimy go skrócić.",
        too_often="Odpowiedź zmieniano bardzo wiele razy. Spróbuj ponownie za kilka minut.",
        thanks="Dziękujemy. Odpowiedź jest zapisana; tym samym odnośnikiem można ją zmienić.",
        broken="Ten odnośnik już nie działa. Otwórz go z samej wiadomości albo odpisz na nią.",
        away="To w tej chwili nie działa. Niczego nie zapisano. Spróbuj ponownie za kilka minut.",
    ),
    "bg": Words(
        language="bg",
        title="Вашето мнение",
        questions={Scale.CSAT: "Колко сте доволни от помощта ни?", Scale.NPS: "Бихте ли ни препоръчали?"},
        ends={Scale.CSAT: ("никак", "много"), Scale.NPS: ("никога", "със сигурност")},
        comment="Искате ли да добавите нещо?",
        button="Изпратете",
        choose="Първо изберете число.",
        long="Текстът има {length} знака, а се побират {most}. Моля, съкратете го.",
        too_often="Отговорът е променян твърде често. Опитайте отново след няколко минути.",
        thanks="Благодарим Ви. Отговорът е записан; по същата връзка можете да го промените.",
        broken="Тази връзка вече не работи. Отворете я от самото съобщение или му отговорете.",
        away="В момента това не работи. Нищо не е запазено. Опитайте отново след няколко минути.",
    ),
    "ru": Words(
        language="ru",
        title="Ваше мнение",
        questions={Scale.CSAT: "Насколько вы довольны нашей помощью?", Scale.NPS: "Порекомендуете ли вы нас?"},
        ends={Scale.CSAT: ("совсем нет", "очень"), Scale.NPS: ("никогда", "обязательно")},
        comment="Хотите что-нибудь добавить?",
        button="Отправить",
        choose="Сначала выберите число.",
        long="В тексте {length} знаков, а помещается {most}. Пожалуйста, сократите его.",
        too_often="Ответ меняли слишком часто. Попробуйте ещё раз через несколько минут.",
        thanks="Спасибо. Ответ записан; по той же ссылке его можно изменить.",
        broken="Эта ссылка больше не работает. Откройте её из самого сообщения или ответьте на него.",
        away="Сейчас это не работает. Ничего не сохранено. Попробуйте ещё раз через несколько минут.",
    ),
}
