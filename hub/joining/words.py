"""What somebody who signs up agrees to, and the message that asks whether it was they, by language.

What is agreed to goes into the ledger with the number of these words: it is raised (hub.customers.wordings) when
`purposes` or `consent` change. A form's own words have its own number behind that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hub.models.vocabulary import Kind, Purpose


@dataclass(frozen=True, slots=True)
class Words:
    language: str
    purposes: Mapping[Purpose, str]
    consent: str
    subject: str  # {company}
    mail: str  # {company}, {items}, {link}, {days}
    button: str  # where the link stands in HTML
    sms: str  # {company}, {items}, {link}

    def message(self, kind: Kind, company: str, items: Iterable[str], link: str, days: int) -> str:
        if kind is Kind.EMAIL:
            listed = "\n".join(f"– {item}" for item in items)
            return self.mail.format(company=company, items=listed, link=link, days=days)
        return self.sms.format(company=company, items=", ".join(items), link=link)


WORDS: Mapping[str, Words] = {
    "en": Words(
        language="en",
        purposes={Purpose.MARKETING: "News and offers", Purpose.GREETINGS: "Greetings on birthdays and holidays"},
        consent="You may write to me about this. I can stop it at any time, by a link in each message.",
        subject="Please confirm: {company}",
        mail="Hello,\n\nsomebody has asked {company} to write to this address about\n\n{items}\n\n"
        "If that was you, confirm it within {days} days:\n\n{link}\n\n"
        "If it was not, do nothing. Without a confirmation we do not write, and the request is deleted.\n",
        button="Yes, that was me",
        sms="{company}: did you ask for “{items}”? Confirm: {link} If not, do nothing.",
    ),
    "pl": Words(
        language="pl",
        purposes={Purpose.MARKETING: "Nowości i oferty", Purpose.GREETINGS: "Życzenia na urodziny i święta"},
        consent="Możecie do mnie pisać na ten temat. Mogę to w każdej chwili zatrzymać odnośnikiem z wiadomości.",
        subject="Prosimy o potwierdzenie: {company}",
        mail="Dzień dobry,\n\nktoś poprosił firmę {company} o wiadomości na ten adres na temat:\n\n{items}\n\n"
        "Jeśli to była Twoja prośba, potwierdź ją w ciągu {days} dni:\n\n{link}\n\n"
        "Jeśli nie, nic nie rób. Bez potwierdzenia nie piszemy, a prośba zostanie usunięta.\n",
        button="Tak, to moja prośba",
        sms="{company}: czy to Twoja prośba o „{items}”? Potwierdź: {link} Jeśli nie, nic nie rób.",
    ),
    "bg": Words(
        language="bg",
        purposes={
            Purpose.MARKETING: "Новини и предложения",
            Purpose.GREETINGS: "Поздравления за рожден ден и празници",
        },
        consent="Можете да ми пишете по тази тема. Мога да спра това по всяко време чрез връзка във всяко съобщение.",
        subject="Моля, потвърдете: {company}",
        mail="Здравейте,\n\nнякой е помолил {company} да пише на този адрес за:\n\n{items}\n\n"
        "Ако това сте били Вие, потвърдете в срок от {days} дни:\n\n{link}\n\n"
        "Ако не сте, не правете нищо. Без потвърждение не пишем и заявката се изтрива.\n",
        button="Да, аз поисках това",
        sms="{company}: Вие ли поискахте „{items}“? Потвърдете: {link} Ако не, не правете нищо.",
    ),
    "ru": Words(
        language="ru",
        purposes={
            Purpose.MARKETING: "Новости и предложения",
            Purpose.GREETINGS: "Поздравления с днём рождения и праздниками",
        },
        consent="Вы можете писать мне об этом. Я могу прекратить это в любой момент по ссылке в каждом сообщении.",
        subject="Пожалуйста, подтвердите: {company}",
        mail="Здравствуйте!\n\nКто-то попросил компанию {company} писать на этот адрес о следующем:\n\n{items}\n\n"
        "Если это были вы, подтвердите в течение {days} дней:\n\n{link}\n\n"
        "Если нет, ничего не делайте. Без подтверждения мы не пишем, а запрос удаляется.\n",
        button="Да, это моя просьба",
        sms="{company}: это вы просили «{items}»? Подтвердите: {link} Если нет, ничего не делайте.",
    ),
}
