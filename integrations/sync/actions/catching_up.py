"""After a restored backup or a long silence: what in QuickBooks is ours?

In steady state nothing is read here: what was written is known to the database. That it still knows everything is
concluded from three things. A process that begins knows nothing yet; a fence or a cursor lower than this process has
seen, or a fence it has had before, is an older database; and a cursor nobody has moved for a while means that nobody
was there. Should all of that miss a restore, the same write has the same request id as before (writing.py).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from integrations.models import (
    Direction,
    InvoiceSyncPeriod,
    Kind,
    Lane,
    Outcome,
    QuickBooksConnection,
    RecordLink,
    SyncLogEntry,
    SyncRun,
)
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import Invoice, Payment
from integrations.sync.actions.strangers import OVERLAP, note_strangers
from integrations.sync.desk import Desk
from integrations.sync.mapping.invoices import quickbooks_image
from integrations.sync.mapping.marks import marked
from integrations.sync.mapping.payments import quickbooks_image as payment_image
from integrations.sync.storing import store_link

SHORTEST_SILENCE = timedelta(minutes=2)
BEFORE_THE_FIRST = timedelta(days=30)
"""A database may come from before the switch-on it is told of now."""


@dataclass
class Seen:
    """What this process knows of a connection. `lane` is the driving in which it was last up to date."""

    cursor: datetime | None = None
    fence: int = 0
    lane: Lane | None = None

    def is_newer(self, cursor: datetime | None, fence: int) -> bool:
        """Than the database is now: that one came from a backup."""
        gone_back = self.cursor is not None and (cursor is None or cursor < self.cursor)
        return gone_back or fence < self.fence

    def drove(self, lane: Lane) -> bool:
        """Under this fence, and yet in another driving: every taking of a lane has a fence of its own."""
        return self.lane is not None and self.lane is not lane and lane.fence <= self.lane.fence


_seen: dict[int, Seen] = {}
_lock = threading.Lock()


def link_of(desk: Desk, run: SyncRun) -> RecordLink | None:
    """Before anything is created it is looked for among what a lost database may have forgotten."""
    link = RecordLink.objects.pushed(desk.connection, run.kind, run.coperniq_id)
    if link is None:
        ensure(desk)
        link = RecordLink.objects.pushed(desk.connection, run.kind, run.coperniq_id)
    return link


def ensure(desk: Desk) -> None:
    """By one thread: the others find it done when their turn comes."""
    with desk.locked("catching up"):
        if not is_up_to_date(desk):
            catch_up(desk)


def is_up_to_date(desk: Desk) -> bool:
    cursor, lane = stored_cursor(desk.connection), desk.lane
    with _lock:
        seen = _seen.setdefault(desk.connection.pk, Seen())
        if seen.lane is None or seen.is_newer(cursor, lane.fence) or seen.drove(lane) or is_silent(cursor):
            return False
        seen.cursor, seen.fence, seen.lane = cursor, lane.fence, lane
        return True


def is_silent(cursor: datetime | None) -> bool:
    longest = max(2 * timedelta(seconds=settings.QUICKBOOKS_CDC_SECONDS), SHORTEST_SILENCE)
    return cursor is None or timezone.now() - cursor > longest


def goes_on(connection: QuickBooksConnection, now: datetime) -> bool:
    """For the background look: true if nothing can have been lost since the cursor, which may move to `now` then.

    Whoever has not seen an earlier cursor cannot tell, and only takes note of this one.
    """
    cursor = stored_cursor(connection)
    fence = Lane.objects.filter(company=connection.company_id).values_list("fence", flat=True).first() or 0
    with _lock:
        seen = _seen.setdefault(connection.pk, Seen())
        if seen.is_newer(cursor, fence):
            return False
        known = seen.cursor is not None and not is_silent(cursor)
        seen.cursor, seen.fence = now if known else cursor, fence
        return known


def catch_up(desk: Desk) -> None:
    began_at = timezone.now()
    since = cursor_of(desk.connection) - OVERLAP
    adopt_invoices(desk, desk.quickbooks.list_invoices_changed(since))
    payments = desk.quickbooks.list_payments_changed(since)
    adopt_payments(desk, payments)
    note_strangers(desk.connection, payments)
    rows = QuickBooksConnection.objects.filter(pk=desk.connection.pk)
    earlier = Q(changes_cursor_at__isnull=True) | Q(changes_cursor_at__lt=began_at)
    rows.filter(earlier).update(changes_cursor_at=began_at, changes_read_at=began_at)
    with _lock:
        _seen[desk.connection.pk] = Seen(began_at, desk.lane.fence, desk.lane)


def stored_cursor(connection: QuickBooksConnection) -> datetime | None:
    rows = QuickBooksConnection.objects.filter(pk=connection.pk)
    return rows.values_list("changes_cursor_at", flat=True).get()


def cursor_of(connection: QuickBooksConnection) -> datetime:
    first = InvoiceSyncPeriod.objects.filter(connection=connection).order_by("id").first()
    return stored_cursor(connection) or (first.on_at if first else timezone.now()) - BEFORE_THE_FIRST


def adopt_invoices(desk: Desk, invoices: Iterable[Invoice]) -> None:
    """The oldest of each mark: copying an invoice in QuickBooks copies its note."""
    for invoice in sorted(invoices, key=lambda row: row.created_at or timezone.now()):
        mark = marked(desk.connection.realm_id, Kind.INVOICE, invoice.note)
        if mark.coperniq_id and is_free(desk, Kind.INVOICE, mark.coperniq_id, invoice.id):
            link = RecordLink(
                connection=desk.connection,
                kind=Kind.INVOICE,
                coperniq_id=mark.coperniq_id,
                coperniq_name=f"Invoice {invoice.number}",
                quickbooks_id=invoice.id,
                quickbooks_name=f"Invoice {invoice.number}",
                quickbooks_version=invoice.sync_token,
                quickbooks_at=invoice.updated_at,
                quickbooks_image=quickbooks_image(invoice, desk.settings.memo_field),
                number=invoice.number,
                amount_cents=invoice.total_cents,
                rule=RecordLink.Rule.ADOPTED,
            )
            adopt(desk, link)


def adopt_payments(desk: Desk, payments: Iterable[Payment]) -> None:
    for payment in payments:
        mark = marked(desk.connection.realm_id, Kind.PAYMENT, payment.note)
        if mark.coperniq_id and is_free(desk, Kind.PAYMENT, mark.coperniq_id, payment.id):
            invoice = RecordLink.objects.pushed(desk.connection, Kind.INVOICE, mark.parent_id)
            part = invoice.quickbooks_id if invoice else ""
            told = f"${money(payment.total_cents):,}"
            link = RecordLink(
                connection=desk.connection,
                kind=Kind.PAYMENT,
                coperniq_id=mark.coperniq_id,
                coperniq_name=f"{told} for invoice {invoice.number}" if invoice else told,
                coperniq_parent_id=mark.parent_id,
                quickbooks_id=payment.id,
                quickbooks_name=f"Payment of {told}",
                quickbooks_part=part,
                quickbooks_version=payment.sync_token,
                quickbooks_at=payment.updated_at,
                quickbooks_image=payment_image(payment, part),
                amount_cents=payment.total_cents,
                rule=RecordLink.Rule.ADOPTED,
            )
            adopt(desk, link)


def is_free(desk: Desk, kind: str, coperniq_id: str, quickbooks_id: str) -> bool:
    """Neither is linked, nor is a write for it under way, which will tell more."""
    links = RecordLink.objects.of(desk.connection, kind)
    linked = links.filter(coperniq_id=coperniq_id) | links.filter(quickbooks_id=quickbooks_id)
    writes = desk.connection.writes.open().filter(kind=kind, coperniq_id=coperniq_id)
    return not linked.exists() and not writes.exists()


def adopt(desk: Desk, link: RecordLink) -> None:
    """Like every new link it releases what waited for it."""
    entry = SyncLogEntry(
        company_id=desk.connection.company_id,
        connection=desk.connection,
        direction=Direction.PUSH,
        kind=link.kind,
        outcome=Outcome.DONE,
        cause="adopted",
        sentence=f"{link.quickbooks_name} in QuickBooks bears the portal's mark and was linked again instead of being "
        "made anew.",
        coperniq_id=link.coperniq_id,
        quickbooks_id=link.quickbooks_id,
        record_name=link.coperniq_name,
    )
    with transaction.atomic():
        desk.lane.hold_fast()
        store_link(link)
        entry.save()
