"""Templates as programs send and read them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from hub.api.shapes import EXAMPLE_ID, Body, Out
from hub.models.vocabulary import Kind, Purpose
from hub.texts.drafts import LONGEST_PART
from hub.texts.lint import Finding, Level
from hub.texts.shelf import LONGEST_TITLE, Line

Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$", examples=["en"])]
Part = Annotated[str, Field(max_length=20)]
Words = Annotated[str, Field(max_length=LONGEST_PART)]
Variants = Annotated[dict[Language, Annotated[dict[Part, Words], Field(max_length=10)]], Field(max_length=20)]
Name = Annotated[str, Field(max_length=100)]


class TemplateIn(Body):
    title: Annotated[str, Field(min_length=1, max_length=LONGEST_TITLE)] = Field(examples=["Spring offer"])
    purpose: Purpose = Purpose.MARKETING
    copied: Name = Field(default="", description="The name of a template whose words it begins with")


class DraftIn(Body):
    variants: Variants = Field(
        description="By language: subject, body, mjml or html, sms, voice. What is left out is no text any more",
        examples=[{"en": {"subject": "Tulips", "body": "Dear {{ customer.name }}, …", "sms": "Tulips are here"}}],
    )
    seen: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(
        description="The revision that it was begun with; 0: the published words"
    )
    anyway: bool = Field(default=False, description="Over what a colleague has changed meanwhile")


class TestIn(Body):
    kind: Kind
    language: Language = "en"
    to: Annotated[str, Field(min_length=1, max_length=320)] = Field(description="An address or number of a colleague")
    customer_id: UUID | None = Field(
        default=None, examples=[EXAMPLE_ID], description="Whose values are shown; without: an example's"
    )


class TestOut(Out):
    interaction_id: UUID


class TemplateOut(Out):
    """`channels`: the languages that each channel has words in."""

    name: str
    title: str
    purpose: Purpose
    channels: dict[Kind, list[str]]
    published: bool
    has_draft: bool
    archived: bool
    changed_at: datetime | None

    @classmethod
    def line(cls, one: Line) -> TemplateOut:
        spoken = {kind: list(codes) for kind, codes in one.channels.items()}
        return cls.of(one, channels=spoken)


class VersionOut(Out):
    """`who`: empty where the hub itself made it current."""

    number: int
    at: datetime
    who: str


class FindingOut(Out):
    """An error keeps it from being published; `line` 0: all of that text."""

    level: Level
    language: str
    part: str
    line: int
    said: str

    @classmethod
    def told(cls, one: Finding) -> FindingOut:
        return cls(level=one.level, language=one.language, part=one.part, line=one.line, said=str(one.said))


class DraftOut(Out):
    """`revision` 0: nobody is writing, these are the published words."""

    variants: dict[str, dict[str, str]]
    revision: int
    changed_by: str
    changed_at: datetime | None
    findings: list[FindingOut]


class WholeTemplateOut(TemplateOut):
    variants: dict[str, dict[str, str]] = Field(description="What is sent at present")
    versions: list[VersionOut] = Field(description="The newest first")


class VersionWordsOut(Out):
    number: int
    variants: dict[str, dict[str, str]]
