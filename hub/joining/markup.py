"""The pages of a sign-up form: the form itself, and the question whether it was its reader. No script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from hub.catalogues import LANGUAGES
from hub.joining import forms
from hub.joining.page_words import Words
from hub.models import SignUp, SignUpForm
from hub.models.vocabulary import Kind

TRAP = "website"  # people see no such field and leave it empty
LONGEST_ADDRESS, LONGEST_NAME = 254, 100


class Wrong(ValueError):
    """A field that says nothing usable; the words are for whoever filled it in."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field, self.words = field, words


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields as they came. `items`: what was ticked, whatever that is."""

    fields: Mapping[str, str] = field(default_factory=dict)
    items: Sequence[str] = ()

    def get(self, name: str) -> str:
        return self.fields.get(name, "")


@dataclass(frozen=True, slots=True)
class Shown:
    """The form as it is shown to one visitor. `wrong`: what of `typed` cannot be."""

    form: SignUpForm
    offered: Mapping[str, str]
    languages: Sequence[str]
    said: Words
    typed: Typed
    wrong: Wrong | None = None


def body(shown: Shown) -> str:
    """HTML whose every foreign word went through `escape`."""
    said, form = shown.said, shown.form
    intro = forms.own(form, "intro", said.language)
    return f"""<h1>{escape(title(form, said))}</h1>
{f"<p>{escape(intro)}</p>" if intro else ""}
{_alert(shown.wrong)}
<form method="post" accept-charset="utf-8">
{_addresses(shown)}
{_name(shown)}
{_tongue(shown)}
{_version(form, said)}
<fieldset{_invalid(shown, "item")}><legend>{escape(said.what)}</legend>
{_items(shown)}
</fieldset>
<p>{escape(forms.consent(form, said.language))}</p>
<p hidden><label>{escape(said.empty)}<br><input name="{TRAP}" tabindex="-1" autocomplete="off"></label></p>
<p><button>{escape(said.button)}</button></p>
</form>"""


def title(form: SignUpForm, said: Words) -> str:
    return forms.own(form, "title", said.language) or said.title


def question(sign_up: SignUp, said: Words) -> str:
    """What is to be confirmed, in the words that were agreed to. Nothing of whoever it is about."""
    listed = "\n".join(f"<li>{escape(wording)}</li>" for wording in sign_up.items.values())
    return f"""<h1>{escape(said.sure)}</h1>
<ul>{listed}</ul>
<form method="post"><p><button name="confirm" value="yes">{escape(said.yes)}</button></p></form>"""


def snippet(form: SignUpForm, offered: Mapping[str, str], url: str, said: Words) -> str:
    """The same form to be put into a page of the company's own: it posts to `url`, and there is nothing else to it."""
    shown = Shown(form, offered, (said.language,), said, Typed())
    fields = (_addresses(shown), _name(shown), *_items(shown).splitlines())
    lines = [
        f'<form method="post" action="{escape(url)}" accept-charset="utf-8">',
        f'  <input type="hidden" name="language" value="{escape(said.language)}">',
        f"  {_version(form, said)}",
        *(f"  {line}" for field in fields for line in field.splitlines() if line),
        f"  <p>{escape(forms.consent(form, said.language))}</p>",
        f'  <p hidden><label>{escape(said.empty)} <input name="{TRAP}" tabindex="-1" autocomplete="off"></label></p>',
        f"  <p><button>{escape(said.button)}</button></p>",
        "</form>",
    ]
    return "\n".join(lines)


def _alert(wrong: Wrong | None) -> str:
    return f'<p role="alert"><strong>{escape(wrong.words)}</strong></p>' if wrong else ""


def _addresses(shown: Shown) -> str:
    kinds, said = shown.form.kinds, shown.said
    both, fields = len(kinds) > 1, []
    if Kind.EMAIL.value in kinds:
        fields.append(_field(shown, "email", said.email, 'type="email" autocomplete="email"', required=not both))
    if Kind.SMS.value in kinds:
        fields.append(_field(shown, "phone", said.phone, 'type="tel" autocomplete="tel"', required=not both))
    return "\n".join([*fields, *([f"<p>{escape(said.either)}</p>"] if both else [])])


def _name(shown: Shown) -> str:
    asks = shown.form.asks_name
    if asks == "no":
        return ""
    rules = f'autocomplete="name" maxlength="{LONGEST_NAME}"'
    return _field(shown, "name", shown.said.name, rules, required=asks == "required")


def _field(shown: Shown, name: str, label: str, rules: str, *, required: bool) -> str:
    must = " required" if required else ""
    longest = "" if "maxlength" in rules else f' maxlength="{LONGEST_ADDRESS}"'
    value = f' value="{escape(shown.typed.get(name))}"' if shown.typed.get(name) else ""
    invalid = _invalid(shown, name)
    return f'<label>{escape(label)}<br><input name="{name}" {rules}{longest}{value}{must}{invalid}></label>'


def _tongue(shown: Shown) -> str:
    if not shown.form.asks_language or len(shown.languages) < 2:
        return f'<input type="hidden" name="language" value="{escape(shown.said.language)}">'
    options = "".join(
        f'<option value="{escape(code)}"{" selected" if code == shown.said.language else ""}>'
        f"{escape(LANGUAGES[code])}</option>"
        for code in shown.languages
    )
    return f'<label>{escape(shown.said.tongue)}<br><select name="language">{options}</select></label>'


def _version(form: SignUpForm, said: Words) -> str:
    """Of the words that its reader agrees to: a copy elsewhere may be an old one."""
    return f'<input type="hidden" name="words" value="{escape(forms.version(form, said.language))}">'


def _items(shown: Shown) -> str:
    """Never ticked beforehand: silence is no yes (GDPR, recital 32)."""
    return "\n".join(_item(item, label, shown.typed.items) for item, label in shown.offered.items())


def _item(item: str, label: str, ticked: Iterable[str]) -> str:
    on = " checked" if item in ticked else ""
    return (
        f'<label class="choice"><input type="checkbox" name="item" value="{escape(item)}"{on}> {escape(label)}</label>'
    )


def _invalid(shown: Shown, name: str) -> str:
    return ' aria-invalid="true"' if shown.wrong and shown.wrong.field == name else ""
