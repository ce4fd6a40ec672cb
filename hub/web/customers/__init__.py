"""Customers: found, read, changed, merged, handed over and erased; lists and segments of them."""

from __future__ import annotations

from hub.web.customers import (
    callers,
    changes,
    consent_proof,
    customer,
    erasing,
    imports,
    listing,
    lists,
    merging,
    personal_data,
    purchases,
    reaching,
    segments,
)

PAGES = (
    listing,
    callers,
    consent_proof,
    purchases,
    imports,
    reaching,
    erasing,
    personal_data,
    merging,  # before customer, which takes any word for a customer's id
    customer,
    changes,
    lists,
    segments,
)
