"""What QuickBooks has refused to a run before: names, numbers, deactivation, texts that were too long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from integrations.models import RemoteWrite, SyncRun
from integrations.sync.engine.write_history import count_writes

NAME_TAKEN = ("6240",)
HAS_BALANCE = ("6220", "6280")
TOO_LONG = ("2050",)
BAD_EMAIL = ("2210",)
NUMBER_TAKEN = "duplicate document number"
"""Recognized by its text, since Intuit has used another code for it too (docs/vendors/quickbooks-online.md, 2.2)."""


def refused_names(run: SyncRun) -> set[str]:
    """The names that QuickBooks refused, in lower case, as it ignores case."""
    return {change["after"].casefold() for change in _refused_writes(run, "DisplayName", NAME_TAKEN)}


def was_kept_active(run: SyncRun) -> bool:
    return any(change["after"] == "false" for change in _refused_writes(run, "Active", HAS_BALANCE))


def was_kept_inactive(run: SyncRun) -> bool:
    """True if a person chose to make the record active again and its name was taken."""
    return any(change["after"] == "true" for change in _refused_writes(run, "Active", NAME_TAKEN))


def refused_numbers(run: SyncRun) -> set[str]:
    return {
        change["after"]
        for write in _refused(run)
        for change in write.changes
        if change["field"] == "DocNumber" and _is_about_numbers(write)
    }


def _is_about_numbers(write: RemoteWrite) -> bool:
    return write.error_code == "6140" or NUMBER_TAKEN in write.error_text.lower()


def _refused_writes(run: SyncRun, field: str, codes: Sequence[str]) -> Iterator[dict[str, str]]:
    for write in _refused(run):
        if write.error_code in codes:
            yield from (change for change in write.changes if change["field"] == field)


def _refused(run: SyncRun) -> Iterable[RemoteWrite]:
    if not count_writes(run).of_run:
        return ()
    return RemoteWrite.objects.filter(run=run, state=RemoteWrite.State.REFUSED)


def was_email_refused(run: SyncRun) -> bool:
    """True if QuickBooks refused a write for an e-mail address in it."""
    return any(write.error_code in BAD_EMAIL for write in _refused(run))


def was_too_long(run: SyncRun) -> bool:
    """True if the reference was too long; its limit is not documented (docs/vendors/quickbooks-online.md, 6)."""
    return any(_refused_writes(run, "PaymentRefNum", TOO_LONG))
