"""What people call the columns of their sheets, in the desk's languages. Lower case; a number behind is left off."""

from __future__ import annotations

from collections.abc import Mapping

_MAIL = (
    "e-mail, mail, email address, e-mail address, mail address, adres e-mail, adres email, adres mailowy, poczta, "
    "имейл, е-мейл, е-поща, имейл адрес, електронна поща, почта, электронная почта, эл. почта, адрес электронной почты"
)
_PHONE = (
    "mobile, mobile phone, cell, telephone, phone number, tel, tel., telefon, numer telefonu, nr telefonu, komórka, "
    "telefon komórkowy, телефон, тел., мобилен, мобилен телефон, телефонен номер, gsm, мобильный, мобильный телефон, "
    "номер телефона"
)
_KEY = (
    "customer id, customer number, client id, client number, id klienta, numer klienta, nr klienta, "
    "номер на клиент, клиентски номер, код на клиент, номер клиента, код клиента"
)


def _table(written: Mapping[str, str]) -> dict[str, str]:
    return {heading: field for field, headings in written.items() for heading in headings.split(", ")}


CUSTOMERS: Mapping[str, str] = _table({
    "name": "full name, customer, customer name, client, contact, imię i nazwisko, nazwa, klient, nazwa klienta, "
    "kontakt, име и фамилия, пълно име, клиент, имя и фамилия, фамилия и имя, фио, полное имя, контакт",
    "given_name": "first name, firstname, forename, imię, imie, име, собствено име, имя",
    "family_name": "last name, lastname, surname, nazwisko, фамилия, фамилно име",
    "email": _MAIL,
    "phone": _PHONE,
    "language": "lang, język, jezyk, език, язык",
    "timezone": "tz, time zone, strefa czasowa, часова зона, часовой пояс",
    "country": "country code, kraj, държава, страна",
    "culture": "kultura, kalendarz świąt, култура, культура",
    "birthday": "birth date, birthdate, date of birth, dob, born, data urodzenia, urodziny, дата на раждане, "
    "рожден ден, роден на, дата рождения, день рождения",
    "labels": "tags, label, tag, etykiety, etykieta, tagi, етикети, етикет, метки, метка, теги",
    "external_id": f"id, number, numer, nr, номер, {_KEY}",
    "vip": "вип",
    "consent": "consents, agreed to, zgoda, zgody, съгласие, съгласия, согласие, согласия",
})  # fmt: skip

PURCHASES: Mapping[str, str] = _table({
    "number": "order, order number, order id, invoice, receipt, id, no, numer, nr, zamówienie, numer zamówienia, "
    "nr zamówienia, faktura, paragon, номер, поръчка, номер на поръчка, фактура, заказ, номер заказа, чек",
    "at": "date, time, moment, day, ordered at, paid at, bought at, data, data zakupu, data zamówienia, дата, "
    "дата на покупка, дата на поръчка, дата покупки, дата заказа",
    "amount": "total, sum, price, value, paid, kwota, suma, wartość, cena, razem, сума, цена, стойност, общо, сумма, "
    "стоимость, итого",
    "currency": "waluta, валута, валюта",
    "description": "item, items, product, products, what, opis, produkt, produkty, towar, описание, продукт, продукти, "
    "стока, товар, товары",
    "external_id": f"customer, client, klient, клиент, {_KEY}",
    "email": _MAIL,
    "phone": _PHONE,
    "refund_of": "refund of, refunds, refunded order, original order, returned order, zwrot do, zwrot zamówienia, "
    "възстановяване на, върната поръчка, возврат за, возврат заказа",
})  # fmt: skip
