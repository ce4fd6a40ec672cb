"""The text beside an HTML message keeps its sense: paragraphs, lists, links, tables, quotations."""

from __future__ import annotations

import time

import pytest

from channels import plaintext


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("<p>Hello <b>Ana</b>,<br>good&nbsp;day &amp; more</p><p>Bye</p>", "Hello Ana,\ngood day & more\n\nBye\n"),
        ("<div>one<div>two</div></div>three", "one\ntwo\nthree\n"),
        ("<ul><li>tea<li>figs</ul>", "- tea\n- figs\n"),
        ("<ol><li>tea<ul><li>green</li></ul></li><li>figs</li></ol>", "1. tea\n  - green\n2. figs\n"),
        ('See <a href="https://x.example/?a=1&amp;b=2">our page</a>.', "See our page (https://x.example/?a=1&b=2).\n"),
        ('<a href="https://x.example">https://x.example/</a>', "https://x.example/\n"),
        ('<a href="mailto:ana@x.example">ana@x.example</a>', "ana@x.example\n"),
        ('<a href="https://x.example"><img src="cid:logo" alt="The Shop"></a>', "The Shop (https://x.example)\n"),
        ('<a href="https://x.example"><img src="cid:logo"></a>', "https://x.example\n"),
        ('<a href="javascript:alert(1)">run</a><a href="#top">up</a>', "runup\n"),
        ("<table><tr><th>Item<th>Price<tr><td>Tea<td>3,00</table>", "Item | Price\nTea | 3,00\n"),
        ("<table><tr><td><p>one</p></td><td><p>two</p></td></tr></table>", "one\n\ntwo\n"),
        ("<blockquote>said<blockquote>before</blockquote></blockquote>now", "> said\n>\n> > before\n\nnow\n"),
        ("<pre>a  b\n  c</pre>", "a  b\n  c\n"),
        ("a<hr>b", "a\n\n--------------------\n\nb\n"),
        ("<title>t</title><style>p{}</style><script>x</script><!-- c --><p>words</p>", "words\n"),
        ("a &lt;b&gt; <unknown>c</unknown> 1 < 2", "a <b> c 1 < 2\n"),
    ],
)
def test_markup_becomes_the_text_that_a_reader_would_see(markup: str, text: str) -> None:
    lines = [line.rstrip() for line in plaintext.of(markup).split("\n")]
    assert "\n".join(lines) == text


@pytest.mark.parametrize(
    "piece", ["<a href='", "<", "<div>", "<ul><li>", '<a b="', "<!--", "<blockquote>", "<td>", "&", "<a'\"", '<a "']
)
def test_no_markup_takes_long(piece: str) -> None:
    began = time.monotonic()
    plaintext.of(piece * 20_000)
    assert time.monotonic() - began < 5
