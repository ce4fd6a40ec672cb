"""What people write on the benches' desk: words of four languages, as often as a language has them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

VOCABULARY, SPOKEN = 15_000, 400_000  # words of each language; how long it is spoken before it begins again

# The most frequent ones are real: those that a desk is asked for. Rarer ones are made of a language's syllables.
_FREQUENT: Mapping[str, str] = {
    "en": "the to of and a is you we for it on please thank order with not have this my was that be in your delivery "
    "hello invoice at amount are can from as regards number when has day returned parcel question still twice agreed",
    "pl": "i w na do nie się z jest że dzień dobry to o za proszę dziękuję zamówienie od czy po faktura jak mi już "
    "pozdrawiam numer dla paczka państwa mam kwota jeszcze przesyłka reklamacja zwrot umowa został będzie środę",
    "bg": "и на да за в от се не с е по си ще моля благодаря поръчка като до ми че фактура сте здравейте кога номер "
    "това още пратка имам сума при доставка въпрос договор връщане беше днес две",
    "ru": "и в не на с я что по это как за к у спасибо пожалуйста заказ от мы до уже здравствуйте счёт когда номер "
    "ещё мне посылка есть сумма доставка вопрос договор возврат был сегодня два всё её",
}
_SYLLABLES: Mapping[str, str] = {
    "en": "ka lo mi ter the in vo ice ran dle sho fi pen bo tch",
    "pl": "ża ró łta czy szo gnie ba kor mię prze dów śla na wi trz",
    "bg": "ну се ва ще ро пък ла ди ьо ки мо тъ рна жа спо",
    "ru": "ры се ва щи ро зна ля ды ёл ки мо тя рна жу сто",
}
_PEOPLE: Mapping[str, tuple[str, str]] = {
    "en": ("John Emma Oliver Sarah Thomas Alice", "Smith Brown Taylor Wilson Cooper"),
    "pl": ("Łukasz Żaneta Piotr Ana Michał Olga", "Nowak Kowal Wójcik Żółkiewsk Zielińsk"),
    "bg": ("Георги Мария Цветан Иван Десислава Стоян", "Петров Иванов Димитров Колев Ангелов"),
    "ru": ("Юлия Иван Ольга Дмитрий Алексей Наталья", "Соколов Кузнецов Щукин Морозов Воробьёв"),
}
LANGUAGES, SHARES = tuple(_FREQUENT), (40, 30, 15, 15)


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language: a long speech to cut messages from, and what its people are called."""

    speech: Sequence[str]
    given: Sequence[str]
    families: Sequence[str]

    def said(self, start: int, length: int) -> str:
        begin = start % (SPOKEN - length)
        return " ".join(self.speech[begin : begin + length])


def tongues(chance: random.Random) -> Mapping[str, Tongue]:
    return {one: _tongue(one, chance) for one in LANGUAGES}


def _tongue(language: str, chance: random.Random) -> Tongue:
    """The k-th word stands as often as 1/k (Zipf's law)."""
    frequent, syllables = _FREQUENT[language].split(), _SYLLABLES[language].split()
    made = ["".join(chance.choices(syllables, k=2 + n % 3)) for n in range(VOCABULARY - len(frequent))]
    weights = [1 / (k + 1) for k in range(VOCABULARY)]
    given, families = (names.split() for names in _PEOPLE[language])
    endings = [
        f"{family}{chance.choice(syllables)}{chance.choice(syllables)}" for family in families for _ in range(60)
    ]
    return Tongue(chance.choices([*frequent, *made], weights=weights, k=SPOKEN), given, [*families, *endings])
