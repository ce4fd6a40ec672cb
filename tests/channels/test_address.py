"""One spelling for every mail address, and the one that people read (M7)."""

from __future__ import annotations

import pytest

from channels import address


@pytest.mark.parametrize(
    ("written", "kept", "shown"),
    [
        ("Ana@Bücher.Example", "ana@xn--bcher-kva.example", "ana@bücher.example"),
        ("ana@straße.example", "ana@xn--strae-oqa.example", "ana@straße.example"),
        ("ana@例え。テスト", "ana@xn--r8jz45g.xn--zckzah", "ana@例え.テスト"),
        ("ana@Пример.рф", "ana@xn--e1afmkfd.xn--p1ai", "ana@пример.рф"),
        ("żółć@shop.example", "żółć@shop.example", "żółć@shop.example"),
        ("ana@XN--BCHER-KVA.example.", "ana@xn--bcher-kva.example", "ana@bücher.example"),
        ("ana@xn--h28h.example", "ana@xn--h28h.example", "ana@xn--h28h.example"),
    ],
)
def test_a_domain_is_kept_as_an_a_label_and_shown_as_people_write_it(written: str, kept: str, shown: str) -> None:
    assert (address.mail(written), address.pretty_mail(kept)) == (kept, shown)


@pytest.mark.parametrize(
    "odd", ["ana@a\u200bb\u202e.example", "ana@-ü.example", "ana@ü..example", "ana@☃.example", "@x.example"]
)
def test_what_is_no_domain_name_is_refused(odd: str) -> None:
    with pytest.raises(address.BadAddress):
        address.mail(odd)
