"""Templates: what they may do, what they may not, and how exactly their mistakes are named."""

from __future__ import annotations

import time

import pytest

from channels.woven import Woven
from hub.models.vocabulary import Kind
from hub.outbound import templates, weaving
from hub.outbound.rendering import Rendered, TemplateProblem, check, kinds, render, write
from hub.outbound.safe_jinja import Clock, TooMuch

SAMPLE = {
    "customer": {"name": "Ana Kowalska", "given_name": "Ana", "language": "pl", "attributes": {"plan": "gold"}},
    "company": "Meadow & Sons",
    "unsubscribe_url": "https://hub.example/u/abc",
    "preferences_url": "https://hub.example/p/abc",
}
SHIPPED = SAMPLE | {"given_name": "Ana", "age": 40, "title": "Garden visit", "when": "Monday at ten", "place": "Home"}
SHIPPED |= {"answer_url": "https://x.example/a/1", "calendar_url": "https://x.example/a/1.ics", "outcome": "coming"}
SHIPPED |= {"host": "Ada", "about": "Bring boots."}
SPRING = {
    "en": {"subject": "Spring,\n{{ customer.given_name }}", "body": "Hello {{ customer.name }}", "sms": "Spring!"},
    "pl": {"subject": "Wiosna", "body": "Witaj {{ customer.name }}", "html": "<p>{{ customer.name }}</p>"},
}


def problems(source: str, part: str = "body") -> list[str]:
    variants = {"en": {"subject": "Hello", "body": "Hello"} | {part: source}}
    return [str(problem) for problem in check(variants, SAMPLE, name="spring")]


def test_a_mail_is_rendered_in_the_customers_language_with_escaped_html() -> None:
    values = SAMPLE | {"customer": {"name": "<b>Ana</b>"}}
    assert render(SPRING, Kind.EMAIL, "pl", "en", values) == Rendered(
        "Wiosna", "Witaj <b>Ana</b>", "<p>&lt;b&gt;Ana&lt;/b&gt;</p>", "pl"
    )


def test_a_language_without_a_text_for_the_channel_falls_back() -> None:
    assert render(SPRING, Kind.SMS, "pl", "en", SAMPLE) == Rendered("", "Spring!", "", "en")
    assert kinds(SPRING, "pl", "en") == {Kind.EMAIL, Kind.SMS}


def test_an_sms_that_no_carrier_takes_is_refused_before_it_is_sent_and_when_it_is_written() -> None:
    said = "1601 characters, and an SMS takes at most 1600: no carrier would take it. Shorten it by 1"
    assert problems("x" * 1601, "sms") == [f"spring/en/sms.txt: {said}"]
    assert problems("x" * 1600 + "\n", "sms") == []
    grows = {"en": {"sms": "x" * 1590 + "{{ customer.name }}"}}
    assert len(render(grows, Kind.SMS, "en", "en", {"customer": {"name": "Ana Kowals"}}).text) == 1600
    with pytest.raises(TemplateProblem, match="1601 characters"):
        render(grows, Kind.SMS, "en", "en", {"customer": {"name": "Ana Kowalsk"}})


def test_a_subject_is_one_line() -> None:
    assert render(SPRING, Kind.EMAIL, "en", "en", SAMPLE).subject == "Spring, Ana"


def test_a_typo_is_named_with_template_variant_line_and_word() -> None:
    assert problems("Dear customer,\n\n{{ custmer.name }}") == [
        "spring/en/body.txt, line 3: “custmer” is not known. Did you mean “customer”?"
    ]


def test_a_typo_behind_the_dot_is_named_too() -> None:
    assert problems("Dear\n{{ customer.nmae }}") == [
        "spring/en/body.txt, line 2: “nmae” is not known. Did you mean “name”?"
    ]


def test_every_unknown_variable_is_named_also_in_a_branch_that_is_not_taken() -> None:
    assert problems("{{ one }}{% if customer.name == 'Bo' %}\n{{ two }}{% endif %}") == [
        "spring/en/body.txt, line 1: “one” is not known. Take it out, or correct it",
        "spring/en/body.txt, line 2: “two” is not known. Take it out, or correct it",
    ]


def test_a_syntax_error_is_named_with_its_line() -> None:
    (problem,) = problems("Hello\n{% if x %}", "html")
    assert problem.startswith("spring/en/body.html, line 2: ")


def test_rendering_with_a_missing_value_says_where() -> None:
    with pytest.raises(TemplateProblem) as raised:
        render(SPRING, Kind.EMAIL, "en", "en", {"customer": {"name": "Ana"}}, name="spring")
    assert raised.value.where == "spring/en/subject.txt, line 2"
    assert raised.value.cause == "“given_name” is not known. Did you mean “name”?"


def test_a_mail_without_a_subject_is_a_problem() -> None:
    assert problems("", "subject") == ["spring/en/subject.txt: A mail needs a subject"]


@pytest.mark.parametrize(
    "source",
    [
        "{{ customer.__class__ }}",
        "{{ customer['__class__'] }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ customer.name.upper() }}",
        "{{ customer.name.format }}",
        "{{ customer|attr('items') }}",
        "{{ self }}",
        "{{ lipsum }}",
        "{{ cycler }}",
        "{% set x = 1 %}",
        "{% include '/etc/passwd' %}",
        "{% import 'x' as y %}",
        "{% macro m() %}{% endmacro %}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 'a' * 1000000000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ customer.name|center(1000000000) }}",
        "{{ customer.name|join(customer.name) }}",
        "{{ customer|metered }}",
        "{% for a in company %}{% for b in company %}{% for c in company %}x{% endfor %}{% endfor %}{% endfor %}",
    ],
)
def test_a_template_cannot_leave_its_corner(source: str) -> None:
    """ASVS 1.3.7; CVE-2026-34724, CVE-2025-49136 and their like."""
    assert problems(source)


def test_a_template_that_writes_without_end_is_stopped_soon() -> None:
    values = SAMPLE | {"many": ["x" * 1000] * 5000}
    loops = "{% for a in many %}{% for b in many %}{{ b }}{% endfor %}{% endfor %}"
    started = time.perf_counter()
    (problem,) = check({"en": {"sms": loops}}, values)
    assert "longer than 100000 letters" in problem.cause
    assert time.perf_counter() - started < 1


def test_a_template_that_turns_without_writing_is_stopped_soon() -> None:
    values = SAMPLE | {"many": list(range(20_000))}
    (problem,) = check({"en": {"sms": "{% for a in many %}{% endfor %}"}}, values)
    assert problem.cause == "A loop goes round more than 10000 times. Shorten it"


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in long %}{% for b in long %}{% endfor %}{% endfor %}",
        "{% if " + " and ".join(["tangled|striptags"] * 40) + " %}{% endif %}",
    ],
)
@pytest.mark.parametrize("part", ["sms", "body"])
def test_a_template_that_only_thinks_is_stopped_soon(part: str, source: str) -> None:
    """Without a word written there is no piece after which anybody would look at the clock."""
    values = SAMPLE | {"long": "a" * 9_000, "tangled": "<!---->" * 30_000 + "a"}
    started = time.thread_time()
    kind = Kind.SMS if part == "sms" else Kind.EMAIL
    with pytest.raises(TemplateProblem, match="takes too long"):
        render({"en": {"subject": "Hi", part: source + "x"}}, kind, "en", "en", values)
    assert time.thread_time() - started < 2


@pytest.mark.parametrize("name", ["birthday", "appointment-reminder", "welcome", "spring-offer"])
def test_the_shipped_templates_are_whole_in_every_language(name: str) -> None:
    variants = templates.from_folder(templates.folder() / name)
    assert set(variants) == {"en", "pl", "bg", "ru"}
    assert {frozenset(parts) for parts in variants.values()} == {frozenset({"subject", "body", "html", "sms", "voice"})}
    assert check(variants, SHIPPED, name=name) == []


@pytest.mark.parametrize("name", ["event-invitation", "event-answer", "event-reminder", "event-called-off"])
def test_what_guests_are_sent_is_whole_in_every_language(name: str) -> None:
    variants = templates.from_folder(templates.folder() / name)
    assert {code: set(parts) for code, parts in variants.items()} == {
        code: {"subject", "body", "sms", "voice"} for code in ("en", "pl", "bg", "ru")
    }
    assert check(variants, SHIPPED, name=name) == []


@pytest.mark.parametrize("name", ["birthday", "welcome", "spring-offer"])
def test_what_needs_consent_says_in_every_mail_and_sms_how_to_stop_it(name: str) -> None:
    for parts in templates.from_folder(templates.folder() / name).values():
        assert "{{ unsubscribe_url }}" in parts["body"]
        assert "{{ unsubscribe_url }}" in parts["html"]
        assert "STOP" in parts["sms"] or "СТОП" in parts["sms"]


@pytest.mark.parametrize(
    "source",
    [
        '{{ 1.5|round(90000000, "ceil") }}',
        '{{ 1.5|round(-90000000, "floor") }}',
        '{{ "' + "%" * 1000 + '"' + "|urlencode" * 3000 + " }}",
        "{{ 1" + "+1" * 20_000 + " }}",
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
        "{{ " + "not " * 5000 + "1 }}",
        "{% if 1 %}" * 500 + "x" + "{% endif %}" * 500,
        '{{ "inf"|float|int }}',
        '{{ "x y"|truncate(5, true, "longer than five") }}',
    ],
    ids=["round up", "round down", "filters", "sum", "brackets", "nots", "ifs", "infinite", "assertion"],
)
def test_a_template_made_to_hang_or_to_break_the_hub_is_a_problem_of_its_own(source: str) -> None:
    started = time.thread_time()
    assert check({"en": {"sms": source}}, {})
    assert time.thread_time() - started < 5


def test_half_a_character_in_a_template_is_replaced() -> None:
    said = render({"en": {"sms": r'a{{ "\ud800\0" }}b'}}, Kind.SMS, "en", "en", {})
    assert (said.text, len(said.sha256)) == ("a\ufffd\ufffdb", 64)


@pytest.mark.parametrize(
    "source",
    [
        "Hello {{ customer.name }}",
        "{{ company }}{{ company }}{{ customer.name }}{{ company }}",
        "{% for one in many %}{{ loop.index }}: {{ one }}{% if not loop.last %}, {% endif %}{% else %}none{% endfor %}",
        "{% if customer.name == 'Ana' %}{{ company }}{% elif many %}some{% else %}{{ missing }}{% endif %} {# no #}",
        "{{ customer.name|e }} {{ customer.name|upper }} {{ '<b>' ~ company|e }} {{ 1 + 2 }} {{ many }} {{ none }}",
        "100 % of {{ '%s' }} {{ '{{' }} \n\n",
        "{{ customer.attributes.plan|default('<i>')|striptags }} {{ many|join(' & ') }}",
        "\ud800 {{ '\ud800' }}",
    ],
)
def test_a_mail_for_many_says_what_each_template_says_by_itself(source: str) -> None:
    customer = {"name": "Ana & <Bo>", "attributes": {"plan": "gold"}}
    values = SAMPLE | {"many": [1, "<two>", 'a"b'], "none": None, "customer": customer}
    parts = {"subject": source, "body": source, "html": source + "<p>x</p>"}
    whole = write({"en": parts}, "en", "en", values)
    by_itself = render({"en": {"sms": source}}, Kind.SMS, "en", "en", values).text
    assert (str(whole.text).strip(), whole.subject) == (by_itself, " ".join(by_itself.split()))
    assert isinstance(whole.html, Woven) is ("\ud800" not in source)
    rendered = render({"en": parts}, Kind.EMAIL, "en", "en", values)
    assert (whole.subject, str(whole.text), str(whole.html)) == (rendered.subject, rendered.text, rendered.html)
    assert whole.sha256 == rendered.sha256
    assert "<Bo>" not in str(whole.html)


def test_a_busy_machine_is_not_held_against_a_template() -> None:
    """Others had the core: the template itself has hardly run."""
    clock = Clock()
    clock._deadline = time.perf_counter() - 1
    clock.look()


def test_a_template_that_keeps_the_core_is_stopped() -> None:
    clock, began = Clock(), time.thread_time()
    with pytest.raises(TooMuch):
        while time.thread_time() - began < 5:
            clock.look()


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{{ " + " ~ ".join(["a"] * 25_000) + " }}", "More than 10000 words stand in braces"),
        ("{{ a|default(" + ",".join(["a"] * 50_000) + ") }}", "More than 10000 words stand in braces"),
        ("{{ a" + " < a" * 25_000 + " }}", "More than 10000 words stand in braces"),
        ("{{ '}}' ~ " + "a ~ " * 20_000 + "a }}", "More than 10000 words stand in braces"),
        ("x" * 2_000_000, "longer than 200000 letters"),
        ("{{ " + "9" * 100_000 + " }}", "too many digits"),
        ("{{ " + "(" * 9_000, "put into one another"),
    ],
    ids=["sum", "arguments", "comparison", "braces in quotes", "2 MB", "digits", "depth"],
)
def test_what_would_hold_everybody_up_is_refused_before_it_is_read(source: str, why: str) -> None:
    began = time.process_time()
    (problem,) = check({"en": {"sms": source}}, {"a": "b"})
    assert why in str(problem.said)
    assert weaving.mail("Hi", source, "") is None
    assert time.process_time() - began < 1, "of the processor; it was five"


def test_thousands_of_names_are_woven_in_one_walk() -> None:
    source = "".join(f"{{{{ v{n} }}}}" for n in range(2_000))
    began = time.process_time()
    made = weaving.mail("Hi", source, "")
    assert made is not None
    assert time.process_time() - began < 1.5, "of the processor; each compared with each it was 2.5"
    woven = weaving.woven(made, {f"v{n}": f"{n}," for n in range(2_000)})
    assert woven is not None
    assert str(woven[1]) == "".join(f"{n}," for n in range(2_000))
