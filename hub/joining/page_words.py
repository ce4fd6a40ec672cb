"""What the pages of sign-up forms say, in the languages the hub writes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.languages import PageWords


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(PageWords):
    what: str
    email: str
    phone: str
    either: str
    name: str
    tongue: str
    empty: str  # the field that no person sees
    button: str
    nearly: str  # {days}
    sure: str
    yes: str
    done: str
    over: str
    closed: str
    no_address: str
    two_addresses: str
    bad_email: str
    bad_phone: str
    no_item: str
    no_name: str
    long_name: str  # {most}
    changed: str
    too_often: str


WORDS: Mapping[str, Words] = {
    "en": Words(
        language="en",
        title="Sign up",
        what="What may we write to you about?",
        email="Email address",
        phone="Mobile number, with the country code",
        either="Fill in one of the two.",
        name="Name",
        tongue="Language",
        empty="Leave this empty",
        button="Sign up",
        nearly="Nearly done. If we may write to this address, a message with a link is on its way to it. Open the link "
        "within {days} days; nothing is sent to you before.",
        sure="Was it you who asked for this?",
        yes="Yes, that was me",
        done="Thank you. It is confirmed. Every message has a link by which you can stop it.",
        over="This link is over. Fill in the form again if you still want it.",
        broken="This link does not work. Open it from the message itself.",
        closed="There is no such form any more.",
        no_address="Write where the messages should go.",
        two_addresses="Fill in the address or the number, not both.",
        bad_email="“{value}” is not an email address. Correct it.",
        bad_phone="“{value}” is not a telephone number. Write it with the country code, as in +48601123456.",
        no_item="Tick at least one thing.",
        no_name="Write your name.",
        long_name="The name is too long. Write at most {most} characters.",
        changed="The words of this form have changed. Please read them and send it again.",
        too_often="This form was sent very often from your network. Please try again in a few minutes.",
        away="This does not work just now. Nothing was kept. Please try again in a few minutes.",
    ),
    "pl": Words(
        language="pl",
        title="Zapisz się",
        what="O czym możemy do Ciebie pisać?",
        email="Adres e-mail",
        phone="Numer komórkowy z numerem kierunkowym kraju",
        either="Wypełnij jedno z dwóch pól.",
        name="Imię i nazwisko",
        tongue="Język",
        empty="Zostaw to pole puste",
        button="Zapisz mnie",
        nearly="Prawie gotowe. Jeśli możemy pisać na ten adres, wiadomość z odnośnikiem jest już w drodze. Otwórz "
        "odnośnik w ciągu {days} dni; wcześniej niczego nie wyślemy.",
        sure="Czy to była Twoja prośba?",
        yes="Tak, to ja",
        done="Dziękujemy. Potwierdzone. W każdej wiadomości jest odnośnik, którym można ją zatrzymać.",
        over="Ten odnośnik stracił ważność. Wypełnij formularz ponownie, jeśli nadal chcesz się zapisać.",
        broken="Ten odnośnik nie działa. Otwórz go z samej wiadomości.",
        closed="Tego formularza już nie ma.",
        no_address="Podaj, dokąd mają przychodzić wiadomości.",
        two_addresses="Wypełnij adres albo numer, nie oba pola.",
        bad_email="„{value}” nie jest adresem e-mail. Popraw go.",
        bad_phone="„{value}” nie jest numerem telefonu. Podaj go z numerem kraju, na przykład +48601123456.",
        no_item="Zaznacz co najmniej jedną rzecz.",
        no_name="Podaj imię i nazwisko.",
        long_name="Imię i nazwisko są za długie. Wpisz najwyżej {most} znaków.",
        changed="Treść tego formularza się zmieniła. Przeczytaj ją i wyślij formularz ponownie.",
        too_often="Z Twojej sieci wysłano ten formularz bardzo wiele razy. Spróbuj ponownie za kilka minut.",
        away="To w tej chwili nie działa. Niczego nie zapisano. Spróbuj ponownie za kilka minut.",
    ),
    "bg": Words(
        language="bg",
        title="Абонирайте се",
        what="За какво можем да Ви пишем?",
        email="Имейл адрес",
        phone="Мобилен номер с кода на държавата",
        either="Попълнете едно от двете.",
        name="Име",
        tongue="Език",
        empty="Оставете това поле празно",
        button="Абонирайте ме",
        nearly="Почти готово. Ако можем да пишем на този адрес, съобщение с връзка вече пътува към него. Отворете "
        "връзката в срок от {days} дни; преди това няма да изпращаме нищо.",
        sure="Вие ли поискахте това?",
        yes="Да, аз бях",
        done="Благодарим Ви. Потвърдено е. Във всяко съобщение има връзка, с която можете да го спрете.",
        over="Тази връзка вече не е валидна. Попълнете формуляра отново, ако още желаете.",
        broken="Тази връзка не работи. Отворете я от самото съобщение.",
        closed="Такъв формуляр вече няма.",
        no_address="Напишете къде да идват съобщенията.",
        two_addresses="Попълнете адреса или номера, не и двете.",
        bad_email="„{value}“ не е имейл адрес. Поправете го.",
        bad_phone="„{value}“ не е телефонен номер. Напишете го с кода на държавата, например +48601123456.",
        no_item="Отбележете поне едно нещо.",
        no_name="Напишете името си.",
        long_name="Името е твърде дълго. Напишете най-много {most} знака.",
        changed="Текстът на този формуляр е променен. Прочетете го и го изпратете отново.",
        too_often="От Вашата мрежа този формуляр е изпращан твърде често. Опитайте отново след няколко минути.",
        away="В момента това не работи. Нищо не е запазено. Опитайте отново след няколко минути.",
    ),
    "ru": Words(
        language="ru",
        title="Подписка",
        what="О чём вам можно писать?",
        email="Адрес электронной почты",
        phone="Номер мобильного телефона с кодом страны",
        either="Заполните одно из двух полей.",
        name="Имя",
        tongue="Язык",
        empty="Оставьте это поле пустым",
        button="Подписаться",
        nearly="Почти готово. Если на этот адрес можно писать, сообщение со ссылкой уже отправлено. Откройте ссылку "
        "в течение {days} дней; до этого мы ничего не пришлём.",
        sure="Это были вы?",
        yes="Да, это я",
        done="Спасибо. Подписка подтверждена. В каждом сообщении есть ссылка, по которой можно отказаться.",
        over="Срок действия этой ссылки истёк. Если вы всё ещё хотите подписаться, заполните форму ещё раз.",
        broken="Эта ссылка не работает. Откройте её из самого сообщения.",
        closed="Такой формы больше нет.",
        no_address="Укажите, куда присылать сообщения.",
        two_addresses="Заполните либо адрес, либо номер.",
        bad_email="«{value}» — это не адрес электронной почты. Исправьте его.",
        bad_phone="«{value}» — это не номер телефона. Напишите его с кодом страны, например +48601123456.",
        no_item="Отметьте хотя бы один пункт.",
        no_name="Напишите ваше имя.",
        long_name="Имя слишком длинное. Напишите не больше {most} знаков.",
        changed="Текст этой формы изменился. Прочитайте его и отправьте форму ещё раз.",
        too_often="Из вашей сети эту форму отправляли слишком часто. Попробуйте ещё раз через несколько минут.",
        away="Сейчас это не работает. Ничего не сохранено. Попробуйте ещё раз через несколько минут.",
    ),
}
