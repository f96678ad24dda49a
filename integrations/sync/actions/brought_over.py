"""What bears the mark of a QuickBooks record in Coperniq was brought over: it is linked, never copied back."""

from __future__ import annotations

from integrations.errors import Skip, Wait
from integrations.models import Action, Kind, RecordLink, SyncRun
from integrations.sync.desk import Desk
from integrations.sync.mapping.coperniq_texts import quickbooks_marked

PULLS = {Kind.INVOICE: Action.PULL_INVOICE, Kind.PAYMENT: Action.NOTICE_ALLOCATIONS}


def refuse_theirs(desk: Desk, run: SyncRun, kind: Kind, text: str) -> None:
    """Its own run links it, or finds it by the mark where a database from a backup has forgotten the link."""
    mark = quickbooks_marked(desk.connection.realm_id, kind, text)
    if not mark.quickbooks_id:
        return
    link = RecordLink.objects.pulled(desk.connection, kind, mark.quickbooks_id, mark.part)
    if link is not None:
        raise Skip(
            "copy_of_linked",
            "It was copied in Coperniq from one that came from QuickBooks, with its mark. Remove the last line of its "
            "text if it is an invoice of its own.",
        )
    SyncRun.objects.ask(
        SyncRun.of(
            desk.connection,
            PULLS[kind],
            quickbooks_id=mark.quickbooks_id,
            coperniq_account_id=run.coperniq_account_id,
        )
    )
    raise Wait(
        "waits_for_link",
        "It came from QuickBooks, and is about to be linked with what it came from.",
        kind=kind,
        coperniq_id=run.coperniq_id,
    )
