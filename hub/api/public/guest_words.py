"""What the page says at which guests answer an invitation, in the languages the hub writes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.api.public import answering
from hub.models.vocabulary import GuestState


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(answering.Words):
    host: str
    states: Mapping[GuestState, str]
    full: str
    yes: str
    no: str


def _states(asked: str, coming: str, waiting: str, not_coming: str) -> Mapping[GuestState, str]:
    said = {GuestState.COMING: coming, GuestState.WAITING: waiting, GuestState.NOT_COMING: not_coming}
    return dict.fromkeys(GuestState, asked) | said


WORDS: Mapping[str, Words] = {
    "en": Words(
        language="en",
        title="Your invitation",
        place="Place",
        host="Host",
        states=_states(
            "Are you coming? Please tell us.",
            "You are on the list. We look forward to seeing you.",
            "All seats are taken: you are on the waiting list. We will write as soon as a seat is free.",
            "You are not coming. Thank you for telling us.",
        ),
        full="All seats are taken. Say yes and you are on the waiting list.",
        yes="I will come",
        no="I will not come",
        calendar="Add to my calendar",
        moved="The event was changed meanwhile. Please look at the new time first.",
        choose="Please choose one of the answers.",
        gone="This event has begun or is over. Write to us if you have a question.",
        called_off="This event does not take place: we had to call it off. Write to us if you have a question.",
        broken="This link does not work. Open it from the message itself, or answer the message.",
        test="This is the link of a test message: it belongs to nobody.",
        away="We cannot be reached for a moment. Please try again in a minute.",
        too_often="You have changed your answer very often. Please try again in a few minutes.",
    ),
    "pl": Words(
        language="pl",
        title="Twoje zaproszenie",
        place="Miejsce",
        host="Gospodarz",
        states=_states(
            "Czy przyjdziesz? Prosimy o odpowiedź.",
            "Jesteś na liście. Do zobaczenia.",
            "Wszystkie miejsca są zajęte: jesteś na liście oczekujących. Napiszemy, gdy zwolni się miejsce.",
            "Nie przyjdziesz. Dziękujemy za informację.",
        ),
        full="Wszystkie miejsca są zajęte. Potwierdź, a trafisz na listę oczekujących.",
        yes="Przyjdę",
        no="Nie przyjdę",
        calendar="Dodaj do kalendarza",
        moved="Termin w międzyczasie zmieniono. Prosimy najpierw sprawdzić nowy.",
        choose="Wybierz jedną z odpowiedzi.",
        gone="To wydarzenie już się zaczęło lub minęło. W razie pytań napisz do nas.",
        called_off="To wydarzenie się nie odbędzie: musieliśmy je odwołać. W razie pytań napisz do nas.",
        broken="Ten odnośnik nie działa. Otwórz go z samej wiadomości albo odpisz na nią.",
        test="To odnośnik z wiadomości próbnej: nie należy do nikogo.",
        away="Chwilowo nie można się z nami połączyć. Spróbuj ponownie za minutę.",
        too_often="Odpowiedź zmieniano bardzo wiele razy. Spróbuj ponownie za kilka minut.",
    ),
    "bg": Words(
        language="bg",
        title="Вашата покана",
        place="Място",
        host="Домакин",
        states=_states(
            "Ще дойдете ли? Моля, кажете ни.",
            "Вие сте в списъка. Ще Ви очакваме.",
            "Всички места са заети: Вие сте в списъка на чакащите. Ще Ви пишем, щом се освободи място.",
            "Няма да дойдете. Благодарим, че ни казахте.",
        ),
        full="Всички места са заети. Потвърдете и ще бъдете в списъка на чакащите.",
        yes="Ще дойда",
        no="Няма да дойда",
        calendar="Добавете в календара",
        moved="Междувременно събитието е променено. Моля, първо вижте новия час.",
        choose="Моля, изберете един от отговорите.",
        gone="Това събитие вече е започнало или е минало. Пишете ни, ако имате въпрос.",
        called_off="Това събитие няма да се състои: наложи се да го отменим. Пишете ни, ако имате въпрос.",
        broken="Тази връзка не работи. Отворете я от самото съобщение или му отговорете.",
        test="Това е връзка от пробно съобщение: тя не е ничия.",
        away="В момента нямате връзка с нас. Моля, опитайте отново след минута.",
        too_often="Отговорът е променян твърде често. Опитайте отново след няколко минути.",
    ),
    "ru": Words(
        language="ru",
        title="Ваше приглашение",
        place="Место",
        host="Принимает",
        states=_states(
            "Придёте ли вы? Пожалуйста, сообщите нам.",
            "Вы в списке. Ждём вас.",
            "Все места заняты: вы в листе ожидания. Мы напишем, как только место освободится.",
            "Вы не придёте. Спасибо, что сообщили.",
        ),
        full="Все места заняты. Подтвердите, и вы попадёте в лист ожидания.",
        yes="Я приду",
        no="Я не приду",
        calendar="Добавить в календарь",
        moved="Тем временем событие изменено. Сначала посмотрите новое время.",
        choose="Пожалуйста, выберите один из ответов.",
        gone="Это событие уже началось или прошло. Напишите нам, если есть вопрос.",
        called_off="Это событие не состоится: нам пришлось его отменить. Напишите нам, если есть вопрос.",
        broken="Эта ссылка не работает. Откройте её из самого сообщения или ответьте на него.",
        test="Это ссылка из пробного сообщения: она никому не принадлежит.",
        away="Сейчас с нами нет связи. Попробуйте ещё раз через минуту.",
        too_often="Ответ меняли слишком часто. Попробуйте ещё раз через несколько минут.",
    ),
}
