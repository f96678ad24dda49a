"""QuickBooks' answer to a write of a payment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.errors import RecordMissing
from integrations.models import Action, Kind, RecordLink, RemoteWrite, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksPayment, parse_quickbooks_payment
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.lost_writes import sent_not_before, unlinked_with_tag
from integrations.sync.engine.plan import AnsweredWrite, Change, RunResult, done
from integrations.sync.engine.responses import WriteResponse, link_for_write, load_body
from integrations.sync.invoices.concurrent_edits import written_version
from integrations.sync.payments.mapping import quickbooks_payment_snapshot

_PAYMENT_VERBS = {
    "create": "Recorded",
    "update": "Corrected",
    "adopted": "After a lost answer, found again:",
}


def read(record: Mapping[str, Any]) -> QuickBooksPayment:
    return parse_quickbooks_payment(record)


def on_response(ctx: SyncContext, write: RemoteWrite, sent: WriteResponse, body: str) -> RunResult:
    payment = sent.record
    assert isinstance(payment, QuickBooksPayment)  # what read() above made of the answer
    link = link_for_write(ctx, write)
    before = int(link.quickbooks_snapshot.get("applied", 0))
    _update_link(link, payment)
    applied = int(link.quickbooks_snapshot["applied"])
    edited = _was_edited(write, link, sent, load_body(body))
    if edited:
        _snapshot_as_written(write, link, load_body(body))
    missing = applied_in(load_body(body), link.quickbooks_part) - link.quickbooks_snapshot["applied"]
    again = (
        missing > 0 and write.operation == "create" and write.match_method != RecordLink.MatchMethod.ADOPTED
    )
    link.written["misplaced"] = again
    verb = _PAYMENT_VERBS.get(write.match_method, _PAYMENT_VERBS[write.operation])
    return done(
        f"{verb} the payment of {link.coperniq_name} in QuickBooks.",
        write.warnings + ([] if again else misplaced(missing)),
        changes=[Change(**change) for change in write.changes],
        quickbooks_id=payment.id,
        record_name=link.coperniq_name,
        intuit_tid=sent.intuit_tid,
        link=link,
        other_links=rebalanced(ctx, link, applied - before),
        answered=AnsweredWrite(write, payment.id, payment.sync_token, sent.intuit_tid),
        again=again,
        asks=[look_again_at(ctx, link)] if edited else (),
    )


def _was_edited(write: RemoteWrite, link: RecordLink, sent: WriteResponse, body: Mapping[str, Any]) -> bool:
    """Found after a lost answer, in a later version than the portal itself has made. Of one that pays others too
    what was sent does not say how much of it is on this invoice."""
    later = link.quickbooks_version != written_version(write, body)
    return sent.looked_for and later and not link.written.get("share")


def _snapshot_as_written(write: RemoteWrite, link: RecordLink, sent: Mapping[str, Any]) -> None:
    """So that what people changed meanwhile shows as their edit."""
    applied = applied_in(sent, link.quickbooks_part)
    written = {
        "amount": int(sent["TotalAmt"] * 100),
        "on": sent["TxnDate"],
        "applied": applied,
        "cash": applied,
    }
    link.quickbooks_snapshot = {**link.quickbooks_snapshot, **written, "voided": False}
    link.quickbooks_version, link.quickbooks_at = written_version(write, sent), None


def look_again_at(ctx: SyncContext, link: RecordLink) -> SyncRun:
    return SyncRun.of(ctx.connection, Action.PULL_PAYMENT, link)


def _update_link(link: RecordLink, payment: QuickBooksPayment) -> None:
    link.quickbooks_id = payment.id
    link.quickbooks_name = f"Payment of ${money(payment.total_cents):,}"
    link.quickbooks_version, link.quickbooks_at = payment.sync_token, payment.updated_at
    link.quickbooks_part = link.quickbooks_part or str(link.written.get("part", ""))
    share = bool(link.written.get("share"))
    link.quickbooks_snapshot = quickbooks_payment_snapshot(payment, link.quickbooks_part, share=share)


def applied_in(sent: Mapping[str, Any], quickbooks_invoice_id: str) -> int:
    lines = [line for line in sent.get("Line", ()) if line["LinkedTxn"][0]["TxnId"] == quickbooks_invoice_id]
    return sum(int(line["Amount"] * 100) for line in lines)


def misplaced(missing_cents: int) -> list[str]:
    """What QuickBooks does with a line it cannot use is not documented: it may just leave it out.

    See docs/vendors/quickbooks-online.md, 6.
    """
    if missing_cents <= 0:
        return []
    return [
        f"QuickBooks did not put ${money(missing_cents):,} of it on the invoice: it waits unapplied with the customer. "
        "Apply it there by hand."
    ]


def rebalanced(ctx: SyncContext, link: RecordLink, applied_cents: int) -> list[RecordLink]:
    """The paid invoice's balance, as far as we know it: so that the next payment needs no look at it."""
    links = RecordLink.objects.of(ctx.connection, Kind.INVOICE)
    invoices = list(links.filter(coperniq_id=link.coperniq_parent_id))
    for invoice in invoices:
        image = invoice.quickbooks_snapshot
        invoice.quickbooks_snapshot = {
            **image,
            "balance": int(image.get("balance", 0)) - applied_cents,
            "payments": sorted({*image.get("payments", ()), link.quickbooks_id}),
            "paid_since": True,
        }
    return invoices


def find_lost_write(ctx: SyncContext, write: RemoteWrite, body: str) -> WriteResponse | None:
    wanted = load_body(body)
    if write.operation == "create":
        return _find_created(ctx, write, wanted)
    try:
        current = ctx.quickbooks.read_payment(write.quickbooks_id)
    except RecordMissing:
        return None
    same = money(current.total_cents) == wanted["TotalAmt"] and current.on.isoformat() == wanted["TxnDate"]
    return WriteResponse(current, "", True) if same else None


def _find_created(ctx: SyncContext, write: RemoteWrite, wanted: Mapping[str, Any]) -> WriteResponse | None:
    """People may have corrected, voided or moved it meanwhile: then it is found by when it was made."""
    cents = int(wanted["TotalAmt"] * 100)
    as_sent = ctx.quickbooks.find_payments(wanted["CustomerRef"]["value"], cents)
    free = unlinked_with_tag(ctx, write, as_sent)
    if not free:
        free = unlinked_with_tag(
            ctx,
            write,
            ctx.quickbooks.list_payments_changed(sent_not_before(write, ctx.quickbooks.clock_offset)),
        )
    if not free:
        return None
    write.match_method = RecordLink.MatchMethod.ADOPTED
    return WriteResponse(free[0], "", True)
