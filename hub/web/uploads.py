"""What a form's file holds: read no further than it may be, whatever a browser says of its size."""

from __future__ import annotations

from starlette.datastructures import UploadFile


async def content(file: object, most: int) -> bytes:
    """Empty where none was chosen; one byte more than `most` where there is more, for whoever refuses it in words."""
    return await file.read(most + 1) if isinstance(file, UploadFile) else b""


def name(file: object) -> str:
    return (file.filename or "") if isinstance(file, UploadFile) else ""
