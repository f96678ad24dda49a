"""Maps an answer of QuickBooks to an exception, or to none (docs/vendors/quickbooks-online.md, 2.1 and 2.2).

https://developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting/error-codes
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from integrations import errors
from integrations.errors import UnreadableJson, VendorError
from integrations.http import Reply
from integrations.json_reader import JsonReader, load_json

VENDOR = "quickbooks"

ErrorClass = type[VendorError]

# The first match decides. Texts come before codes, since Intuit has used code 6210 for two different errors.
PHRASES: tuple[tuple[str, ErrorClass], ...] = (
    ("throttleexceeded", errors.Throttled),
    ("duplicate document number", errors.NumberTaken),
    ("duplicate name exists", errors.NameTaken),
    ("stale object error", errors.StaleVersion),
)
CODES: tuple[tuple[frozenset[str], ErrorClass], ...] = (
    (frozenset({"3001"}), errors.Throttled),
    (frozenset({"120"}), errors.NotAdministrator),
    (frozenset({"100", "110", "130", "140", "150", "3100", "3200", "3202"}), errors.AccessLost),
    (frozenset({"6190"}), errors.SubscriptionEnded),
    (frozenset({"5010"}), errors.StaleVersion),
    (frozenset({"6240"}), errors.NameTaken),
    (frozenset({"6140"}), errors.NumberTaken),
    (frozenset({"6200", "6210"}), errors.BooksClosed),
    (frozenset({"6220", "6280"}), errors.HasBalance),
    (frozenset({"610", "2500"}), errors.InactiveReference),
    (frozenset({"6540"}), errors.Deposited),
    (frozenset({"620"}), errors.CannotBeLinked),
    (frozenset({"6250"}), errors.InvalidCustomer),
    (frozenset({"6180"}), errors.TooDeep),
    (frozenset({"2210"}), errors.BadEmail),
    (frozenset({"4002"}), errors.Unlistable),
    (frozenset({"6420"}), errors.EmailRequired),
    (frozenset({"2220"}), errors.WrongCurrency),
    (frozenset({"2250"}), errors.NoLines),
    (frozenset({"2140", "2290", "6070"}), errors.BadAmount),
    (frozenset({"2160"}), errors.BadQuantity),
    (frozenset({"6090"}), errors.BadDiscount),
    (frozenset({"2060", "2070"}), errors.BadDate),
    (frozenset({"6270"}), errors.StockDate),
    (frozenset({"2050"}), errors.TooLong),
    (frozenset({"6100"}), errors.BadTaxCode),
    (frozenset({"6010", "6430"}), errors.BadAccountType),
    (frozenset({"500", "5000", "5020", "5030"}), errors.FeatureOff),
    (frozenset({"2010", "2020", "2030", "2170"}), errors.PortalBug),
    (frozenset({"6000"}), errors.BusinessRule),
)
UNREADABLE_QUERY = {"4000", "4001"}
UNLISTABLE = "4002"
"""Came with status 500, too."""
DUPLICATE_REQUEST = {"600", "2130"}
BROKEN_DOWN = {"10000", "10100", "10200"}
BY_STATUS: dict[int, ErrorClass] = {
    401: errors.AccessLost,
    403: errors.AccessLost,
    404: errors.RecordMissing,
    429: errors.Throttled,
}


@dataclass(frozen=True)
class Fault:
    code: str
    kind: str
    text: str


def read_document(reply: Reply) -> JsonReader:
    """The JSON of an answer, or an empty document if it is not JSON.

    Gateways answer in HTML, and 429 has been XML.
    """
    try:
        return JsonReader(load_json(reply.body))
    except UnreadableJson:
        return JsonReader(None)


def error_for(reply: Reply, document: JsonReader, *, write: bool) -> VendorError | None:
    """The exception for this answer, or None for a success. A 200 may contain a fault.

    See docs/vendors/quickbooks-online.md, 2.1.
    """
    faults = read_faults(reply, document)
    if 200 <= reply.status < 300 and not faults:
        return None
    kind, code = _decide(reply.status, faults, write=write)
    detail = " · ".join(fault.text for fault in faults)
    return build(kind, reply, code=code, detail=detail)


def build(kind: ErrorClass, reply: Reply, *, code: str = "", detail: str = "") -> VendorError:
    return kind(
        vendor=VENDOR,
        status=reply.status,
        code=code,
        detail=detail or f"HTTP {reply.status}",
        intuit_tid=reply.intuit_tid,
        vendor_time=reply.vendor_time,
    )


def is_token_rejected(reply: Reply, document: JsonReader) -> bool:
    """True if a new access token may help: a 401, unless the user has lost access to the company (code 120)."""
    return reply.status == 401 and all(fault.code != "120" for fault in read_faults(reply, document))


def lost(*, write: bool) -> ErrorClass:
    return errors.OutcomeUnknown if write else errors.Unavailable


def read_faults(reply: Reply, document: JsonReader) -> list[Fault]:
    upper = document.child("Fault")
    lower = document.child("fault")
    if document.value is None:
        return list(_xml_faults(reply.body.decode("utf-8", "replace")))
    return [
        *_faults(upper, upper.children("Error"), "Message", "Detail"),
        *_faults(lower, lower.children("error"), "message", "detail"),
    ]


def _faults(envelope: JsonReader, rows: Sequence[JsonReader], message: str, detail: str) -> Iterator[Fault]:
    """The errors of an envelope. An envelope without a readable error counts as one fault."""
    kind = envelope.text("type", "")
    for row in rows or ([envelope] if envelope.value else []):
        code = row.text("code", "").lstrip("0")
        yield Fault(code, kind, _joined(row.text(message, ""), row.text(detail, "")))


def _xml_faults(text: str) -> Iterator[Fault]:
    """Read with regular expressions: an XML parser would accept entity expansion attacks from outside."""
    kind = re.search(r'<Fault[^>]*\btype="(\w+)"', text)
    for code, body in re.findall(r'<Error[^>]*\bcode="0*(\w+)"[^>]*>(.*?)</Error>', text, re.DOTALL):
        texts = [html.unescape(part.strip()) for part in re.findall(r"<(?:Message|Detail)>([^<]*)<", body)]
        yield Fault(code, kind[1] if kind else "", _joined(*texts))


def _joined(*texts: str) -> str:
    """Message and detail, leaving out a text that another one contains."""
    longest_last = sorted(filter(None, texts), key=len)
    return ": ".join(
        text for n, text in enumerate(longest_last) if not any(text in t for t in longest_last[n + 1 :])
    )


def _decide(status: int, faults: Sequence[Fault], *, write: bool) -> tuple[ErrorClass, str]:
    code = faults[0].code if faults else ""
    named = _named_by_fault(faults)
    if status == 429 or (named and named[0] is errors.Throttled):
        return errors.Throttled, code
    if _is_outcome_lost(status, faults, write=write):
        return lost(write=write), code
    if named is None:
        return BY_STATUS.get(status, errors.Refused), code
    if named[0] is errors.InactiveReference and not write:
        return errors.RecordMissing, named[1]
    if named[0] is errors.BadEmail and not write:
        return errors.Unlistable, named[1]
    return named


def _is_outcome_lost(status: int, faults: Sequence[Fault], *, write: bool) -> bool:
    """True if the request may have been applied without a usable answer.

    That is a server error, or a write refused as the repetition of one whose answer was lost.
    """
    if not write and any(fault.code == UNLISTABLE for fault in faults):
        return False
    broken = any(fault.kind == "SystemFault" or fault.code in BROKEN_DOWN for fault in faults)
    repeated = write and any(fault.code in DUPLICATE_REQUEST for fault in faults)
    return broken or repeated or not 200 <= status < 500 or 300 <= status < 400 or status == 408


def _named_by_fault(faults: Sequence[Fault]) -> tuple[ErrorClass, str] | None:
    for phrase, kind in PHRASES:
        for fault in faults:
            if phrase in fault.text.lower():
                return kind, fault.code
    for codes, kind in CODES:
        for fault in faults:
            if fault.code in codes:
                return kind, fault.code
    return None
