"""Raw mails and attachments: blobs named by the SHA-256 of what they hold. A folder, or a bucket that speaks S3.

Nothing here knows what a blob means or who may read it.
"""

from __future__ import annotations

from pathlib import Path

from hub.storage.blobs import Damaged, Missing, Storage, StorageError, StorageFull
from hub.storage.bucket import Bucket
from hub.storage.folder import Folder

__all__ = ["Bucket", "Damaged", "Folder", "Missing", "Storage", "StorageError", "StorageFull", "open_storage"]


def open_storage(where: str | Path) -> Storage:
    """A folder's path (made if need be), or `s3://bucket/prefix`.

    S3 takes keys, region and endpoint from the standard AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and
    AWS_ENDPOINT_URL. Raises StorageError when the place cannot be used.
    """
    scheme, separator, _ = str(where).partition("://")
    if not separator:
        return Folder(Path(where))
    if scheme == "s3":
        return Bucket(str(where))
    raise StorageError(f"No store speaks {scheme}://. Give a folder, or s3://bucket/prefix")
