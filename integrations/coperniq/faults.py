"""Maps an answer of Coperniq to an exception (docs/vendors/coperniq-api.md, 2.5).

The HTTP status decides, since Coperniq's error codes are unreliable.
"""

from integrations.errors import (
    AccessLost,
    OutcomeUnknown,
    RecordMissing,
    Refused,
    Throttled,
    Unavailable,
    UnreadableJson,
    VendorError,
)
from integrations.http import Reply
from integrations.json_reader import JsonReader, load_json

VENDOR = "coperniq"
BY_STATUS: dict[int, type[VendorError]] = {
    401: AccessLost,
    # The gateway may answer a wrong key with 403 (docs/vendors/coperniq-api.md, A4).
    # For a 403 about one record, see out_of_sight.
    403: AccessLost,
    404: RecordMissing,
    429: Throttled,
}


def error_for(reply: Reply, *, write: bool) -> VendorError | None:
    """The exception for this answer, or None for a success.

    After a 408, a redirect or a 5xx a read is Unavailable and can be repeated; a write is OutcomeUnknown, since it
    may have been applied.
    """
    if 200 <= reply.status < 300:
        return None
    answer = _document(reply)
    is_answered = 400 <= reply.status < 500 and reply.status != 408
    kind = BY_STATUS.get(reply.status, Refused) if is_answered else _lost(write=write)
    parts = [answer.text("field", ""), answer.text("message", answer.text("error", ""))]
    detail = ": ".join(filter(None, parts)) or f"HTTP {reply.status}"
    return _build(kind, reply, answer.text("code", ""), detail)


def unreadable(reply: Reply, *, write: bool) -> VendorError:
    return _build(_lost(write=write), reply, "", "the answer cannot be read")


def out_of_sight(error: AccessLost) -> RecordMissing:
    """The error to raise when the key works but its user may not see this one record."""
    return RecordMissing(
        vendor=VENDOR,
        status=error.status,
        code=error.code,
        detail=error.detail,
        vendor_time=error.vendor_time,
    )


def _lost(*, write: bool) -> type[VendorError]:
    return OutcomeUnknown if write else Unavailable


def _build(kind: type[VendorError], reply: Reply, code: str, detail: str) -> VendorError:
    return kind(vendor=VENDOR, status=reply.status, code=code, detail=detail, vendor_time=reply.vendor_time)


def _document(reply: Reply) -> JsonReader:
    try:
        return JsonReader(load_json(reply.body))
    except UnreadableJson:
        return JsonReader(None)
