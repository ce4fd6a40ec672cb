"""Words that filters of unwanted mail have learnt to distrust, in the languages of the hub.

Our own short list, of phrases that offers of every honest kind can do without: a hint to the writer, no verdict. What
filters really weigh is who sends, how often it is complained of, and whether it was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, ...]] = {
    "en": (
        *("100% free", "act now", "buy now", "cash bonus", "click here", "double your", "earn money", "free money"),
        *("guaranteed", "limited time", "no obligation", "risk free", "risk-free", "urgent", "winner", "you have won"),
    ),
    "pl": (
        *("100% za darmo", "darmowe pieniądze", "działaj teraz", "gwarantowany zysk", "kliknij tutaj", "kup teraz"),
        *("bez ryzyka", "bez zobowiązań", "ostatnia szansa", "pilne", "szybki zarobek", "wygrałeś", "wygrałaś"),
    ),
    "bg": (
        *("100% безплатно", "безплатни пари", "без риск", "без ангажимент", "гарантирана печалба", "действай сега"),
        *("кликнете тук", "купи сега", "последен шанс", "спешно", "спечелихте", "лесни пари"),
    ),
    "ru": (
        *("100% бесплатно", "без риска", "без обязательств", "бесплатные деньги", "быстрый заработок"),
        *("вы выиграли", "гарантированный доход", "жмите сюда", "кликните здесь", "купи сейчас", "последний шанс"),
        *("срочно",),
    ),
}


def found(text: str, language: str) -> list[str]:
    """Those that stand in the text as words of their own."""
    lowered = " ".join(text.casefold().split())
    return [one for one in WORDS.get(language, ()) if re.search(rf"(?<!\w){re.escape(one)}(?!\w)", lowered)]
