"""What is shown of a mail and what is attached (RFC 8621 4.1.4, RFC 2046 5.1.4, RFC 2387; M5)."""

from __future__ import annotations

import zlib

from channels.email import mime
from channels.email.mime import Mail

PLAIN, HTML, PNG = "Content-Type: text/plain", "Content-Type: text/html", "Content-Type: image/png"


def leaf(head: str, body: str) -> str:
    return f"{head}\r\n\r\n{body}"


def multi(kind: str, *parts: str) -> str:
    boundary = f"b{zlib.crc32(repr(parts).encode())}"
    lines = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return f"Content-Type: multipart/{kind}; boundary={boundary}\r\n\r\n{lines}--{boundary}--"


def read(*parts: str) -> Mail:
    return mime.read("\r\n".join(["From: a@b.example", *parts]).encode())


def told(mail: Mail) -> tuple[str, str, list[str]]:
    return mail.text, mail.html, [file.name for file in mail.attachments]


BOTH = multi("alternative", leaf(PLAIN, "words"), leaf(HTML, "<p>words</p>"))


def test_of_alternatives_the_text_and_the_page_are_shown() -> None:
    assert told(read(BOTH)) == ("words", "<p>words</p>", [])


def test_a_page_with_its_pictures() -> None:
    picture = leaf(f"{PNG}\r\nContent-ID: <p@x>", "PNG")
    page = multi("related", leaf(HTML, "<img src='cid:p@x'>"), picture)
    mail = read(multi("alternative", leaf(PLAIN, "words"), page))
    assert told(mail) == ("words", "<img src='cid:p@x'>", ["image.png"])
    assert [(file.inline, file.content_id) for file in mail.attachments] == [(True, "p@x")]


def test_a_form_of_the_text_that_nobody_shows_is_a_file() -> None:
    calendar = leaf("Content-Type: text/calendar; method=REQUEST", "BEGIN:VCALENDAR")
    amp = leaf("Content-Type: text/x-amp-html", "<html amp>")
    mail = read(multi("alternative", leaf(PLAIN, "words"), amp, leaf(HTML, "<p>words</p>"), calendar))
    assert told(mail) == ("words", "<p>words</p>", ["file", "calendar.ics"])


def test_a_page_that_goes_on_behind_a_picture_is_shown_whole() -> None:
    """As Apple Mail writes it: page, file, page."""
    parts = [leaf(HTML, "<p>before</p>"), leaf(PNG, "PNG"), leaf(HTML, "<p>behind</p>")]
    assert told(read(multi("mixed", *parts))) == ("", "<p>before</p>\n<p>behind</p>", ["image.png"])
    mail = read(multi("alternative", leaf(PLAIN, "both"), multi("mixed", *parts)))
    assert told(mail) == ("both", "<p>before</p>\n<p>behind</p>", ["image.png"])


def test_a_page_right_behind_a_page_is_a_file() -> None:
    mail = read(multi("mixed", leaf(HTML, "<p>one</p>"), leaf(HTML, "<p>two</p>")))
    assert told(mail) == ("", "<p>one</p>", ["document.html"])


def test_a_text_that_goes_on_behind_a_file_is_shown_whole() -> None:
    mail = read(multi("mixed", leaf(PLAIN, "before"), leaf(PNG, "PNG"), leaf(PLAIN, "behind")))
    assert told(mail) == ("before\nbehind", "", ["image.png"])


def test_the_footer_of_a_list_stands_under_the_page_too() -> None:
    mail = read(multi("mixed", BOTH, leaf(PLAIN, "-- <list> & more")))
    assert mail.text == "words\n-- <list> & more"
    assert mail.html == '<p>words</p>\n<div style="white-space: pre-wrap">-- &lt;list&gt; &amp; more</div>'
    assert mail.attachments == ()


def test_a_text_beside_the_page_that_says_the_same_is_not_shown_twice() -> None:
    """Some programs write `mixed` where they mean `alternative`."""
    mail = read(multi("mixed", leaf(PLAIN, "same words"), leaf(HTML, "<p>same <b>words</b></p>")))
    assert told(mail) == ("same words", "<p>same <b>words</b></p>", [])


def test_texts_with_a_name_or_sent_as_files_are_files() -> None:
    named = leaf("Content-Type: text/plain; name=notes.txt", "notes")
    sent = leaf(f"{HTML}\r\nContent-Disposition: attachment; filename=page.html", "<p>page</p>")
    unnamed = leaf(f"{PLAIN}\r\nContent-Disposition: attachment", "more")
    mail = read(multi("mixed", leaf(PLAIN, "words"), named, sent, unnamed))
    assert told(mail) == ("words", "", ["notes.txt", "page.html", "document.txt"])


def test_a_named_text_is_shown_when_it_is_the_only_one() -> None:
    named = leaf("Content-Type: text/plain; name=body.txt\r\nContent-Disposition: inline", "words")
    assert told(read(multi("mixed", named, leaf(PNG, "PNG")))) == ("words", "", ["image.png"])


def test_a_mail_that_is_a_file_has_no_words() -> None:
    mail = read(leaf("Content-Type: application/pdf; name=scan.pdf", "PDF"))
    assert told(mail) == ("", "", ["scan.pdf"])


def test_a_text_the_mail_breaks_off_in_is_shown_and_kept() -> None:
    mail = read("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhalf of it")
    assert told(mail) == ("half of it", "", ["document.txt"])
    assert "the mail breaks off: its last part has no end" in mail.problems


def test_a_whole_text_is_shown_rather_than_a_broken_one() -> None:
    whole = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nwhole\r\n"
    head = f"{whole}--b\r\nContent-Type: text/html\r\n\r\n<p>ha"
    assert told(read(head)) == ("whole", "", ["document.html"])


def test_parts_without_parts_lose_nothing() -> None:
    mail = read("Content-Type: multipart/mixed; boundary=b\r\n\r\nwords, and no part")
    assert (mail.text, [file.content for file in mail.attachments]) == ("words, and no part", [b"words, and no part"])


def test_a_report_shows_its_text_and_keeps_the_rest() -> None:
    status = leaf("Content-Type: message/delivery-status", "Action: failed")
    mail = read(
        multi("report", leaf(PLAIN, "failed"), status, leaf("Content-Type: message/rfc822", "Subject: Hi\r\n\r\nx"))
    )
    assert told(mail) == ("failed", "", ["delivery-status.txt", "Hi.eml"])
