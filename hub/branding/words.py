"""The few words that stand on every public page and mail, by language."""

from __future__ import annotations

from collections.abc import Mapping

PRIVACY: Mapping[str, str] = {
    "en": "Privacy notice",
    "pl": "Polityka prywatności",
    "bg": "Поверителност",
    "ru": "Политика конфиденциальности",
}
