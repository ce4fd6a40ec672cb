"""What the preference centre says, in the languages the hub writes in.

What a customer chose goes into the ledger with the number of these words: it is raised (hub.customers.wordings) when
one of `purposes`, `channels`, `yes`, `no` or `stopped_all` changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.customers import wordings
from hub.languages import PageWords
from hub.models.vocabulary import Kind, Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(PageWords):
    intro: str
    purposes: Mapping[Purpose, str]
    about: Mapping[Purpose, str]
    channels: Mapping[Kind, str]
    yes: str
    no: str
    places: tuple[str, str, str]
    same_place: str  # {purpose}, {place}, {ways}
    order: str  # {purpose}, {ways}
    about_topics: str
    by_wish: str  # {number}
    shut: str
    nowhere: str
    pause: str
    about_pause: str
    pause_from: str
    pause_until: str
    quiet: str
    about_quiet: str
    quiet_from: str
    quiet_until: str
    tongue: str
    save: str
    saved: str
    same: str
    all_title: str
    all_about: str
    all_button: str
    stopped_all: str
    left: str
    bad_date: str
    past_date: str
    ends_first: str
    bad_hour: str
    half_hours: str
    same_hours: str
    over: str
    renew: str
    renewed: str
    new_subject: str  # {company}
    new_text: str  # {company}, {link}
    test: str
    too_often: str

    def wording(self, purpose: Purpose, kind: Kind, granted: bool) -> str:
        """What a customer has chosen, as the page said it."""
        return f"{self.purposes[purpose]} · {self.channels[kind]}: {self.yes if granted else self.no}"

    def topic_wording(self, title: str, granted: bool) -> str:
        return f"{self.purposes[Purpose.MARKETING]} · {title}: {self.yes if granted else self.no}"

    @property
    def version(self) -> str:
        return wordings.version("preferences", self.language)


WORDS: Mapping[str, Words] = {
    "en": Words(
        language="en",
        title="What you get from us",
        intro="Choose what we may send you, and by which way first. It holds as soon as you save.",
        purposes={
            Purpose.SERVICE: "Orders and questions",
            Purpose.REMINDERS: "Reminders",
            Purpose.GREETINGS: "Greetings",
            Purpose.MARKETING: "News and offers",
        },
        about={
            Purpose.SERVICE: "What you asked for. When you write to us, we answer whatever you choose here.",
            Purpose.REMINDERS: "Of your appointments.",
            Purpose.GREETINGS: "On your birthday and on holidays.",
            Purpose.MARKETING: "What is new with us.",
        },
        channels={Kind.EMAIL: "Email", Kind.SMS: "SMS", Kind.VOICE: "Telephone"},
        yes="yes",
        no="no",
        places=("Yes, first", "Yes, second", "Yes, third"),
        same_place="{purpose}: only one way can be “{place}”, and you chose it for {ways}. Give it to one of them.",
        order="{purpose}: {ways}, in this order.",
        about_topics="And about what:",
        by_wish="Stopped by an SMS from you. Send START to {number} to open it again.",
        shut="This address takes no such messages. Write to us if it should.",
        nowhere="We have no address of yours that works.",
        pause="A pause",
        about_pause="No greetings, news or offers in these days. Leave both empty for no pause.",
        pause_from="From",
        pause_until="To, this day included",
        quiet="Quiet hours",
        about_quiet="By your clock. Between these hours we do not disturb you. Leave both empty for our usual hours.",
        quiet_from="From",
        quiet_until="To",
        tongue="Language",
        save="Save",
        saved="Saved.",
        same="Nothing was different: nothing was changed.",
        all_title="Nothing at all",
        all_about="We send you nothing more by any way, no reminders either. When you write to us, we answer.",
        all_button="Stop everything",
        stopped_all="Stop everything: nothing more by any way, no reminders either. When you write to us, we answer.",
        left="Done. We send you nothing more by any way. When you write to us, we answer.",
        bad_date="“{value}” is not a date. Write it as 2030-12-31.",
        past_date="The pause would be over already. Choose a later day.",
        ends_first="The pause ends before it begins. Choose a later last day.",
        bad_hour="“{value}” is not a time of day. Write it as 21:30.",
        half_hours="Quiet hours need a beginning and an end. Fill in both, or neither.",
        same_hours="Quiet hours that begin and end at the same time are none. Choose another time.",
        broken="This link does not work. Open it from the message itself, or answer the message and tell us your wish.",
        over="This link was good for 90 days, and these are over. The newest message from us has a new one; or answer "
        "any message of ours and tell us your wish.",
        renew="Send me a new link",
        renewed="If we have an address of yours that we may write to, a message with a new link is on its way to it.",
        new_subject="Your link to what you get from us: {company}",
        new_text="You asked {company} for a new link to choose what you get from us:\n\n{link}\n\n"
        "If it was not you, do nothing.\n",
        test="This link stands in a test message. It changes nothing.",
        away="This does not work just now. Nothing was changed. Please try again in a few minutes.",
        too_often="That was often. Nothing was changed. Please try again in a few minutes.",
    ),
    "pl": Words(
        language="pl",
        title="Co od nas dostajesz",
        intro="Wybierz, co możemy Ci przysyłać i którą drogą najpierw. Obowiązuje od razu po zapisaniu.",
        purposes={
            Purpose.SERVICE: "Zamówienia i pytania",
            Purpose.REMINDERS: "Przypomnienia",
            Purpose.GREETINGS: "Życzenia",
            Purpose.MARKETING: "Nowości i oferty",
        },
        about={
            Purpose.SERVICE: "To, o co prosisz. Kiedy do nas napiszesz, odpowiemy niezależnie od wyboru.",
            Purpose.REMINDERS: "O Twoich terminach.",
            Purpose.GREETINGS: "Na urodziny i święta.",
            Purpose.MARKETING: "Co u nas nowego.",
        },
        channels={Kind.EMAIL: "E-mail", Kind.SMS: "SMS", Kind.VOICE: "Telefon"},
        yes="tak",
        no="nie",
        places=("Tak, najpierw", "Tak, jako drugie", "Tak, jako trzecie"),
        same_place="{purpose}: „{place}” może być tylko jedna droga, a wybrano {ways}. Zostaw to przy jednej z nich.",
        order="{purpose}: {ways}, w tej kolejności.",
        about_topics="A o czym:",
        by_wish="Zatrzymane Twoim SMS-em. Wyślij START na numer {number}, aby to odblokować.",
        shut="Ten adres nie przyjmuje takich wiadomości. Napisz do nas, jeśli powinien.",
        nowhere="Nie mamy żadnego Twojego adresu, który działa.",
        pause="Przerwa",
        about_pause="W tych dniach żadnych życzeń, nowości ani ofert. Puste pola: bez przerwy.",
        pause_from="Od",
        pause_until="Do, łącznie z tym dniem",
        quiet="Godziny ciszy",
        about_quiet="Według Twojego zegara. W tych godzinach nie przeszkadzamy. Puste pola: nasze zwykłe godziny.",
        quiet_from="Od",
        quiet_until="Do",
        tongue="Język",
        save="Zapisz",
        saved="Zapisano.",
        same="Nic się nie różniło: nic nie zmieniono.",
        all_title="Nic więcej",
        all_about="Nie wyślemy już nic żadną drogą, także przypomnień. Kiedy do nas napiszesz, odpowiemy.",
        all_button="Zatrzymaj wszystko",
        stopped_all="Zatrzymaj wszystko: nic więcej żadną drogą, także przypomnień. Kiedy do nas napiszesz, odpowiemy.",
        left="Gotowe. Nie wyślemy już nic żadną drogą. Kiedy do nas napiszesz, odpowiemy.",
        bad_date="„{value}” to nie data. Wpisz ją tak: 2030-12-31.",
        past_date="Ta przerwa już by się skończyła. Wybierz późniejszy dzień.",
        ends_first="Przerwa kończy się, zanim się zacznie. Wybierz późniejszy ostatni dzień.",
        bad_hour="„{value}” to nie godzina. Wpisz ją tak: 21:30.",
        half_hours="Godziny ciszy mają początek i koniec. Wypełnij oba pola albo żadne.",
        same_hours="Godziny ciszy, które zaczynają się i kończą o tej samej porze, to żadne. Wybierz inną godzinę.",
        broken="Ten odnośnik nie działa. Otwórz go z samej wiadomości albo odpisz na nią i napisz, czego chcesz.",
        over="Ten odnośnik był ważny 90 dni i już wygasł. Nowy znajdziesz w najnowszej wiadomości od nas; możesz też "
        "odpisać na dowolną z nich i napisać, czego chcesz.",
        renew="Wyślij mi nowy odnośnik",
        renewed="Jeśli mamy Twój adres, na który możemy pisać, wiadomość z nowym odnośnikiem jest już w drodze.",
        new_subject="Twój odnośnik do ustawień wiadomości: {company}",
        new_text="Oto nowy odnośnik, którym wybierzesz, co wysyła Ci {company}:\n\n{link}\n\n"
        "Jeśli to nie była Twoja prośba, nic nie rób.\n",
        test="Ten odnośnik pochodzi z wiadomości testowej. Niczego nie zmienia.",
        away="W tej chwili to nie działa. Nic się nie zmieniło. Spróbuj ponownie za kilka minut.",
        too_often="Za dużo zmian naraz. Nic się nie zmieniło. Spróbuj ponownie za kilka minut.",
    ),
    "bg": Words(
        language="bg",
        title="Какво получавате от нас",
        intro="Изберете какво можем да Ви изпращаме и по кой път първо. Важи веднага след запазването.",
        purposes={
            Purpose.SERVICE: "Поръчки и въпроси",
            Purpose.REMINDERS: "Напомняния",
            Purpose.GREETINGS: "Поздравления",
            Purpose.MARKETING: "Новини и предложения",
        },
        about={
            Purpose.SERVICE: "Това, което сте поискали. Когато ни пишете, отговаряме, каквото и да изберете тук.",
            Purpose.REMINDERS: "За Вашите часове.",
            Purpose.GREETINGS: "За рождения Ви ден и за празници.",
            Purpose.MARKETING: "Какво ново има при нас.",
        },
        channels={Kind.EMAIL: "Имейл", Kind.SMS: "SMS", Kind.VOICE: "Телефон"},
        yes="да",
        no="не",
        places=("Да, първо", "Да, второ", "Да, трето"),
        same_place="{purpose}: „{place}“ може да е само един път, а са избрани {ways}. Оставете го при един от тях.",
        order="{purpose}: {ways}, в този ред.",
        about_topics="И за какво:",
        by_wish="Спряно с Ваш SMS. Изпратете START на {number}, за да го отворите отново.",
        shut="Този адрес не приема такива съобщения. Пишете ни, ако трябва.",
        nowhere="Нямаме Ваш адрес, който работи.",
        pause="Пауза",
        about_pause="В тези дни без поздравления, новини и предложения. Празни полета: без пауза.",
        pause_from="От",
        pause_until="До този ден включително",
        quiet="Тихи часове",
        about_quiet="По Вашия часовник. В тези часове не Ви безпокоим. Празни полета: обичайните ни часове.",
        quiet_from="От",
        quiet_until="До",
        tongue="Език",
        save="Запазване",
        saved="Запазено.",
        same="Нямаше разлика: нищо не е променено.",
        all_title="Нищо повече",
        all_about="Няма да Ви изпращаме нищо по никакъв път, нито напомняния. Когато ни пишете, отговаряме.",
        all_button="Спрете всичко",
        stopped_all="Спрете всичко: нищо повече по никакъв път, нито напомняния. Когато ни пишете, отговаряме.",
        left="Готово. Няма да Ви изпращаме нищо повече по никакъв път. Когато ни пишете, отговаряме.",
        bad_date="„{value}“ не е дата. Напишете я така: 2030-12-31.",
        past_date="Паузата вече щеше да е свършила. Изберете по-късен ден.",
        ends_first="Паузата свършва, преди да започне. Изберете по-късен последен ден.",
        bad_hour="„{value}“ не е час. Напишете го така: 21:30.",
        half_hours="Тихите часове имат начало и край. Попълнете и двете полета или нито едно.",
        same_hours="Тихи часове, които започват и свършват по едно и също време, няма. Изберете друг час.",
        broken="Тази връзка не работи. Отворете я от самото съобщение или му отговорете и ни кажете какво желаете.",
        over="Тази връзка важеше 90 дни и те минаха. Нова има в най-новото ни съобщение; или отговорете на кое да е "
        "наше съобщение и ни кажете какво желаете.",
        renew="Изпратете ми нова връзка",
        renewed="Ако имаме Ваш адрес, на който можем да пишем, съобщение с нова връзка вече пътува към него.",
        new_subject="Вашата връзка към избора на съобщения: {company}",
        new_text="Ето новата връзка, с която избирате какво да получавате от {company}:\n\n{link}\n\n"
        "Ако не сте я поискали Вие, не правете нищо.\n",
        test="Тази връзка е от пробно съобщение. Тя не променя нищо.",
        away="В момента това не работи. Нищо не е променено. Опитайте отново след няколко минути.",
        too_often="Твърде много промени наведнъж. Нищо не е променено. Опитайте отново след няколко минути.",
    ),
    "ru": Words(
        language="ru",
        title="Что Вы от нас получаете",
        intro="Выберите, что мы можем Вам присылать и каким путём сначала. Действует сразу после сохранения.",
        purposes={
            Purpose.SERVICE: "Заказы и вопросы",
            Purpose.REMINDERS: "Напоминания",
            Purpose.GREETINGS: "Поздравления",
            Purpose.MARKETING: "Новости и предложения",
        },
        about={
            Purpose.SERVICE: "То, о чём Вы просили. Когда Вы нам пишете, мы отвечаем, что бы здесь ни было выбрано.",
            Purpose.REMINDERS: "О Ваших записях.",
            Purpose.GREETINGS: "С днём рождения и с праздниками.",
            Purpose.MARKETING: "Что у нас нового.",
        },
        channels={Kind.EMAIL: "Электронная почта", Kind.SMS: "SMS", Kind.VOICE: "Телефон"},
        yes="да",
        no="нет",
        places=("Да, сначала", "Да, во вторую очередь", "Да, в третью очередь"),
        same_place="{purpose}: «{place}» может быть только у одного пути, а выбраны {ways}. Оставьте у одного из них.",
        order="{purpose}: {ways}, в этом порядке.",
        about_topics="И о чём:",
        by_wish="Остановлено Вашим SMS. Отправьте START на номер {number}, чтобы открыть снова.",
        shut="Этот адрес не принимает таких сообщений. Напишите нам, если должен.",
        nowhere="У нас нет Вашего адреса, который работает.",
        pause="Перерыв",
        about_pause="В эти дни без поздравлений, новостей и предложений. Пустые поля: без перерыва.",
        pause_from="С",
        pause_until="По этот день включительно",
        quiet="Тихие часы",
        about_quiet="По Вашим часам. В это время мы Вас не беспокоим. Пустые поля: наши обычные часы.",
        quiet_from="С",
        quiet_until="До",
        tongue="Язык",
        save="Сохранить",
        saved="Сохранено.",
        same="Различий не было: ничего не изменено.",
        all_title="Больше ничего",
        all_about="Мы больше ничего не пришлём никаким путём, напоминаний тоже. Когда Вы нам напишете, мы ответим.",
        all_button="Остановить всё",
        stopped_all="Остановить всё: больше ничего никаким путём, напоминаний тоже. Когда Вы нам напишете, мы ответим.",
        left="Готово. Мы больше ничего не пришлём никаким путём. Когда Вы нам напишете, мы ответим.",
        bad_date="«{value}» — не дата. Напишите её так: 2030-12-31.",
        past_date="Такой перерыв уже закончился бы. Выберите более поздний день.",
        ends_first="Перерыв кончается раньше, чем начинается. Выберите более поздний последний день.",
        bad_hour="«{value}» — не время. Напишите его так: 21:30.",
        half_hours="У тихих часов есть начало и конец. Заполните оба поля или ни одного.",
        same_hours="Тихие часы, которые начинаются и кончаются в одно время, — никакие. Выберите другое время.",
        broken="Эта ссылка не работает. Откройте её из самого сообщения или ответьте на него и скажите, чего хотите.",
        over="Эта ссылка действовала 90 дней, и они прошли. Новая есть в самом свежем нашем сообщении; или ответьте на "
        "любое наше сообщение и скажите, чего Вы хотите.",
        renew="Пришлите мне новую ссылку",
        renewed="Если у нас есть Ваш адрес, на который можно писать, сообщение с новой ссылкой уже отправлено.",
        new_subject="Ваша ссылка для выбора сообщений: {company}",
        new_text="Вот новая ссылка, по которой можно выбрать, что присылает Вам {company}:\n\n{link}\n\n"
        "Если это просили не Вы, ничего не делайте.\n",
        test="Эта ссылка из пробного сообщения. Она ничего не меняет.",
        away="Сейчас это не работает. Ничего не изменилось. Попробуйте ещё раз через несколько минут.",
        too_often="Слишком много изменений сразу. Ничего не изменилось. Попробуйте ещё раз через несколько минут.",
    ),
}
