"""Pictures of mails: uploaded once, fetched by whoever reads the mail from a signed address of ours, for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels import bare_pictures, pictures
from channels.errors import Unreadable
from hub.clock import uuid7
from hub.models import MailPicture
from hub.outbound.asking import Gate
from hub.sentences import Sentence
from hub.signing import Signer
from hub.texts.shelf import TextProblem

PURPOSE = "mail picture"  # the signer's
LARGEST = pictures.MAX_BYTES
LONGEST_ALT, LONGEST_NAME = 300, 200


@dataclass(frozen=True, slots=True)
class NewPicture:
    """What somebody uploads. `alt` is empty for one that only decorates."""

    name: str
    alt: str
    media_type: str
    content: bytes


def read(content: bytes, name: str, alt: str, *, decorates: bool) -> NewPicture:
    """What it is by its own first bytes, whatever it was said to be; never a drawing that may hold scripts. Without
    what the file says of where and by whom it was taken (decision 0063).

    Raises TextProblem.
    """
    alt = " ".join(alt.replace("\0", "").split())
    if not content:
        raise TextProblem(Sentence("Choose a picture first"))
    if len(content) > LARGEST:
        gaps = {"size": len(content) // 1024, "most": LARGEST // 1024}
        raise TextProblem(Sentence("The picture has %(size)s KB and takes at most %(most)s KB. Make it smaller", gaps))
    if bool(alt) == decorates or len(alt) > LONGEST_ALT:
        raise TextProblem(Sentence("Say what the picture shows, or mark that it only decorates"))
    try:
        found = pictures.picture(bare_pictures.bare(content))
    except Unreadable as e:
        raise TextProblem(Sentence("It is no PNG, JPEG, GIF or WebP. Save it as one of these")) from e
    return NewPicture(name.replace("\0", "")[-LONGEST_NAME:], alt, found.media_type, found.content)


async def add(session: AsyncSession, new: NewPicture, sha256: str, *, staff_id: int, now: datetime) -> MailPicture:
    """Its content lies in the storage already, under `sha256`."""
    row = MailPicture(
        id=uuid7(now),
        sha256=sha256,
        name=new.name,
        media_type=new.media_type,
        size=len(new.content),
        alt=new.alt,
        created_by=staff_id,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def latest(session: AsyncSession, *, limit: int) -> Sequence[MailPicture]:
    """The newest first."""
    query = select(MailPicture).order_by(col(MailPicture.created_at).desc(), col(MailPicture.id).desc())
    return (await session.exec(query.limit(limit))).all()


async def get(session: AsyncSession, picture_id: UUID) -> MailPicture:
    """Raises LookupError."""
    found = await session.get(MailPicture, picture_id)
    if found is None:
        raise LookupError(f"there is no picture {picture_id}")
    return found


def address(gate: Gate, picture: MailPicture) -> str:
    """Where mail programs fetch it."""
    return f"{gate.public_url}{path(gate.signer, picture)}"


def path(signer: Signer, picture: MailPicture) -> str:
    """The same, for who is here already."""
    return f"/m/{signer.sign(PURPOSE, str(picture.id))}"
