"""Bytes that look like mail, and mail that was damaged: strategies that know headers, parts, boundaries, encodings."""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence

from hypothesis import strategies as st

# What readers stumble over, whole or cut in two
PIECES: Sequence[bytes] = (
    *(
        b"",
        b" ",
        b"\t",
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\x1b$B",
        b"\x1b(B",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xf4\x90",
    ),
    *(b":", b";", b",", b"<", b">", b"@", b'"', b"\\", b"(", b")", b"=", b"--", b"*", b"*0*", b"%", b"'", b"''"),
    *(b"=?utf-8?q?=C5=BB?=", b"=?utf-8?b?xbs=?=", b"=?x?b?====?=", b"=?iso-2022-jp?b?GyRC?=", b"=?utf-7?q?+2AA-?="),
    *(b"=?utf-8*en?q?=ED=A0=80?=", b"=?", b"?=", b"=?q?q?q?q?=", b"=00", b"=0D=0ABcc: a@b.c"),
    *(b"a@b.example", b"<a@b.example>", b"Ana <a@b.example>", b'"A, B" <a@[127.0.0.1]>', b"group: a@b.c, d@e.f;"),
    *(b"=?utf-8?q?a=40b?= <x@y>", b"@a,@b:c@d.e", b"a@xn--bcher-kva.example", "zoë@bücher.example".encode()),
    *(
        b"multipart/mixed",
        b"multipart/report",
        b"multipart/alternative",
        b"message/rfc822",
        b"text/plain",
        b"text/html",
    ),
    *(
        b"message/delivery-status",
        b"message/feedback-report",
        b"text/calendar",
        b"application/ms-tnef",
        b"text/rfc822-headers",
    ),
    *(
        b"; boundary=b",
        b'; boundary="b b"',
        b"; boundary=",
        b"; charset=utf-8",
        b"; charset=x-unknown",
        b"; charset=utf-7",
    ),
    *(b"; charset=gb2312", b"; charset=utf-16", b"; name*=utf-8''%C5%BB", b"; name*1=b; name*0=a", b"; format=flowed"),
    *(b"; delsp=yes", b"; report-type=delivery-status", b"; method=REQUEST", b"; filename=winmail.dat"),
    *(
        b"--b\r\n",
        b"--b--\r\n",
        b"\r\n--b",
        b"begin 644 x\n",
        b"end\n",
        b"#86)C\n",
        b"`\n",
        b"From ana Mon Mar  2 10:00\n",
    ),
    *(b"base64", b"quoted-printable", b"x-uuencode", b"7bit", b"8-bit", b"attachment", b"inline"),
    *(b"On Mon, 2 Mar 2026 at 10:12, A <a@b.c> wrote:\n", b"> quoted\n", b"-----Original Message-----\n", b"-- \n"),
    *(
        b"From: A\nSent: 2 March\nTo: B\nSubject: C\n",
        b"Sent from my iPhone\n",
        b"---------- Forwarded message ---------\n",
    ),
    *(
        b"<blockquote type=cite>",
        b"</blockquote>",
        b"<div class=gmail_quote>",
        b"<!--",
        b"-->",
        b"<style>",
        b"&#x110000;",
    ),
    *(b"&#55296;", b"&nbsp;", b"<a href=javascript:x>", b"<img src=cid:x>", b"<svg><script>", b"<p>"),
    *(b"Final-Recipient: rfc822; a@b.c\n", b"Action: failed\n", b"Status: 5.1.1\n", b"Diagnostic-Code: smtp; 550 x\n"),
    *(
        b"Reporting-MTA: dns; x\n\n",
        b"Feedback-Type: abuse\n",
        b"a@b.c: user unknown\n",
        b"<a@b.c>:\n550 no such user\n",
    ),
    *(
        b"BEGIN:VCALENDAR\n",
        b"BEGIN:VEVENT\n",
        b"END:VEVENT\n",
        b"DTSTART;TZID=X:20260101T000000\n",
        b"DURATION:P99999W\n",
    ),
    *(b"DTSTART:99991231T235959Z\n", b"RRULE:FREQ=YEARLY;BYDAY=9SU\n", b"BEGIN:VTIMEZONE\n", b"TZOFFSETTO:+9999\n"),
    *(b"\x78\x9f\x3e\x22\x01\x00", b"\x02\x05\x90\x06\x00\x00\x01\x00\x00", b"Mon, 32 Foo 99999 99:99:99 +9999"),
    *(b"Mon, 2 Mar 2026 10:00:00 +0100", b"<x@y>", b"<x@y> <z@y>", b"auto-replied", b"Out of office"),
)
HEADERS: Sequence[bytes] = tuple(
    b"From To Cc Bcc Reply-To Sender Return-Path Subject Date Message-ID In-Reply-To References Content-Type "
    b"Content-Transfer-Encoding Content-Disposition Content-ID Auto-Submitted Precedence List-Id X-Failed-Recipients "
    b"Delivered-To X-Original-To MIME-Version X-Loop Received Original-Recipient".split()
)

pieces = st.one_of(st.sampled_from(PIECES), st.binary(max_size=12))
joined = st.lists(pieces, max_size=12).map(b"".join)
header = st.tuples(st.sampled_from(HEADERS), joined).map(lambda pair: pair[0] + b": " + pair[1] + b"\r\n")
heads = st.lists(header, max_size=8).map(b"".join)
encoded = st.one_of(
    joined,
    joined.map(base64.encodebytes),
    joined.map(lambda raw: b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(raw)),
)


def _leaf(kind: bytes, head: bytes, body: bytes) -> bytes:
    return b"Content-Type: " + kind + b"\r\n" + head + b"\r\n" + body


def _branch(kind: bytes, boundary: bytes, parts: list[bytes], ends: bool) -> bytes:
    inside = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    last = b"--" + boundary + b"--\r\n" if ends else b""
    return b"Content-Type: " + kind + b"; boundary=" + boundary + b"\r\n\r\n" + inside + last


leaves = st.builds(
    _leaf,
    st.sampled_from([piece for piece in PIECES if b"/" in piece and piece[:1] not in b"<;"] + [b"", b"x"]),
    heads,
    encoded,
)
parts = st.recursive(
    leaves,
    lambda inner: st.builds(
        _branch,
        st.sampled_from([b"multipart/mixed", b"multipart/alternative", b"multipart/report", b"multipart/related"]),
        st.sampled_from([b"b", b"bb", b"=_x", b'"b b"']),
        st.lists(inner, max_size=4),
        st.booleans(),
    ),
    max_leaves=6,
)
mails = st.one_of(
    st.builds(lambda head, part: head + b"MIME-Version: 1.0\r\n" + part, heads, parts),
    st.builds(lambda head, body: head + b"\r\n" + body, heads, joined),
    st.binary(max_size=400),
)
texts = joined.map(lambda raw: raw.decode("utf-8", "replace"))


def damaged(raw: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """The mail with a few changes of the kinds that transport, programs and malice make."""
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(raw) + 1)
        until = min(len(raw), at + chance.choice((0, 1, 4, 20, 200)))
        change = chance.randrange(6)
        if change == 0:
            raw = raw[:at] + chance.choice(PIECES) + raw[until:]
        elif change == 1:
            raw = raw[:at] + raw[until:]
        elif change == 2:
            raw = raw[:until] + raw[at:until] * chance.randint(1, 200) + raw[until:]
        elif change == 3:
            raw = raw[:at] + bytes(chance.randrange(256) for _ in range(until - at)) + raw[until:]
        elif change == 4:
            other = chance.choice(others)
            start = chance.randrange(len(other) + 1)
            raw = raw[:at] + other[start : start + 2_000] + raw[at:]
        else:
            raw = raw.replace(b"\r\n", b"\n") if chance.random() < 0.5 else raw[:at]
    return raw[:200_000]
