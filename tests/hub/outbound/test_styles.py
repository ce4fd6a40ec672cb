"""CSS of HTML mails stands in the elements, worked out once where that is right, and nothing is fetched for it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from hub.models.vocabulary import Kind
from hub.outbound import styles
from hub.outbound.rendering import check, render

SHEET = "<style>p { color: red } .b { font-weight: bold } @media (max-width: 600px) { p { color: blue } }</style>"
ROWS = '{% for one in many %}<tr><td class="b">{{ one|default("<x>") }}</td></tr>{% endfor %}'
LOOP = f"<table><tbody>{ROWS}</tbody></table>"


def mail(html: str, **values: object) -> str:
    return render({"en": {"subject": "x", "html": html}}, Kind.EMAIL, "en", "en", values).html


def test_a_template_is_inlined_once_and_jinja_in_tables_stays_where_it_was() -> None:
    source = f"{SHEET}<p>{{{{ name }}}}</p>{LOOP}"
    done = styles.inlined_template(source)
    assert '{% for one in many %}<tr><td class="b" style="font-weight: bold;">{{ one|default("<x>") }}' in done
    assert '<p style="color: red;">{{ name }}</p>' in done
    assert mail(source, name="A & B", many=["<1>", "2"]).count("font-weight: bold;") == 2


def test_media_queries_stay_and_cost_no_second_inlining() -> None:
    done = mail(f"{SHEET}<p>x</p>")
    assert "@media (max-width: 600px)" in done
    assert styles.inlined(done) is done


@pytest.mark.parametrize(
    ("sheet", "body"),
    [
        ("tr:nth-child(even) td { color: red }", LOOP),
        ("p + p { color: red }", "{% if name %}<p>1</p>{% endif %}<p>2</p>"),
        (".on { color: red }", '<p class="{{ name }}">x</p>'),
        ("td { color: red }", f"<table>{ROWS}</table>"),
        (".on { color: {{ name }} }", '<p class="on">x</p>'),
    ],
    ids=["places", "neighbours", "classes", "half a table", "values"],
)
def test_what_depends_on_the_recipient_is_inlined_afterwards(sheet: str, body: str) -> None:
    source = f"<style>{sheet}</style>{body}"
    assert styles.inlined_template(source) == source
    assert 'style="color: ' in mail(source, name="on", many=["1", "2"])


def test_nothing_is_fetched_for_it(tmp_path: Path) -> None:
    (tmp_path / "secret.css").write_text("p { color: red }")
    done = mail(
        f'<link rel="stylesheet" href="file://{tmp_path}/secret.css"><style>b {{ color: blue }}</style><p>x</p>'
    )
    assert "red" not in done


def test_a_mail_with_html_alone_gets_a_text_made_from_it() -> None:
    variants = {"en": {"subject": "x", "html": f"{SHEET}<p>Hello {{{{ name }}}}</p><ul><li>tea</li></ul>"}}
    assert render(variants, Kind.EMAIL, "en", "en", {"name": "Ana & Bo"}).text == "Hello Ana & Bo\n\n- tea\n"
    assert check(variants, {"name": "Ana"}) == []


@pytest.mark.parametrize(
    "tangled",
    [
        "<style>" + "@" * 99_000 + "</style>",
        "<style>" + "{{" * 49_000 + "</style>",
        "<style>" * 14_000,
        "<style " * 14_000,
    ],
    ids=["rules", "braces", "sheets", "unclosed"],
)
def test_a_tangle_of_styles_is_given_up_at_once(tangled: str) -> None:
    began = time.thread_time()
    styles.inlined_template(tangled)
    styles.inlined(tangled)
    styles.has_nothing_to_inline(tangled)
    assert time.thread_time() - began < 3
