"""What was done when a person was erased, on one page: when, by whom, how much went, what stays and why.

It says nothing of who they were. Its digest stands in the audit trail, whose chain shows when somebody changes it.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from hub.models import Erasure

# What stays, in the order of the page, and why.
REMAINS = ("hashes", "campaign_messages", "audit_rows", "shared_files", "others", "settings")


def of(row: Erasure) -> dict[str, Any]:
    """The certificate as JSON holds it."""
    return content(row) | {"digest": row.digest}


def content(row: Erasure) -> dict[str, Any]:
    return {
        "certificate": str(row.id),
        "customer": str(row.subject_id),
        "asked_at": row.asked_at.isoformat(),
        "asked_by": row.asked_by_name,
        "done_at": row.done_at.isoformat() if row.done_at else None,
        "rows": dict(sorted(row.rows.items())),
        "files": row.files,
        "remains": {kind: remaining(row, kind) for kind in REMAINS},
    }


def remaining(row: Erasure, kind: str) -> int:
    return row.shared_files if kind == "shared_files" else row.remains.get(kind, 0)


def digest(row: Erasure) -> str:
    """SHA-256 of the content as JSON: keys in order, no spaces."""
    return hashlib.sha256(json.dumps(content(row), sort_keys=True, separators=(",", ":")).encode()).hexdigest()
