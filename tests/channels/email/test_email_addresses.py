"""Addresses as RFC 5322 Appendix A writes them, obsolete and odd forms too, and names as RFC 2047 encodes them."""

from __future__ import annotations

import pytest

from channels.email.addresses import Mailbox, parse


def read(value: str) -> list[tuple[str, str]]:
    return [(box.name, box.address) for box in parse(value.encode())]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("John Doe <jdoe@machine.example>", [("John Doe", "jdoe@machine.example")]),
        ('"Joe Q. Public" <john.q.public@example.com>', [("Joe Q. Public", "john.q.public@example.com")]),
        (
            "Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
            [("Mary Smith", "mary@x.test"), ("", "jdoe@example.org"), ("Who?", "one@y.test")],
        ),
        (
            '<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
            [("", "boss@nil.test"), ('Giant; "Big" Box', "sysservices@example.net")],
        ),
        (
            "A Group:Ed Jones <joe@where.test>,joe@where.test,John <jdoe@one.test>;",
            [("Ed Jones", "joe@where.test"), ("", "joe@where.test"), ("John", "jdoe@one.test")],
        ),
        ("Undisclosed recipients:;", []),
        ("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", [("Pete", "pete@silly.test")]),
        ("jdoe@test (my dear friend)", [("my dear friend", "jdoe@test")]),
        ("Joe Q. Public <john.q.public@example.com>", [("Joe Q. Public", "john.q.public@example.com")]),
        (
            "Mary Smith <@node.test:mary@example.net>, , jdoe@test . example",
            [("Mary Smith", "mary@example.net"), ("", "jdoe@test.example")],
        ),
        ('"quoted local"@example.org', [("", "quoted local@example.org")]),
        ("ana@people.example;bob@people.example", [("", "ana@people.example"), ("", "bob@people.example")]),
        ("Ana Nowak <ana@people.example", [("Ana Nowak", "ana@people.example")]),
        ("Ana <<ana@people.example>>", [("Ana", "ana@people.example")]),
        ("'ana@people.example' <ana@people.example>", [("'ana@people.example'", "ana@people.example")]),
        ("Żółta <zółta@łódź.example>", [("Żółta", "zółta@łódź.example")]),
        ("", []),
        (",,;", []),
    ],
)
def test_addresses_are_read_as_they_are_written(value: str, expected: list[tuple[str, str]]) -> None:
    assert read(value) == expected


def test_a_list_of_addresses_may_stand_in_groups_among_others() -> None:
    """RFC 5322 A.1.3, twice and mixed."""
    found = read("a@x.test, Staff: b@x.test, C <c@x.test>; Friends: d@x.test;, e@x.test")
    assert [address for _, address in found] == [f"{letter}@x.test" for letter in "abcde"]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore"),
        ("=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?= <keld@dkuug.dk>", "Keld Jørn Simonsen"),
        ("=?ISO-8859-1?Q?Andr=E9?= Pirard <PIRARD@vm1.ulg.ac.be>", "André Pirard"),
        ("=?ISO-8859-1?Q?Olle_J=E4rnefors?= <ojarnef@admin.kth.se>", "Olle Järnefors"),
        ("=?ISO-8859-1?Q?Patrik_F=E4ltstr=F6m?= <paf@nada.kth.se>", "Patrik Fältström"),
        (
            "Nathaniel Borenstein <nsb@thumper.bellcore.com> (=?iso-8859-8?b?7eXs+SDv4SDp7Oj08A==?=)",
            "Nathaniel Borenstein",
        ),
        ("nsb@thumper.bellcore.com (=?iso-8859-8?b?7eXs+SDv4SDp7Oj08A==?=)", "םולש ןב ילטפנ"),
        ('"=?utf-8?q?M=C3=BCller=2C_Hans?=" <hans@people.example>', "Müller, Hans"),
        ("=?utf-8?q?M=C3=BCller=2C_Hans?= <hans@people.example>", "Müller, Hans"),
    ],
)
def test_names_in_encoded_words_are_decoded_after_the_list_is_split(value: str, name: str) -> None:
    """RFC 2047 8. A comma that came out of an encoded word separates nothing."""
    (box,) = parse(value.encode())
    assert box.name == name


def test_a_name_in_raw_bytes_is_read_by_the_mails_charset() -> None:
    assert parse(b"G\xfcnther <g@people.example>", "iso-8859-1") == (Mailbox("g@people.example", "Günther"),)
