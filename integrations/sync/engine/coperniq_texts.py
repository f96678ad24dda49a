"""Texts that the portal writes into Coperniq records that came from QuickBooks. Pure.

An invoice's description, which customers read, is `QBO #1042: memo`: Coperniq numbers invoices by itself
(docs/vendors/coperniq-api.md, A10), and the number shows where the invoice came from if the link or a response is lost.
A correlation tag stands in its last line only where the number cannot tell that, or where the setting asks for it;
earlier versions wrote one, in a longer form, into every description.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from integrations.sync.engine.correlation_tag import (
    _ids_and_checksum,
    _tagged_ids,
    with_tag,
    without_tag,
)

_COPERNIQ_TAG = re.compile(
    r"\[(?:QuickBooks (?:invoice|payment) (?P<id>[\w-]+)(?: on invoice (?P<parent>[\w-]+))? ref (?P<sum>[0-9a-f]{8})"
    r"|QBO (?P<short_id>[\w-]+)(?:/(?P<short_parent>[\w-]+))?-(?P<short_sum>[0-9a-f]{8}))\]",
    re.ASCII,
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
    """`[QBO 155-2ec72d8a]`, of a payment `[QBO 33/155-2ec72d8a]`."""
    return f"[QBO {_ids_and_checksum(realm_id, f'quickbooks {kind}', quickbooks_id, invoice_id)}]"


def read_quickbooks_tag(realm_id: str, kind: str, text: str) -> QuickBooksIds:
    """The QuickBooks record it came from; empty ids without a valid tag. The last tag counts: a memo may quote one."""
    found = list(_tagged_ids(_COPERNIQ_TAG, realm_id, f"quickbooks {kind}", text))
    return QuickBooksIds(*found[-1]) if found else QuickBooksIds("", "")


def description_of(number: str, memo: str, tag: str) -> str:
    """A memo that begins like a number gets an empty number before it, so that parts_of reads it back unchanged."""
    shown, text = shown_number(number), memo.strip()
    if shown or text.startswith(_NUMBER_PREFIX):
        text = f"{_NUMBER_PREFIX}{shown}: {text}" if text else f"{_NUMBER_PREFIX}{shown}"
    return with_tag(text, tag)


def parts_of(description: str, *, numbered: bool) -> Description:
    """`numbered`: the invoice came from QuickBooks, so that a number in front is the portal's.

    A tag proves that as well. Without either, the whole text is people's: they may begin one with "QBO #".
    """
    text, tag = _split(description.strip())
    found = _NUMBER_PATTERN.match(text) if numbered or tag else None
    return Description(found[1], text[found.end() :].strip(), tag) if found else Description("", text, tag)


def memo_of(description: str, *, numbered: bool) -> str:
    return parts_of(description, numbered=numbered).memo


def tag_to_write(number: str, memo: str, tag: str, before: Description | None, *, always: bool) -> str:
    """`tag`, or "" where the number identifies the invoice and the setting does not ask for the tag.

    `before` is the description now, None for a new invoice: people who took the tag away do not get it back. A memo
    that quotes a tag needs the invoice's own behind it.
    """
    is_missing = not is_told_by_number(number) and (before is None or bool(before.tag))
    return tag if always or is_missing or _COPERNIQ_TAG.search(memo) else ""


def is_told_by_number(number: str) -> bool:
    """Whether the number stands in a description exactly as QuickBooks has it."""
    return bool(number) and shown_number(number) == number and not _COPERNIQ_TAG.search(number)


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
