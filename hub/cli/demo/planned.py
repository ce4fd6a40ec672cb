"""What the sample company's marketer plans: feasts, a text in four languages, a campaign that waits, a draft."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import lifecycle, steps
from hub.campaigns.lifecycle import Plan
from hub.campaigns.steps import Step
from hub.models.vocabulary import OccasionKind, Purpose, When
from hub.occasions import rules
from hub.occasions.rules import Wish
from hub.outbound.asking import Gate
from hub.texts import blocks, drafts, shelf

# Whose days are greeted besides birthdays; of several on one day the most personal.
_OCCASIONS = (
    Wish(OccasionKind.NAME_DAY, "Name days of Poland", "name-day", {"calendar": "PL"}, ("PL",)),
    Wish(OccasionKind.NAME_DAY, "Name days of Bulgaria", "name-day", {"calendar": "BG"}, ("BG",)),
    Wish(OccasionKind.FESTIVAL, "Christmas", "christmas", {"date": "12-25"}, ("PL", "BG", "GB")),
    Wish(OccasionKind.FESTIVAL, "Christmas in Russia", "christmas", {"date": "01-07"}, ("RU",)),
    Wish(OccasionKind.FESTIVAL, "Easter", "easter", {"church": "western", "days": 0}, ("PL", "GB")),
    Wish(OccasionKind.FESTIVAL, "Orthodox Easter", "easter", {"church": "orthodox", "days": 0}, ("BG", "RU")),
)

# By language: subject, what is said in a mail, and by SMS.
_ROSES = {
    "en": ("Is your garden ready for the frost?",
           "heap soil over the feet of your roses before the ground freezes, and cut them only in March. Fleece and "
           "twine are 10 percent cheaper for members of the club this week.",
           "Roses like warm feet: fleece and twine 10% off for club members this week. {{ company }}. STOP ends this."),
    "pl": ("Czy ogród jest gotowy na mróz?",
           "przed mrozem warto usypać kopczyki wokół róż, a przycinać je dopiero w marcu. W tym tygodniu "
           "agrowłóknina i sznurek są dla klubowiczów o 10 procent tańsze.",
           "Róże lubią ciepło: włóknina i sznurek -10% dla klubowiczów do niedzieli. {{ company }}. STOP wypisuje."),
    "bg": ("Готова ли е градината за студа?",
           "преди земята да замръзне, натрупайте пръст около розите, а ги режете чак през март. Тази седмица платното "
           "и връвта са с 10 процента по-евтини за членовете на клуба.",
           "Розите обичат топло: платно и връв с 10% отстъпка за клуба тази седмица. {{ company }}. СТОП отписва."),
    "ru": ("Готов ли сад к морозам?",
           "присыпьте розы землёй, пока она не замёрзла, а обрезайте их только в марте. На этой неделе укрывной "
           "материал и шпагат для членов клуба дешевле на 10 процентов.",
           "Розы любят тепло: укрывной материал и шпагат −10% для клуба до воскресенья. {{ company }}. СТОП отпишет."),
}  # fmt: skip
_GREETING = {"en": "Hello", "pl": "Dzień dobry", "bg": "Здравейте", "ru": "Здравствуйте"}
_CLUB = [{"field": "label", "op": "eq", "value": "club"}]
_ONCE = [{"field": "purchases", "op": "eq", "value": 1}, {"field": "purchase_days", "op": "gt", "value": 180}]


async def load(session: AsyncSession, *, marketer: int, gate: Gate, now: datetime) -> None:
    """Of customers that are there already."""
    for wish in _OCCASIONS:
        await rules.save(session, wish, now=now)
    name = await shelf.create(session, "Roses in winter", Purpose.MARKETING, staff_id=marketer, now=now)
    texts = {language: _variant(language) for language in _ROSES}
    seen = await drafts.keep(session, name, texts, seen=0, staff_id=marketer, now=now)
    version = await drafts.publish(session, name, seen=seen, staff_id=marketer, now=now)
    roses = Plan("Roses in winter, for the club", version.id, _CLUB)
    day = (now + timedelta(days=9)).replace(hour=9, minute=0, second=0, microsecond=0)
    planned = await lifecycle.create(session, roses, staff_id=marketer, now=now)
    await lifecycle.schedule(session, planned.id or 0, day, gate=gate, now=now)
    again = await lifecycle.create(session, Plan("Come back to us", version.id, _ONCE), staff_id=marketer, now=now)
    by_another = Step(timedelta(days=3), When.NO_REACTION, next_channel=True)
    await steps.arrange(session, again.id or 0, [by_another], now=now)


def _variant(language: str) -> dict[str, str]:
    subject, said, short = _ROSES[language]
    hello = f"{_GREETING[language]}{{% if customer.given_name %}}, {{{{ customer.given_name }}}}{{% endif %}}"
    ways = "{{ preferences_url }}\n{{ unsubscribe_url }}"
    mail = ""
    for block in ("heading", "text", "footer"):
        mail = blocks.added(mail, block, language=language, purpose=Purpose.MARKETING)
    for words in (subject, f"{hello}, {said}"):
        mail = mail.replace("…", words, 1)
    text = f"{hello},\n\n{said}\n\n{{{{ company }}}}\n\n--\n{ways}"
    return {"subject": subject, "body": text, "mjml": mail, "sms": short}
