"""What QuickBooks refused to this very run, which its next plan had better respect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from integrations.models import RemoteWrite, SyncRun

NAME_TAKEN = ("6240",)
HAS_BALANCE = ("6220", "6280")
NUMBER_TAKEN = ("6140",)
TOO_LONG = ("2050",)


def refused_names(run: SyncRun) -> set[str]:
    """In small letters: QuickBooks does not tell them from big ones."""
    return {change["after"].casefold() for change in refused(run, "DisplayName", NAME_TAKEN)}


def was_kept_active(run: SyncRun) -> bool:
    return any(change["after"] == "false" for change in refused(run, "Active", HAS_BALANCE))


def was_kept_inactive(run: SyncRun) -> bool:
    """Somebody agreed to make it active again, and only its name stood in the way."""
    return any(change["after"] == "true" for change in refused(run, "Active", NAME_TAKEN))


def refused(run: SyncRun, field: str, codes: Sequence[str]) -> Iterator[dict[str, str]]:
    for write in RemoteWrite.objects.filter(run=run, state=RemoteWrite.State.REFUSED, error_code__in=codes):
        yield from (change for change in write.changes if change["field"] == field)


def was_too_long(run: SyncRun) -> bool:
    """How much QuickBooks takes of a reference is not documented (§6)."""
    return any(refused(run, "PaymentRefNum", TOO_LONG))
