"""Texts that the portal writes into Coperniq records that came from QuickBooks. Pure.

An invoice's description is `QBO #1042: memo` and, as its last line, the correlation tag: Coperniq numbers invoices by
itself (docs/vendors/coperniq-api.md, A10), and the tag identifies the record if the link or a response is lost.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from integrations.sync.engine.correlation_tag import _checksum, with_tag, without_tag

_COPERNIQ_TAG = re.compile(
    r"\[QuickBooks (invoice|payment) ([\w-]+)(?: on invoice ([\w-]+))? ref ([0-9a-f]{8})\]", re.ASCII
)
_NUMBER_PREFIX = "QBO #"
_NUMBER_PATTERN = re.compile(rf"{_NUMBER_PREFIX}([^\n]*?)(?::[ \t]+|:?[ \t\r]*(?=\n|\Z))")
_PAYMENT_REFERENCE = re.compile(r"(?:\A|\()QBO ([\w-]+)\)?\Z", re.ASCII)


class QuickBooksIds(NamedTuple):
    """Ids in QuickBooks. A payment is allocated to an invoice, "" for an invoice itself."""

    quickbooks_id: str
    allocation_invoice_id: str


class Description(NamedTuple):
    number: str
    memo: str
    tag: str


def quickbooks_tag(realm_id: str, kind: str, quickbooks_id: str, invoice_id: str = "") -> str:
    on_invoice = f" on invoice {invoice_id}" if invoice_id else ""
    checksum = _quickbooks_checksum(realm_id, kind, quickbooks_id, invoice_id)
    return f"[QuickBooks {kind} {quickbooks_id}{on_invoice} ref {checksum}]"


def read_quickbooks_tag(realm_id: str, kind: str, text: str) -> QuickBooksIds:
    """The QuickBooks record it came from; empty ids without a valid tag. The last tag counts: a memo may quote one."""
    for named, quickbooks_id, invoice_id, checksum in reversed(_COPERNIQ_TAG.findall(text)):
        if named == kind and checksum == _quickbooks_checksum(realm_id, kind, quickbooks_id, invoice_id):
            return QuickBooksIds(quickbooks_id, invoice_id)
    return QuickBooksIds("", "")


def description_of(number: str, memo: str, tag: str) -> str:
    """A memo that begins like a number gets an empty number before it, so that parts_of reads it back unchanged."""
    shown, text = shown_number(number), memo.strip()
    if shown or text.startswith(_NUMBER_PREFIX):
        text = f"{_NUMBER_PREFIX}{shown}: {text}" if text else f"{_NUMBER_PREFIX}{shown}"
    return with_tag(text, tag)


def parts_of(description: str) -> Description:
    """Without a tag there is no number: a person may begin a text with "QBO #"."""
    text, tag = _split(description)
    found = _NUMBER_PATTERN.match(text) if tag else None
    return Description(found[1], text[found.end() :].strip(), tag) if found else Description("", text, tag)


def memo_of(description: str) -> str:
    return parts_of(description).memo.strip()


def with_memo(description_now: str, memo: str) -> str:
    now = parts_of(description_now)
    return description_of(now.number, memo, now.tag) if now.tag else memo.strip()


def with_number(description_now: str, number: str) -> str:
    """Unchanged without a tag, because parts_of would not read the number back."""
    now = parts_of(description_now)
    return description_of(number, now.memo, now.tag) if now.tag else description_now


def shown_number(number: str) -> str:
    """The number in one line, without the separator of number and memo."""
    return re.sub(r":\s+", ":", " ".join(number.split())).rstrip(": ")


def payment_notes(method_name: str, note: str, tag: str) -> str:
    """`method_name` is "" if Coperniq has that payment method. The tag of the other direction is removed from `note`."""
    method = f"Paid by {method_name}" if method_name else ""
    return with_tag("\n".join(filter(None, (method, without_tag(note)))), tag)


def notes_text(notes: str) -> str:
    """The notes without the tag."""
    return _split(notes)[0]


def reference_of(quickbooks_reference: str, payment_id: str) -> str:
    own = quickbooks_reference.strip()
    return f"{own} (QBO {payment_id})" if own else f"QBO {payment_id}"


def payment_id_in(coperniq_reference: str) -> str:
    """The QuickBooks payment that the reference names, "" if none. Not proof of origin: a person can type it."""
    found = _PAYMENT_REFERENCE.search(coperniq_reference.strip())
    return found[1] if found else ""


def _split(text: str) -> tuple[str, str]:
    """The text without the last tag, and that tag. People may have written after it."""
    found = list(_COPERNIQ_TAG.finditer(text))
    if not found:
        return text, ""
    before, after = text[: found[-1].start()].strip(), text[found[-1].end() :].strip()
    return "\n".join(filter(None, (before, after))), found[-1][0]


def _quickbooks_checksum(realm_id: str, kind: str, quickbooks_id: str, invoice_id: str) -> str:
    return _checksum(realm_id, f"quickbooks {kind}", quickbooks_id, invoice_id)
