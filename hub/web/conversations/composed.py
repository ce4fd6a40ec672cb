"""What was typed into the composer: its fields as one value, and the files that go with it."""

from __future__ import annotations

import dataclasses
from typing import Annotated
from uuid import UUID

from fastapi import Depends, File, Form, UploadFile

from hub.conversations import copying, drafts
from hub.conversations.drafts import Draft, Place
from hub.outbound.asking import LONGEST_SUBJECT, LONGEST_TEXT
from hub.outbound.request import NewFile
from hub.sentences import Sentence
from hub.web import words
from hub.web.access import Visit
from hub.web.mending import WrongInput

_LARGEST = 25 * 1024 * 1024
_MOST_FILES = 10
DRAFT, DISCARD = "draft", "discard"
_TOO_BIG = Sentence("At most ten files, 25 MB together. Send a link instead, or fewer files.")


class BadFiles(ValueError):
    """More files, or larger ones, than a mail server takes."""


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """The composer's fields. The token makes a double click one message."""

    kind: str
    token: UUID
    text: str
    subject: str
    seen: UUID | None
    resolve: bool
    files: list[UploadFile]
    recipient: str
    mailbox: str
    signed: bool
    quoting: bool
    later: str
    later_at: str
    unless_answered: bool
    kept: list[int]
    choice: str
    cc: str
    bcc: str

    @property
    def empty(self) -> bool:
        """There is nothing to send or to keep."""
        return not self.text.strip() and self.choice != DISCARD

    @property
    def stays_here(self) -> bool:
        """It is kept as a draft or thrown away: nobody hears of it."""
        return self.choice in (DRAFT, DISCARD)

    @property
    def draft(self) -> Draft:
        """Without the files."""
        chosen = self.recipient, self.mailbox, self.signed, self.quoting
        return Draft(self.kind, self.text, self.subject, *chosen, cc=self.cc, bcc=self.bcc)


def _written(
    kind: Annotated[str, Form()],
    form_token: Annotated[UUID, Form()],
    text: Annotated[str, Form(max_length=LONGEST_TEXT)] = "",
    subject: Annotated[str, Form(max_length=LONGEST_SUBJECT)] = "",
    seen: Annotated[str, Form()] = "",
    resolve: Annotated[str, Form()] = "",
    files: Annotated[list[UploadFile], File()] = [],  # noqa: B006
    recipient: Annotated[str, Form(max_length=320)] = "",
    mailbox: Annotated[str, Form(max_length=100)] = "",
    below: Annotated[str, Form()] = "",
    signed: Annotated[str, Form()] = "",
    quoting: Annotated[str, Form()] = "",
    later: Annotated[str, Form(max_length=20)] = "",
    later_at: Annotated[str, Form(max_length=40)] = "",
    unless_answered: Annotated[str, Form()] = "",
    kept: Annotated[list[int], Form()] = [],  # noqa: B006
    choice: Annotated[str, Form(max_length=20)] = "",
    cc: Annotated[str, Form(max_length=copying.LONGEST)] = "",
    bcc: Annotated[str, Form(max_length=copying.LONGEST)] = "",
) -> Written:
    """`below`: the form had the two boxes, so one that is not sent was cleared. `kept`: files of the draft."""
    text = text.replace("\0", "").replace("\r\n", "\n")  # as forms send a line end: two signs of an SMS
    if kind not in words.KINDS:
        raise WrongInput("kind", kind)
    return Written(
        kind=kind,
        token=form_token,
        text=text,
        subject=" ".join(subject.split()),
        seen=_uuid(seen),
        resolve=bool(resolve),
        files=files,
        recipient=recipient.replace("\0", ""),
        mailbox=mailbox.replace("\0", ""),
        signed=bool(signed or not below),
        quoting=bool(quoting or not below),
        later=later,
        later_at=later_at,
        unless_answered=bool(unless_answered),
        kept=kept,
        choice=choice,
        cc=cc.replace("\0", "").strip(),
        bcc=bcc.replace("\0", "").strip(),
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as e:
        raise WrongInput("seen", text) from e


Form_ = Annotated[Written, Depends(_written)]


async def files(visit: Visit, place: Place, written: Written) -> tuple[NewFile, ...]:
    """Those of the draft that were not taken out of it, and the new ones. Refuses what no mail server takes."""
    async with visit.hub.database.unit() as session:
        found = await drafts.find(session, place) if written.kept else None
    old = found[0].files if found is not None else ()
    before = [file for number, file in enumerate(old) if number in written.kept]
    chosen = [file for file in written.files if file.filename]
    contents = [await file.read(_LARGEST + 1) for file in chosen[: _MOST_FILES + 1]]
    size = sum(map(len, contents)) + sum(file.size for file in before)
    if len(before) + len(chosen) > _MOST_FILES or size > _LARGEST:
        raise BadFiles(_TOO_BIG)
    return (
        *before,
        *[await _stored(visit, file, content) for file, content in zip(chosen, contents, strict=True)],
    )


async def _stored(visit: Visit, file: UploadFile, content: bytes) -> NewFile:
    name, media_type = (file.filename or "file")[-200:], file.content_type or "application/octet-stream"
    return NewFile(name=name, media_type=media_type, sha256=await visit.hub.storage.put(content), size=len(content))
