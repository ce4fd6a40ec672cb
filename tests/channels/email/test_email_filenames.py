"""What attached files are called (M4): as stated, safe, unique, never nothing."""

from __future__ import annotations

import pytest

from channels.email import mime


def names(*heads: str) -> list[str]:
    body = "".join(f"--b\r\n{head}\r\n\r\nx\r\n" for head in heads) + "--b--\r\n"
    raw = f"Content-Type: multipart/mixed; boundary=b\r\n\r\n{body}".encode()
    return [file.name for file in mime.read(raw).attachments]


def stated(name: str) -> str:
    return f'Content-Type: application/x-thing\r\nContent-Disposition: attachment; filename="{name}"'


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ana\\scan.pdf", "scan.pdf"),
        ("a\tb.txt", "a_b.txt"),
        ("..", "file"),
        (" . ", "file"),
        ("folder/", "folder"),
        (".htaccess", ".htaccess"),
        ("x" * 400 + ".pdf", "x" * 236 + ".pdf"),
        ("x" * 400, "x" * 240),
        ("a\u202ecod.exe", "a_cod.exe"),
        ("Re: [1/2] offer?.pdf", "2] offer?.pdf"),
    ],
)
def test_a_stated_name_leaves_no_folder_and_hides_nothing(name: str, expected: str) -> None:
    assert names(stated(name)) == [expected]


def test_equal_names_are_numbered() -> None:
    found = names(*[stated("a.pdf")] * 3, stated("a1.pdf"), *[stated("noext")] * 2)
    assert found == ["a.pdf", "a1.pdf", "a2.pdf", "a11.pdf", "noext", "noext1"]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("Content-Type: image/png", "image.png"),
        ("Content-Type: image/jpg", "image.jpg"),
        ("Content-Type: video/quicktime", "video.mov"),
        ("Content-Type: application/pdf", "file.pdf"),
        ("Content-Type: text/calendar", "calendar.ics"),
        ("Content-Type: application/octet-stream", "file"),
        ("Content-Type: application/x-nobody-knows", "file"),
        ("Content-Type: image/png\r\nContent-ID: <image001.png@01D>", "image001.png"),
        ("Content-Type: image/png\r\nContent-ID: <abc-def@x>", "image.png"),
        ("Content-Type: image/png\r\nContent-Location: http://x.example/pics/a%20b.png?x=1", "a b.png"),
        ("Content-Type: image/png\r\nContent-Location: ../..", "image.png"),
        ("Content-Type: message/rfc822\r\nContent-Description: Returned mail", "Returned mail.eml"),
        ("Content-Type: message/delivery-status\r\nContent-Description: Delivery report", "Delivery report.txt"),
        ("Content-Type: image/png; name=by-type.png", "by-type.png"),
        (
            "Content-Type: image/png; name=by-type.png\r\nContent-Disposition: inline; filename=by-place.png",
            "by-place.png",
        ),
    ],
)
def test_a_part_without_a_name_is_called_by_what_it_is(head: str, expected: str) -> None:
    assert names(head) == [expected]
