"""Writing mail: what stands on the wire is what was meant, whatever strangers put into it (0.1, F23, U1, L2, U5)."""

from __future__ import annotations

import base64
import email
import email.header
import email.message
import email.policy
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from channels.email import addresses, mime, words
from channels.email.compose import compose
from channels.errors import Refused
from channels.message import Address, Attachment, Kind
from channels.woven import Stretch, Woven

Build = Callable[..., Any]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHOP = Address(Kind.EMAIL, "support@shop.example", "The Shop")
PLAIN = ["From", "Date", "MIME-Version", "To", "Reply-To", "Subject", "Message-ID", "Content-Type"]
INJECTED = "=?utf-8?q?hi=0d=0aBcc=3a_victim=40x.test=0d=0a?="
HOSTILE = [
    INJECTED,
    "=?utf-8?b?" + base64.b64encode(INJECTED.encode()).decode() + "?=",
    "hi\r\nBcc: victim@x.test",
    "hi\nBcc: victim@x.test\n\nbody",
    "hi\rBcc: victim@x.test",
    "hi\u2028Bcc: victim@x.test\x85Cc: a@b.c\x0b\x0c\x1c\x1d\x1e\x00",
    'Ana" <victim@x.test>, "',
    "lone \ud800 surrogate",
    "x" * 5000,
    "ż" * 5000,
    "two" + " " * 1000 + "words",
    "word " * 2000,
    "",
    " ",
]


def headers(raw: bytes) -> email.message.Message:
    return email.message_from_bytes(raw)


def decoded(value: str) -> str:
    return str(email.header.make_header(email.header.decode_header(value)))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_value_adds_a_header_or_a_recipient(hostile: str, outbound: Build) -> None:
    files = (
        Attachment(hostile, hostile, b"x"),
        Attachment(hostile, "image/png", b"y", inline=True, content_id=hostile),
    )
    mail = outbound(
        name=hostile, subject=hostile, html="<p>x</p>", attachments=files, in_reply_to=hostile, references=(hostile,)
    )
    written = headers(compose(mail, Address(Kind.EMAIL, SHOP.value, hostile), NOW))
    assert [name.capitalize() for name in written] == [name.capitalize() for name in PLAIN]
    assert [len(part.get_all("Bcc", [])) for part in written.walk()] == [0] * len(list(written.walk()))
    to = addresses.parse(written["To"].encode())
    assert [box.address for box in to] == ["ana@people.example"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_every_line_is_short_and_ends_in_crlf(hostile: str, outbound: Build) -> None:
    raw = compose(outbound(name=hostile, subject=hostile, text=hostile, html=hostile), SHOP, NOW)
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\r" in line or b"\n" in line for line in lines)


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(subject=st.text(max_size=200), text=st.text(max_size=500))
@example(subject="", text="\0")
@example(subject="", text="\ufeff")
def test_any_subject_and_text_read_back_as_they_were(subject: str, text: str, outbound: Build) -> None:
    read = mime.read(compose(outbound(subject=subject, text=text, html="<p>x</p>"), SHOP, NOW))
    meant = re.sub(" +", " ", words.clean(subject)).strip()
    assert read.subject == meant
    meant = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").removeprefix("\ufeff")  # a mark, no letter
    assert read.text == (meant if meant.strip() else "x\n")


@hypothesis_settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=120), subject=st.text(max_size=200), file=st.text(min_size=1, max_size=120))
def test_python_finds_the_same_fields_and_lines_stay_short(name: str, subject: str, file: str, outbound: Build) -> None:
    """F23: what proofreading promises about every reader, seen with the two of the standard library."""
    mail = outbound(name=name, subject=subject, attachments=(Attachment(file, "a/b", b"x"),))
    raw = compose(mail, Address(Kind.EMAIL, SHOP.value, name), NOW)
    for policy in (email.policy.compat32, email.policy.default):
        read = email.message_from_bytes(raw, policy=policy)
        assert [field.capitalize() for field in read.keys()] == [field.capitalize() for field in PLAIN]  # noqa: SIM118
        assert read.defects == []
        assert [part.keys() for part in read.walk()][2] == [
            "Content-Type",
            "Content-Transfer-Encoding",
            "Content-Disposition",
        ]
    assert [box.addr_spec for box in read["To"].addresses] == ["ana@people.example"]
    assert max(len(line) for line in raw.split(b"\r\n")) <= 78


@pytest.mark.parametrize(
    "name",
    [
        *("Ana Kowalska", "Jürgen Müßig", "山田 太郎", "O'Brien", "Smith & Sons", 'Ann "Annie" Lee', "Ola, of Gdańsk"),
        *("Wolfeschlegelsteinhausenbergerdorff " * 4 + "Sr.", "=?utf-8?q?x?=", "back\\slash", "🌷 Flowers 🌷"),
    ],
)
def test_a_name_is_for_python_what_it_was(name: str, outbound: Build) -> None:
    read = email.message_from_bytes(compose(outbound(name=name), SHOP, NOW), policy=email.policy.default)
    assert read["To"].addresses[0].display_name == name


def test_names_and_subjects_in_any_script_read_back(outbound: Build) -> None:
    read = mime.read(compose(outbound(name="Ольга Łukasz 山田", subject="Здравей, Żółć – 山田"), SHOP, NOW))
    assert (read.to[0].name, read.subject) == ("Ольга Łukasz 山田", "Здравей, Żółć – 山田")


def test_the_message_id_is_the_same_for_every_attempt_and_so_is_the_body(outbound: Build) -> None:
    first, second = (compose(outbound(html="<p>x</p>"), SHOP, when) for when in (NOW, datetime.now(UTC)))
    assert headers(first)["Message-ID"] == "<0192f3a4-0000-7000-8000-00000000002a@shop.example>"
    assert first.partition(b"\r\n\r\n")[2] == second.partition(b"\r\n\r\n")[2]


def test_answers_come_back_to_an_address_that_names_the_message(outbound: Build) -> None:
    assert headers(compose(outbound(token="k7x"), SHOP, NOW))["Reply-To"].endswith("<support+k7x@shop.example>")


def test_html_stands_beside_text_and_carries_its_pictures(outbound: Build) -> None:
    logo = Attachment("logo.png", "image/png", b"\x89PNG", inline=True, content_id="logo")
    invoice = Attachment("Фактура №7.pdf", "application/pdf", b"%PDF-1.7\n" * 99)
    raw = compose(outbound(text="as text", html='<img src="cid:logo">', attachments=(logo, invoice)), SHOP, NOW)
    kinds = [part.get_content_type() for part in headers(raw).walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]
    assert mime.read(raw).attachments == (logo, invoice)


def test_a_text_part_stands_beside_html_even_when_nobody_wrote_one(outbound: Build) -> None:
    raw = compose(outbound(text=" \n", html="<p>Hello <b>Ana</b></p>"), SHOP, NOW)
    kinds = [part.get_content_type() for part in headers(raw).walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    assert mime.read(raw).text == "Hello Ana\n"


def test_bulk_mail_can_be_left_with_one_click(outbound: Build) -> None:
    mail = headers(compose(outbound(unsubscribe_url="https://hub.example/u/abc"), SHOP, NOW))
    assert mail["List-Unsubscribe"].replace("\r\n", "") == (
        "<https://hub.example/u/abc>, <mailto:support+k7x@shop.example?subject=unsubscribe>"
    )
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    "url", ["https://x/\r\nBcc: a@b.c", "javascript:alert(1)", "https://x/ y", "https://x/>", "https://x/" + "y" * 2000]
)
def test_a_link_that_cannot_stand_in_a_header_is_refused(url: str, outbound: Build) -> None:
    with pytest.raises(Refused):
        compose(outbound(unsubscribe_url=url), SHOP, NOW)


@pytest.mark.parametrize(
    ("how", "submitted"),
    [({}, None), ({"automatic": True}, "auto-generated"), ({"answers_automatically": True}, "auto-replied")],
)
def test_automatic_mail_says_so(how: dict[str, bool], submitted: str | None, outbound: Build) -> None:
    mail = headers(compose(outbound(**how), SHOP, NOW))
    assert mail["Auto-Submitted"] == submitted
    assert mail["X-Auto-Response-Suppress"] == ("All" if submitted else None)


def test_an_answer_names_the_mails_before_it(outbound: Build) -> None:
    mail = headers(compose(outbound(in_reply_to="<c@x>", references=("<a@x>", "<b@x>")), SHOP, NOW))
    assert mail["In-Reply-To"] == "<c@x>"
    assert mail["References"].split() == ["<a@x>", "<b@x>", "<c@x>"]


@pytest.mark.parametrize(
    "body",
    [
        "plain\n.\n..dots\n",
        "From me\n",
        "ż\nFrom me " + "x" * 80,
        "x" * 75 + "From me",
        "x" * 90 + "\nFrom ż",
        "trailing \n",
        "=_0192f3a4",
        "é" * 300,
        "a" * 5000,
        "tab\t\n",
    ],
)
def test_any_body_survives_its_encoding(body: str, outbound: Build) -> None:
    assert mime.read(compose(outbound(text=body, html=body), SHOP, NOW)).text == body


PIECES = st.text(st.one_of(st.sampled_from("\n .=-F%ż\t\r\0"), st.characters(exclude_categories=["Cs"])), max_size=90)


@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fixed=st.lists(PIECES, min_size=3, max_size=3),
    values=st.tuples(*[PIECES | st.sampled_from(["From Ana", ".", "..x", "trailing ", "=_a", "%b"])] * 2),
    gaps=st.sampled_from([(0, 1), (1, 0), (0, 0)]),
)
def test_what_is_put_together_of_pieces_reads_back_as_the_whole(
    fixed: list[str], values: tuple[str, str], gaps: tuple[int, ...], outbound: Build
) -> None:
    text = Woven([(Stretch.of([piece.replace("\r", "") for piece in fixed], gaps), values)] * 2)
    raw = compose(outbound(text="x", html=text), SHOP, NOW)
    read = [part.get_payload(decode=True) for part in headers(raw).walk() if part.get_content_type() == "text/html"]
    said = str(text).replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    assert [str(one, "utf-8").replace("\r\n", "\n") for one in read] == ([said] if text else [])  # type: ignore[arg-type]
    assert text.encode() == str(text).encode()
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert not re.search(rb"\nFrom |[ \t]\r\n", raw.partition(b"\r\n\r\n")[2])


def test_a_text_in_another_script_goes_as_base64_whether_in_pieces_or_whole(outbound: Build) -> None:
    text = Woven([(Stretch.of(("Здравейте, ", "! " + "Поръчката Ви пътува. " * 9), (0,)), ("Ana",))])
    assert compose(outbound(text=text), SHOP, NOW) == compose(outbound(text=str(text)), SHOP, NOW)


def test_a_file_arrives_bit_for_bit(outbound: Build) -> None:
    content = bytes(range(256)) * 500
    raw = compose(outbound(attachments=(Attachment("a.bin", "text/plain", content),)), SHOP, NOW)
    (file,) = mime.read(raw).attachments
    assert hashlib.sha256(file.content).digest() == hashlib.sha256(content).digest()


@pytest.mark.parametrize(
    "media_type", ["message/rfc822", "multipart/mixed", "x", "text/plain\r\nBcc: a@b.c", "a/b; c=d"]
)
def test_a_type_that_may_not_be_base64_or_is_none_becomes_octets(media_type: str, outbound: Build) -> None:
    raw = compose(outbound(attachments=(Attachment("a", media_type, b"x"),)), SHOP, NOW)
    assert mime.read(raw).attachments[0].media_type == "application/octet-stream"
