"""Charsets by every name they go by, wrong names, and bytes no name fits (M2, M3, M6)."""

from __future__ import annotations

import pytest

from channels.email import mime
from channels.email.charsets import codec, decode

TEXTS = {
    "utf-8": "Zażółć gęślą jaźń €",
    "utf-7": "Hi Mom ☺!",
    "utf-16": "Żółć and a line\n",
    "utf-16le": "Żółć\n",
    "utf-16be": "Żółć\n",
    "utf-32": "Żółć\n",
    "iso-8859-2": "Zażółć gęślą jaźń",
    "iso-8859-5": "Привет",
    "iso-8859-7": "Γειά σου",
    "iso-8859-8-i": "שלום",
    "iso-8859-15": "10 € für Ÿves",
    "windows-1250": "Zażółć „gęślą” jaźń",
    "windows-1251": "Здравейте, как сте?",
    "windows-1252": "“Smart” – €",
    "windows-1256": "مرحبا",
    "windows-1257": "Ačiū, labas",
    "koi8-r": "Здравствуйте",
    "koi8-u": "Привіт, їжаку",
    "ibm866": "Здравствуйте",
    "cp850": "Grüße",
    "macintosh": "Grüße “Mac”",
    "x-mac-cyrillic": "Здравствуйте",
    "x-mac-ce": "Zażółć",
    "gb2312": "中文邮件",
    "gb18030": "中文邮件㐀",
    "hz-gb-2312": "中文邮件",
    "big5": "中文郵件",
    "big5-hkscs": "中文郵件嘅",
    "shift_jis": "日本語のメール",
    "euc-jp": "日本語のメール",
    "iso-2022-jp": "日本語のメール",
    "iso-2022-kr": "한국어 메일",
    "euc-kr": "한국어 메일",
    "ks_c_5601-1987": "한국어 메일",
    "tis-620": "สวัสดี",
    "windows-874": "สวัสดี “ครับ”",
    "viscii-unknown": "plain",
}
PYTHON = {
    "iso-8859-8-i": "iso8859-8",
    "ibm866": "cp866",
    "macintosh": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-ce": "mac-latin2",
    "hz-gb-2312": "hz",
    "ks_c_5601-1987": "cp949",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "viscii-unknown": "ascii",
}


@pytest.mark.parametrize("charset", TEXTS)
def test_texts_are_read_in_the_charset_they_name(charset: str) -> None:
    data = TEXTS[charset].encode(PYTHON.get(charset, charset))
    assert decode(data, charset) == TEXTS[charset]
    assert decode(data, f'"{charset.upper()}"') == TEXTS[charset]


@pytest.mark.parametrize("fallback", ["utf-7", "utf-16", "x-unknown", "utf-8", ""])
def test_no_name_for_the_mail_around_lets_half_a_character_through(fallback: str) -> None:
    for data in (b"\xff+2AA-", b"\xff\xfe\0\xd8", b"\xed\xa0\x80", b"\0\xff"):
        text = decode(data, "", fallback)
        assert text.encode().decode() == text
        assert "\0" not in text


WHATWG = """
    unicode-1-1-utf-8 utf8 x-unicode20utf8 866 csibm866 csisolatin2 iso-ir-101 iso88592 iso_8859-2:1987 l2
    csisolatin3 iso-ir-109 latin3 csisolatin4 latin4 csisolatincyrillic cyrillic iso-ir-144 arabic asmo-708
    csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6-e csisolatingreek ecma-118 elot_928 greek8
    sun_eu_greek csiso88598e csisolatinhebrew visual csiso88598i logical csisolatin6 iso885910 l6 iso885913
    iso885914 csisolatin9 l9 iso-8859-16 cskoi8r koi koi8_r koi8-ru csmacintosh mac x-mac-roman dos-874
    iso-8859-11 iso885911 tis-620 x-cp1250 x-cp1251 ansi_x3.4-1968 ascii cp819 ibm819 iso-ir-100 iso88591
    iso_8859-1:1987 l1 x-cp1252 cp1253 csisolatin5 iso88599 iso_8859-9:1989 x-cp1254 cp1255 cp1256 cp1257 x-cp1258
    x-mac-ukrainian chinese csgb2312 csiso58gb231280 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk big5-hkscs cn-big5
    csbig5 x-x-big5 cseucpkdfmtjapanese x-euc-jp csiso2022jp csshiftjis ms932 ms_kanji shift-jis sjis windows-31j
    x-sjis cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1989 ksc5601 ksc_5601 windows-949 csiso2022kr
    unicodefffe csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16le x-user-defined cp-1251 win-1251
    windows1252 iso-gb2312 utf-7 utf_8 ibm850 x-iso-8859-1 x-utf-8
"""


@pytest.mark.parametrize("label", WHATWG.split())
def test_every_label_of_the_encoding_standard_is_known(label: str) -> None:
    assert codec(label) is not None


@pytest.mark.parametrize(
    "label", ["default", "x-unknown", "base64", "zlib", "idna", "rot13", "unknown-8bit", "", "?", "_"]
)
def test_what_names_no_charset_is_none(label: str) -> None:
    assert codec(label) is None


@pytest.mark.parametrize(
    ("data", "label", "text"),
    [
        ("Zażółć".encode(), "us-ascii", "Zażółć"),
        ("Zażółć".encode(), "iso-8859-2", "Zażółć"),
        ("Привет".encode(), "koi8-r", "Привет"),
        ("日本語".encode(), "shift_jis", "日本語"),
        ("日本語のメール".encode("euc-jp"), "shift_jis", "日本語のメール"),
        ("caf\xe9".encode("latin-1"), "utf-8", "café"),
        ("日本".encode("iso-2022-jp"), "", "日本"),
        ("日本".encode("iso-2022-jp"), "us-ascii", "日本"),
        (b"\xef\xbb\xbfwords", "utf-8", "words"),
        (b"plain words", "utf-16", "plain words"),
        ("Ż".encode("utf-16"), "", "Ż"),
        (b"\x81\x8d\x90 kept", "windows-1252", "\x81\x8d\x90 kept"),
        (b"a\0b", "utf-8", "ab"),
        (b"+2AA-", "utf-7", ""),
        (b"odd\xff", "utf-16le", "摯､"[:1] + b"\x64\xff".decode("utf-16-le")),
    ],
)
def test_a_wrong_name_is_seen_through(data: bytes, label: str, text: str) -> None:
    assert decode(data, label) == text


@pytest.mark.parametrize(
    "page",
    [
        '<meta charset="koi8-r"><p>Привет</p>',
        '<meta http-equiv="Content-Type" content="text/html; charset=koi8-r"><p>Привет</p>',
        '<?xml version="1.0" encoding="koi8-r"?><p>Привет</p>',
    ],
)
@pytest.mark.parametrize("stated", ["", "; charset=us-ascii", "; charset=x-unknown"])
def test_a_page_names_its_charset_itself_when_the_header_does_not(page: str, stated: str) -> None:
    raw = f"Content-Type: text/html{stated}\r\n\r\n".encode() + page.encode("koi8-r")
    assert mime.read(raw).html == page


def test_the_header_is_believed_before_the_page() -> None:
    page = '<meta charset="iso-8859-1"><p>Привет</p>'
    assert mime.read(b"Content-Type: text/html; charset=koi8-r\r\n\r\n" + page.encode("koi8-r")).html == page
