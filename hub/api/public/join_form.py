"""What comes back from a sign-up form. Pure: text in, what is asked for or what is wrong with it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from channels import address
from channels.address import BadAddress
from hub.customers.fields import plain
from hub.joining import forms
from hub.joining.markup import LONGEST_ADDRESS, LONGEST_NAME, Typed, Wrong
from hub.joining.page_words import Words
from hub.models import SignUpForm
from hub.models.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Filled:
    """What is asked for."""

    kind: Kind
    address: str  # canonical
    name: str
    items: Mapping[str, str]


def shown(typed: Typed) -> str:
    """The language of the words that came with the form, as their version says it; empty without one."""
    return (typed.get("words").split("/") + [""] * 3)[2]


def filled(typed: Typed, form: SignUpForm, offered: Mapping[str, str], country: str, said: Words) -> Filled:
    """Raises Wrong. Only what the form offers can be ticked, in the words that hold now."""
    if typed.get("words") != forms.version(form, said.language):
        raise Wrong("words", said.changed)
    kind, where = _address(typed, form, country, said)
    items = {item: label for item, label in offered.items() if item in typed.items}
    if not items:
        raise Wrong("item", said.no_item)
    return Filled(kind, where, _name(typed, form, said), items)


def _address(typed: Typed, form: SignUpForm, country: str, said: Words) -> tuple[Kind, str]:
    email = typed.get("email") if Kind.EMAIL.value in form.kinds else ""
    phone = typed.get("phone") if Kind.SMS.value in form.kinds else ""
    if email and phone:
        raise Wrong("phone", said.two_addresses)
    if email:
        return Kind.EMAIL, _mail(email, said)
    if phone:
        return Kind.SMS, _phone(phone, country, said)
    raise Wrong("email" if Kind.EMAIL.value in form.kinds else "phone", said.no_address)


def _mail(text: str, said: Words) -> str:
    try:
        if len(text) <= LONGEST_ADDRESS:
            return address.mail(text)
    except BadAddress:
        pass
    raise Wrong("email", said.bad_email.format(value=text[:60]))


def _phone(text: str, country: str, said: Words) -> str:
    try:
        if len(text) <= LONGEST_ADDRESS:
            return address.phone(text, country)
    except BadAddress:
        pass
    raise Wrong("phone", said.bad_phone.format(value=text[:60]))


def _name(typed: Typed, form: SignUpForm, said: Words) -> str:
    name = plain(typed.get("name")) if form.asks_name != "no" else ""
    if len(name) > LONGEST_NAME:
        raise Wrong("name", said.long_name.format(most=LONGEST_NAME))
    if not name and form.asks_name == "required":
        raise Wrong("name", said.no_name)
    return name
