"""Parameters of structured fields: RFC 2231 with its own examples, RFC 2045, and what senders make of both."""

from __future__ import annotations

import pytest

from channels.email.parameters import field_of


@pytest.mark.parametrize(
    ("value", "name", "expected"),
    [
        (
            'message/external-body; access-type=URL; URL*0="ftp://";'
            '\r\n URL*1="cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"',
            "url",
            "ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar",
        ),
        (
            "application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
            "title",
            "This is ***fun***",
        ),
        (
            "application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20;"
            "\r\n title*1*=%2A%2A%2Afun%2A%2A%2A%20;"
            '\r\n title*2="isn\'t it!"',
            "title",
            "This is even more ***fun*** isn't it!",
        ),
        ('text/plain; charset="us-ascii" (Plain text)', "charset", "us-ascii"),
        ("text/plain; charset=us-ascii (Plain text)", "charset", "us-ascii"),
        ("attachment; filename=genome.jpeg; modification-date=x", "filename", "genome.jpeg"),
        ('attachment; filename="a;b\\"c.txt"', "filename", 'a;b"c.txt'),
        ("attachment; filename*=UTF-8''%e2%82%ac%20rates.pdf; filename=euro.pdf", "filename", "€ rates.pdf"),
        ("attachment; filename*1=b.txt; filename*0=a", "filename", "ab.txt"),
        ("attachment; filename*0*=utf-8''%E2%82; filename*1*=%AC.txt", "filename", "€.txt"),
        ("attachment; filename==?utf-8?q?=C5=BB.txt?=", "filename", "Ż.txt"),
        ('attachment; filename="=?utf-8?b?xbsu?= =?utf-8?b?dHh0?="', "filename", "Ż.txt"),
        ("attachment; filename*=iso-8859-1'de'%FCber.txt", "filename", "über.txt"),
        ("attachment; filename*=broken.txt", "filename", "broken.txt"),
        ("attachment; filename", "filename", ""),
        ("attachment; ; ;filename=x.txt;", "filename", "x.txt"),
        ('attachment; filename="no end.txt', "filename", "no end.txt"),
        ("attachment; filename=two words.txt", "filename", "two words.txt"),
        ("attachment; FILENAME=x.txt; filename=y.txt", "filename", "x.txt"),
    ],
)
def test_parameters(value: str, name: str, expected: str) -> None:
    assert field_of(value.encode()).text(name) == expected


def test_the_value_in_front_is_told_without_comments_and_case() -> None:
    assert field_of(b"Text/HTML (what else); charset=utf-8").value == "text/html"
    assert field_of(b"").value == ""
