"""What a refusal of Coperniq means (coperniq-api.md §2.5): by HTTP status, for its codes are unreliable."""

from integrations.errors import (
    AccessLost,
    RecordMissing,
    Refused,
    Throttled,
    Unavailable,
    UnreadableJson,
    VendorError,
)
from integrations.http import Reply
from integrations.parsing import Wild, load_json

VENDOR = "coperniq"
BY_STATUS: dict[int, type[VendorError]] = {
    401: AccessLost,
    403: AccessLost,  # the gateway's answer to a wrong key (A4); of one record, see out_of_sight
    404: RecordMissing,
    408: Unavailable,
    429: Throttled,
}


def error_for(reply: Reply) -> VendorError | None:
    """For reads: whatever broke down may simply be asked again."""
    if 200 <= reply.status < 300:
        return None
    told = _document(reply)
    kind = BY_STATUS.get(reply.status, Refused if 400 <= reply.status < 500 else Unavailable)
    parts = [told.text("field", ""), told.text("message", told.text("error", ""))]
    detail = ": ".join(filter(None, parts)) or f"HTTP {reply.status}"
    return _build(kind, reply, told.text("code", ""), detail)


def unreadable(reply: Reply) -> VendorError:
    return _build(Unavailable, reply, "", "the answer cannot be read")


def out_of_sight(error: AccessLost) -> RecordMissing:
    """The key is good, and its user may not see this record: nobody else is concerned."""
    return RecordMissing(
        vendor=VENDOR,
        status=error.status,
        code=error.code,
        detail=error.detail,
        vendor_time=error.vendor_time,
    )


def _build(kind: type[VendorError], reply: Reply, code: str, detail: str) -> VendorError:
    return kind(vendor=VENDOR, status=reply.status, code=code, detail=detail, vendor_time=reply.vendor_time)


def _document(reply: Reply) -> Wild:
    try:
        return Wild(load_json(reply.body))
    except UnreadableJson:
        return Wild(None)
