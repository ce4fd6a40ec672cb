"""What comes in on an ordinary morning, in four languages, and what the desk has made of it by the time you look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub.conversations import assignment, notes


@dataclass(frozen=True, slots=True)
class Word:
    """`number`: which of the sample company's people writes. `subject` empty: by SMS."""

    number: int
    text: str
    subject: str = ""

    @property
    def kind(self) -> Kind:
        return Kind.EMAIL if self.subject else Kind.SMS


BROKEN = Word(
    8,
    "Hello,\n\nthe parcel came this morning, but two of the six lanterns are broken at the handle. Could you send two "
    "new ones, or take the money off the bill?\n\nKind regards",
    "Two lanterns arrived broken",
)
POT = Word(
    9,
    "Dzień dobry,\n\ndonica, którą kupiłam w maju, pękła po pierwszym mrozie, choć miała być mrozoodporna. Proszę "
    "o wymianę albo zwrot pieniędzy.\n\nPozdrawiam",
    "Reklamacja: pęknięta donica",
)
TREES = Word(
    6,
    "Здравейте,\n\nискам да засадя дванадесет ябълкови дръвчета. Кой сорт е подходящ за високо място и кога да ги "
    "поръчам?\n\nПоздрави",
    "Ябълкови дръвчета за двор на 900 метра",
)
BILL = Word(
    7,
    "Добрый день!\n\nПришлите, пожалуйста, счёт на организацию, реквизиты те же, что в прошлом году.\n\nСпасибо",
    "Счёт на организацию",
)
GREEN = Word(12, "Hi, can I still change my order to the green one?")
WORDS = (
    TREES,
    BILL,
    Word(13, "Dzień dobry, o której jutro będzie kurier?"),
    BROKEN,
    Word(10, "Може ли да взема поръчката от магазина в събота?"),
    POT,
    Word(11, "Спасибо, всё пришло целым!"),
    GREEN,
)
ANSWER = "Of course: it is changed, and leaves tomorrow. Maria"


async def sort(
    session: AsyncSession, found: dict[int, tuple[UUID, UUID]], *, agent: int, colleague: int, lead: int, now: datetime
) -> None:
    """Give the morning's conversations out. `found`: customer and conversation by the number of who wrote."""
    for word, whose in ((BROKEN, agent), (POT, agent), (TREES, colleague), (GREEN, agent)):
        await assignment.assign(session, found[word.number][1], whose)
    customer, conversation = found[POT.number]
    text = "@Maria Petrova the same glaze again. If the picture shows a crack from the rim, send her a new one."
    await notes.add(session, customer, conversation, text, staff_id=lead, now=now)
    await assignment.snooze(session, found[BILL.number][1], now + timedelta(hours=20))
