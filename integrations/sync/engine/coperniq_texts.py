"""Texts that the portal writes into Coperniq records that came from QuickBooks. Pure.

An invoice's description is `QBO #1042: memo` and, as its last line, the correlation tag: Coperniq numbers invoices by
itself (docs/vendors/coperniq-api.md, A10), and a record has to be recognized should everything else be lost.
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
    """Ids in QuickBooks. `part` is the invoice that this share of a payment is on, "" for an invoice."""

    quickbooks_id: str
    part: str


class Description(NamedTuple):
    number: str
    memo: str
    mark: str


def quickbooks_tag(realm_id: str, kind: str, quickbooks_id: str, part: str = "") -> str:
    on_invoice = f" on invoice {part}" if part else ""
    told = _quickbooks_checksum(realm_id, kind, quickbooks_id, part)
    return f"[QuickBooks {kind} {quickbooks_id}{on_invoice} ref {told}]"


def read_quickbooks_tag(realm_id: str, kind: str, text: str) -> QuickBooksIds:
    """Whose the record is; empty where it bears no mark of ours. Ours is the last one: a memo may quote another."""
    for named, quickbooks_id, part, told in reversed(_COPERNIQ_TAG.findall(text)):
        if named == kind and told == _quickbooks_checksum(realm_id, kind, quickbooks_id, part):
            return QuickBooksIds(quickbooks_id, part)
    return QuickBooksIds("", "")


def description_of(number: str, memo: str, mark: str) -> str:
    """A memo that looks as if a number stood before it gets an empty one, so that it is read again as it was."""
    shown, text = shown_number(number), memo.strip()
    if shown or text.startswith(_NUMBER_PREFIX):
        text = f"{_NUMBER_PREFIX}{shown}: {text}" if text else f"{_NUMBER_PREFIX}{shown}"
    return with_tag(text, mark)


def parts_of(description: str) -> Description:
    """A number counts only together with a mark: a person may begin a text of their own with "QBO #"."""
    text, mark = _split(description)
    found = _NUMBER_PATTERN.match(text) if mark else None
    return Description(found[1], text[found.end() :].strip(), mark) if found else Description("", text, mark)


def memo_of(description: str) -> str:
    return parts_of(description).memo.strip()


def with_memo(description_now: str, memo: str) -> str:
    now = parts_of(description_now)
    return description_of(now.number, memo, now.mark) if now.mark else memo.strip()


def with_number(description_now: str, number: str) -> str:
    """Unchanged where the mark is gone: nothing would take the number for ours any more."""
    now = parts_of(description_now)
    return description_of(number, now.memo, now.mark) if now.mark else description_now


def shown_number(number: str) -> str:
    """In one line, and without what separates it from the memo."""
    return re.sub(r":\s+", ":", " ".join(number.split())).rstrip(": ")


def payment_notes(method_name: str, note: str, mark: str) -> str:
    """`method_name` is "" where Coperniq has one for it. The note may bear the mark of the other direction."""
    method = f"Paid by {method_name}" if method_name else ""
    return with_tag("\n".join(filter(None, (method, without_tag(note)))), mark)


def notes_text(notes: str) -> str:
    """What is in there but for our mark."""
    return _split(notes)[0]


def reference_of(quickbooks_reference: str, payment_id: str) -> str:
    own = quickbooks_reference.strip()
    return f"{own} (QBO {payment_id})" if own else f"QBO {payment_id}"


def payment_id_in(coperniq_reference: str) -> str:
    """The QuickBooks payment this reference names. No proof: anybody can type it."""
    found = _PAYMENT_REFERENCE.search(coperniq_reference.strip())
    return found[1] if found else ""


def _split(text: str) -> tuple[str, str]:
    """Without the last mark, and the mark. People may have written after it."""
    found = list(_COPERNIQ_TAG.finditer(text))
    if not found:
        return text, ""
    before, after = text[: found[-1].start()].strip(), text[found[-1].end() :].strip()
    return "\n".join(filter(None, (before, after))), found[-1][0]


def _quickbooks_checksum(realm_id: str, kind: str, quickbooks_id: str, part: str) -> str:
    return _checksum(realm_id, f"quickbooks {kind}", quickbooks_id, part)
