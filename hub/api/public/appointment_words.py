"""What the page says at which customers answer for an appointment, in the languages the hub writes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.api.public import answering
from hub.models.vocabulary import AppointmentState


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(answering.Words):
    states: Mapping[AppointmentState, str]
    confirm: str
    cancel: str
    another: str
    wish: str
    ask: str
    long: str


WORDS: Mapping[str, Words] = {
    "en": Words(
        language="en",
        title="Your appointment",
        place="Place",
        states={
            AppointmentState.PLANNED: "Can you come? Please tell us.",
            AppointmentState.CONFIRMED: "You have confirmed. We look forward to seeing you.",
            AppointmentState.TO_MOVE: "You asked for another time. We will get in touch with you.",
            AppointmentState.CANCELLED: "This appointment is cancelled. Write to us if you want a new one.",
        },
        confirm="I will come",
        cancel="Cancel the appointment",
        another="Another time",
        wish="When would suit you? You need not say.",
        ask="Ask for another time",
        calendar="Add to my calendar",
        moved="The appointment was moved meanwhile. Please look at the new time first.",
        long="That is too long: at most {most} letters.",
        choose="Please choose one of the answers.",
        gone="This appointment has begun or is over. Write to us if there is anything left to settle.",
        broken="This link does not work. Open it from the message itself, or answer the message.",
        test="This is the link of a test message: it belongs to nobody.",
        away="We cannot be reached for a moment. Please try again in a minute.",
        too_often="You have changed your answer very often. Please try again in a few minutes.",
    ),
    "pl": Words(
        language="pl",
        title="Twoja wizyta",
        place="Miejsce",
        states={
            AppointmentState.PLANNED: "Czy ten termin pasuje? Prosimy o odpowiedź.",
            AppointmentState.CONFIRMED: "Wizyta jest potwierdzona. Do zobaczenia.",
            AppointmentState.TO_MOVE: "Prośba o inny termin jest zapisana. Skontaktujemy się z Tobą.",
            AppointmentState.CANCELLED: "Ta wizyta jest odwołana. Napisz do nas, jeśli chcesz umówić nową.",
        },
        confirm="Potwierdzam",
        cancel="Odwołuję wizytę",
        another="Inny termin",
        wish="Jaki termin byłby dobry? Nie trzeba odpowiadać.",
        ask="Proszę o inny termin",
        calendar="Dodaj do kalendarza",
        moved="Termin wizyty został w międzyczasie zmieniony. Prosimy najpierw sprawdzić nowy.",
        long="To za długie: najwyżej {most} znaków.",
        choose="Wybierz jedną z odpowiedzi.",
        gone="Ta wizyta już się zaczęła lub minęła. W razie pytań napisz do nas.",
        broken="Ten odnośnik nie działa. Otwórz go z samej wiadomości albo odpisz na nią.",
        test="To odnośnik z wiadomości próbnej: nie należy do nikogo.",
        away="Chwilowo nie można się z nami połączyć. Spróbuj ponownie za minutę.",
        too_often="Odpowiedź zmieniano bardzo wiele razy. Spróbuj ponownie za kilka minut.",
    ),
    "bg": Words(
        language="bg",
        title="Вашият час",
        place="Място",
        states={
            AppointmentState.PLANNED: "Ще дойдете ли? Моля, кажете ни.",
            AppointmentState.CONFIRMED: "Потвърдихте. Ще Ви очакваме.",
            AppointmentState.TO_MOVE: "Поискахте друг час. Ще се свържем с Вас.",
            AppointmentState.CANCELLED: "Този час е отменен. Пишете ни, ако желаете нов.",
        },
        confirm="Ще дойда",
        cancel="Отменям часа",
        another="Друг час",
        wish="Кога Ви е удобно? Не е задължително да отговаряте.",
        ask="Искам друг час",
        calendar="Добавете в календара",
        moved="Междувременно часът е преместен. Моля, първо вижте новия.",
        long="Твърде дълго: най-много {most} знака.",
        choose="Моля, изберете един от отговорите.",
        gone="Този час вече е започнал или е минал. Пишете ни, ако има нещо за уреждане.",
        broken="Тази връзка не работи. Отворете я от самото съобщение или му отговорете.",
        test="Това е връзка от пробно съобщение: тя не е ничия.",
        away="В момента нямате връзка с нас. Моля, опитайте отново след минута.",
        too_often="Отговорът е променян твърде често. Опитайте отново след няколко минути.",
    ),
    "ru": Words(
        language="ru",
        title="Ваша запись",
        place="Место",
        states={
            AppointmentState.PLANNED: "Сможете ли вы прийти? Пожалуйста, сообщите нам.",
            AppointmentState.CONFIRMED: "Вы подтвердили запись. Ждём вас.",
            AppointmentState.TO_MOVE: "Вы попросили другое время. Мы свяжемся с вами.",
            AppointmentState.CANCELLED: "Эта запись отменена. Напишите нам, если хотите записаться снова.",
        },
        confirm="Я приду",
        cancel="Отменить запись",
        another="Другое время",
        wish="Какое время вам подошло бы? Отвечать не обязательно.",
        ask="Попросить другое время",
        calendar="Добавить в календарь",
        moved="Тем временем запись перенесена. Сначала посмотрите новое время.",
        long="Слишком длинно: не более {most} знаков.",
        choose="Пожалуйста, выберите один из ответов.",
        gone="Время этой записи уже наступило или прошло. Напишите нам, если остались вопросы.",
        broken="Эта ссылка не работает. Откройте её из самого сообщения или ответьте на него.",
        test="Это ссылка из пробного сообщения: она никому не принадлежит.",
        away="Сейчас с нами нет связи. Попробуйте ещё раз через минуту.",
        too_often="Ответ меняли слишком часто. Попробуйте ещё раз через несколько минут.",
    ),
}
