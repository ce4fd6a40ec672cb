"""What the unsubscribe page says, in the languages the hub writes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from channels.message import Kind
from hub.languages import PageWords
from hub.models.vocabulary import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(PageWords):
    sentence: str  # {purpose} {channel}
    button: str
    done: str
    press: str
    no_link: str
    test: str
    choose: str
    too_often: str
    purposes: Mapping[Purpose, str]
    channels: Mapping[Kind, str]

    def what(self, purpose: Purpose, channel: Kind) -> str:
        """What pressing the button stops."""
        return self.sentence.format(purpose=self.purposes[purpose], channel=self.channels[channel])


WORDS: Mapping[str, Words] = {
    "en": Words(
        language="en",
        title="Unsubscribe",
        sentence="Press the button if you no longer want {purpose} from us {channel}.",
        button="Stop these messages",
        done="Done. You will get no more of these messages.",
        press="Nothing was changed. Open the link from the message again and press the button.",
        broken="This link does not work. Open it from the message itself, or answer the message and tell us to stop.",
        no_link="This link does not work. Open it from the message itself.",
        test="This link stands in a test message. It changes nothing.",
        choose="Choose what you get from us, and by which way",
        away="This does not work just now. Nothing was changed. Please try again in a few minutes.",
        too_often="Too many links that do not work were opened from here. Please try again in a few minutes.",
        purposes={
            Purpose.SERVICE: "messages about your orders and questions",
            Purpose.REMINDERS: "reminders",
            Purpose.GREETINGS: "greetings",
            Purpose.MARKETING: "news and offers",
        },
        channels={Kind.EMAIL: "by email", Kind.SMS: "by SMS", Kind.VOICE: "by telephone"},
    ),
    "pl": Words(
        language="pl",
        title="Rezygnacja",
        sentence="Naciśnij przycisk, jeśli nie chcesz już otrzymywać od nas {purpose} {channel}.",
        button="Nie chcę tych wiadomości",
        done="Gotowe. Nie wyślemy już takich wiadomości.",
        press="Nic się nie zmieniło. Otwórz jeszcze raz odnośnik z wiadomości i naciśnij przycisk.",
        broken="Ten odnośnik nie działa. Otwórz go z samej wiadomości albo odpisz na nią, że rezygnujesz.",
        no_link="Ten odnośnik nie działa. Otwórz go z samej wiadomości.",
        test="Ten odnośnik pochodzi z wiadomości testowej. Niczego nie zmienia.",
        choose="Wybierz, co od nas dostajesz i którą drogą",
        away="W tej chwili to nie działa. Nic się nie zmieniło. Spróbuj ponownie za kilka minut.",
        too_often="Otwarto stąd zbyt wiele odnośników, które nie działają. Spróbuj ponownie za kilka minut.",
        purposes={
            Purpose.SERVICE: "wiadomości o zamówieniach i pytaniach",
            Purpose.REMINDERS: "przypomnień",
            Purpose.GREETINGS: "życzeń",
            Purpose.MARKETING: "nowości i ofert",
        },
        channels={Kind.EMAIL: "e-mailem", Kind.SMS: "SMS-em", Kind.VOICE: "telefonicznie"},
    ),
    "bg": Words(
        language="bg",
        title="Отписване",
        sentence="Натиснете бутона, ако вече не искате да получавате от нас {purpose} {channel}.",
        button="Спрете тези съобщения",
        done="Готово. Няма да получавате повече такива съобщения.",
        press="Нищо не е променено. Отворете отново връзката от съобщението и натиснете бутона.",
        broken="Тази връзка не работи. Отворете я от самото съобщение или му отговорете, че се отписвате.",
        no_link="Тази връзка не работи. Отворете я от самото съобщение.",
        test="Тази връзка е от пробно съобщение. Тя не променя нищо.",
        choose="Изберете какво получавате от нас и по кой път",
        away="В момента това не работи. Нищо не е променено. Опитайте отново след няколко минути.",
        too_often="Оттук са отворени твърде много връзки, които не работят. Опитайте отново след няколко минути.",
        purposes={
            Purpose.SERVICE: "съобщения за поръчки и въпроси",
            Purpose.REMINDERS: "напомняния",
            Purpose.GREETINGS: "поздравления",
            Purpose.MARKETING: "новини и предложения",
        },
        channels={Kind.EMAIL: "по имейл", Kind.SMS: "чрез SMS", Kind.VOICE: "по телефона"},
    ),
    "ru": Words(
        language="ru",
        title="Отписаться",
        sentence="Нажмите кнопку, если больше не хотите получать от нас {purpose} {channel}.",
        button="Больше не присылать",
        done="Готово. Таких сообщений больше не будет.",
        press="Ничего не изменилось. Откройте ссылку из сообщения ещё раз и нажмите кнопку.",
        broken="Эта ссылка не работает. Откройте её из самого сообщения или ответьте на него, что отписываетесь.",
        no_link="Эта ссылка не работает. Откройте её из самого сообщения.",
        test="Эта ссылка из пробного сообщения. Она ничего не меняет.",
        choose="Выбрать, что Вы от нас получаете и каким путём",
        away="Сейчас это не работает. Ничего не изменилось. Попробуйте ещё раз через несколько минут.",
        too_often="Отсюда открыли слишком много нерабочих ссылок. Попробуйте ещё раз через несколько минут.",
        purposes={
            Purpose.SERVICE: "сообщения о заказах и вопросах",
            Purpose.REMINDERS: "напоминания",
            Purpose.GREETINGS: "поздравления",
            Purpose.MARKETING: "новости и предложения",
        },
        channels={Kind.EMAIL: "по электронной почте", Kind.SMS: "по SMS", Kind.VOICE: "по телефону"},
    ),
}
