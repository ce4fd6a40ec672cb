"""Mails in MJML: what becomes of them, what Jinja2 keeps, and what their writers are told."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from hub.models.vocabulary import Kind
from hub.outbound import mjml, rendering
from hub.outbound.mjml import ELEMENTS, MOST_ELEMENTS, MjmlProblem

WHOLE = """<mjml><mj-body>
{% if customer.vip %}<mj-section><mj-column><mj-text>Dear {{ customer.name | default("a<b", true) }}</mj-text>
<mj-button href="{{ unsubscribe_url }}">Stop</mj-button></mj-column><mj-column><mj-text>Two</mj-text></mj-column>
</mj-section>{% endif %}
</mj-body></mjml>"""


def rendered(source: str, **values: object) -> str:
    parts = {"subject": "x", "mjml": source, "html": mjml.compiled(source)}
    return rendering.render({"en": parts}, Kind.EMAIL, "en", "en", values).html


def test_columns_stand_side_by_side_on_a_desktop_and_names_are_filled_in_where_they_stood() -> None:
    html = rendered(WHOLE, customer={"vip": True, "name": "Ana & Jan"}, unsubscribe_url="https://hub.example/u/1?a=1&b")
    assert "@media" in html
    assert "mj-column-per-50" in html
    assert "Dear Ana &amp; Jan" in html
    assert 'href="https://hub.example/u/1?a=1&amp;b"' in html


def test_a_condition_around_a_section_holds_for_all_of_it() -> None:
    html = rendered(WHOLE, customer={"vip": False, "name": "Ana"}, unsubscribe_url="https://hub.example/u/1")
    assert "Dear" not in html
    assert "Stop" not in html


def test_nothing_is_fetched_from_elsewhere_for_a_font_or_an_icon() -> None:
    assert "fonts.googleapis" not in mjml.compiled(WHOLE)


@pytest.mark.parametrize(
    ("source", "line", "why"),
    [
        ("<mjml>\n<mj-body>\n<mj-foo/></mj-body></mjml>", 3, "There is no element “mj-foo” here"),
        ("<mjml><mj-body>\n<mj-section>\n<mj-column></mj-body></mjml>", 3, "“mj-column” is opened here"),
        ("<mjml><mj-body></mj-text></mj-body></mjml>", 1, "“mj-body” is opened here"),
        ("</mj-text>", 1, "“mj-text” is closed here"),
        ("Hello", 1, "This is no MJML"),
        ('<mjml><mj-body><mj-include path="/etc/passwd"/></mj-body></mjml>', 1, "no element “mj-include”"),
        ("<mjml><mj-body>" + "<mj-text>" * 1_001, 0, "more than 1000 elements"),
        ("<mjml>" + "x" * 100_001, 0, "longer than 100000 letters"),
    ],
    ids=["unknown", "unclosed", "crossed", "stray", "none", "include", "many", "long"],
)
def test_what_is_wrong_is_told_with_its_line_and_remedy(source: str, line: int, why: str) -> None:
    with pytest.raises(MjmlProblem, match=why) as problem:
        mjml.compiled(source)
    assert problem.value.line == line


def test_a_name_in_a_place_that_mjml_leaves_out_is_told_of() -> None:
    with pytest.raises(MjmlProblem, match="leaves nothing"):
        mjml.compiled('<mjml><mj-body>\n<mj-section nobody="{{ company }}"></mj-section></mj-body></mjml>')


def test_as_many_elements_in_one_another_as_are_allowed_bring_no_process_down() -> None:
    """The compiler ends the process where its stack does; so this is tried in another one."""
    program = (
        "import mrml, sys\n"
        f"for name in {sorted(ELEMENTS - {'mjml'})!r}:\n"
        "    try: mrml.to_html(f'<mjml><mj-body>' + f'<{name}>' * N + f'</{name}>' * N + '</mj-body></mjml>')\n"
        "    except OSError: pass\n"
    ).replace("N", str(MOST_ELEMENTS))
    assert subprocess.run([sys.executable, "-c", program], timeout=120).returncode == 0


BODY = "<mjml><mj-body><mj-section><mj-column><mj-text>%s</mj-text></mj-column></mj-section></mj-body></mjml>"


@pytest.mark.parametrize("opened", ["{{", "{% ", "{#"], ids=["value", "statement", "remark"])
def test_what_is_opened_very_often_and_never_closed_is_refused_without_being_gone_through_again_and_again(
    opened: str,
) -> None:
    began = time.thread_time()
    with pytest.raises(MjmlProblem, match="more than 2000 things"):
        mjml.compiled(BODY % (opened * 30_000))
    assert time.thread_time() - began < 2


def test_as_many_things_as_are_allowed_are_filled_in_in_one_walk() -> None:
    began = time.thread_time()
    assert mjml.compiled(BODY % ("{{ a }}" * 2_000)).count("{{ a }}") == 2_000
    assert time.thread_time() - began < 2


def test_words_that_look_like_our_own_marks_stay_as_they_are() -> None:
    said = mjml.compiled(BODY % "{{ a }} jinja1x jinja77x")
    assert "{{ a }} jinja1x jinja77x" in said
