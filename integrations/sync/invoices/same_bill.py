"""The same bill typed on both sides before the portal has seen either: a person is asked once, before either is copied.

The push asks about invoices of QuickBooks that the portal knows of; the pull waits for that answer, and asks itself if
the push cannot: because it is not to be sent, or has been made already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from integrations.causes import Cause
from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import BlockedBy, Choice, NeedsDecision, RecordMissing, Skipped
from integrations.messages.choices import ChoiceLabel
from integrations.messages.invoices_pull import InvoicePullMessage
from integrations.models import (
    Action,
    Direction,
    ExternalInvoice,
    InboundEvent,
    Kind,
    Question,
    QuickBooksConnection,
    RecordLink,
    RemoteWrite,
    RunDecision,
    RunState,
    SyncRun,
    Vendor,
)
from integrations.models.run_querysets import SyncRunQuerySet
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice, parse_quickbooks_invoice
from integrations.sync.customers.customer_family import CustomerFamily
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.coperniq_texts import parts_of, read_quickbooks_tag
from integrations.sync.engine.correlation_tag import tagged_coperniq_id
from integrations.sync.engine.follow_ups import RequestedRun
from integrations.sync.invoices.mapping import day_of
from integrations.sync.invoices.typed_again import gone_in_coperniq, gone_in_quickbooks

NEW_NUMBER = Choice("new_number", ChoiceLabel.CREATE_WITH_OTHER_NUMBER(), Question.INVOICE_NUMBER)
_ANOTHER_INVOICE = Choice("another_invoice", ChoiceLabel.BRING_OVER_OTHER_INVOICE(), Question.INVOICE_NUMBER)
_SAME_BILL_WINDOW = timedelta(days=7)
_STAMP = timedelta(seconds=1)
_READ_AT_ONCE = 30
_CANDIDATES_READ = 5


@dataclass(frozen=True)
class ExternalInvoices:
    """Invoices as they were at `read_at`, when their read began; those in `gone` are not there any more.

    Only those of linked customers are stored that people made, that are not voided and that nobody has linked by then.
    """

    connection_id: int
    read_at: datetime
    invoices: tuple[ExternalInvoice, ...]
    gone: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        connection: QuickBooksConnection,
        read: Iterable[QuickBooksInvoice],
        read_at: datetime,
        gone: Sequence[str] = (),
    ) -> ExternalInvoices:
        rows, ended = [], list(gone)
        for each in read:
            tag = tagged_coperniq_id(connection.realm_id, Kind.INVOICE, each.note)
            if tag or each.is_voided:
                ended.append(each.id)
                continue
            rows.append(
                ExternalInvoice(
                    connection=connection,
                    quickbooks_id=each.id,
                    customer_id=each.customer_id,
                    number=each.number[:40],
                    total_cents=each.total_cents,
                    on=each.on,
                    read_at=read_at,
                )
            )
        return cls(connection.pk, read_at, tuple(rows), tuple(ended))

    def store(self) -> None:
        known = ExternalInvoice.objects.filter(connection=self.connection_id)
        ids = [row.quickbooks_id for row in self.invoices]
        if not ids and not self.gone:
            return
        links = RecordLink.objects.filter(connection=self.connection_id)
        linked = set(
            links.filter(kind=Kind.INVOICE, quickbooks_id__in=ids).values_list("quickbooks_id", flat=True)
        )
        customers = links.filter(
            kind__in=(Kind.CUSTOMER, Kind.JOB), quickbooks_id__in={row.customer_id for row in self.invoices}
        )
        ours = set(customers.values_list("quickbooks_id", flat=True))
        wanted = [row for row in self.invoices if row.quickbooks_id not in linked and row.customer_id in ours]
        known.filter(quickbooks_id__in=[*ids, *self.gone], read_at__lte=self.read_at).exclude(
            quickbooks_id__in=[row.quickbooks_id for row in wanted]
        ).delete()
        newer = known.filter(quickbooks_id__in=ids, read_at__gt=self.read_at)
        settled = set(newer.values_list("quickbooks_id", flat=True))
        for row in wanted:
            if row.quickbooks_id not in settled:
                ExternalInvoice.objects.update_or_create(
                    connection_id=self.connection_id,
                    quickbooks_id=row.quickbooks_id,
                    defaults={
                        "customer_id": row.customer_id,
                        "number": row.number,
                        "total_cents": row.total_cents,
                        "on": row.on,
                        "read_at": self.read_at,
                    },
                )


@dataclass(frozen=True)
class ReleasedPulls:
    """Pulls that wait for a Coperniq invoice which is not to be sent, or ask about it: they look again."""

    connection_id: int
    coperniq_id: str

    def store(self) -> None:
        pulls = SyncRun.objects.filter(connection=self.connection_id, action=Action.PULL_INVOICE)
        waiting = pulls.filter(state=RunState.WAITING, waits_for_kind=Kind.INVOICE)
        waiting.filter(waits_for_id=self.coperniq_id).requeue()
        pulls.held().naming(coperniq_id=self.coperniq_id).requeue()


def find_same_bills(
    ctx: SyncContext, invoice: CoperniqInvoice, family: CustomerFamily
) -> tuple[list[QuickBooksInvoice], list[RecordLink]]:
    """Invoices in QuickBooks of the same customer and total, dated within a week.

    First those that people made there and that are not linked, then the links of those whose invoice in Coperniq was
    deleted. Both are read again before a person is asked about them, and only then.
    """
    on = _day_of_invoice(ctx, invoice)
    lost = gone_in_coperniq(ctx, invoice, on, _SAME_BILL_WINDOW, family.payer_ids)
    return _find_unlinked_bills(ctx, invoice, on, family.payer_ids), lost


def _find_unlinked_bills(
    ctx: SyncContext, invoice: CoperniqInvoice, on: date, customer_ids: set[str]
) -> list[QuickBooksInvoice]:
    _read_unread_invoices(ctx)

    def is_same(row: ExternalInvoice | QuickBooksInvoice) -> bool:
        near = abs(row.on - on) <= _SAME_BILL_WINDOW
        return near and row.total_cents == invoice.total_cents and row.customer_id in customer_ids

    known = ExternalInvoice.objects.filter(connection=ctx.connection, total_cents=invoice.total_cents)
    rows = {row.quickbooks_id: row for row in known.filter(customer_id__in=customer_ids).order_by("pk")}
    for each in ctx.follow_ups:
        if isinstance(each, ExternalInvoices):
            rows |= {row.quickbooks_id: row for row in each.invoices}
    candidates = [row.quickbooks_id for row in rows.values() if is_same(row)]
    if not candidates:
        return []
    links = RecordLink.objects.of(ctx.connection, Kind.INVOICE).filter(quickbooks_id__in=candidates)
    linked = set(links.values_list("quickbooks_id", flat=True))
    current = _read_again(ctx, [each for each in candidates if each not in linked][:_CANDIDATES_READ])
    return [each for each in current if is_same(each)]


def _read_again(ctx: SyncContext, invoice_ids: Iterable[str]) -> list[QuickBooksInvoice]:
    """Those that stand, and that the portal has not made."""
    began_at, found, gone = timezone.now(), [], []
    for invoice_id in invoice_ids:
        try:
            found.append(ctx.quickbooks.read_invoice(invoice_id))
        except RecordMissing:
            gone.append(invoice_id)
    read = ExternalInvoices.of(ctx.connection, found, began_at, gone)
    ctx.follow_ups.append(read)
    standing = {row.quickbooks_id for row in read.invoices}
    return [each for each in found if each.id in standing]


def _read_unread_invoices(ctx: SyncContext) -> None:
    """One read, and only while QuickBooks has reported an invoice that no run has read yet.

    Not while the portal itself is creating invoices: then the report is probably of one of them.
    """
    events = InboundEvent.objects.unplanned().filter(company=ctx.connection.company_id, record_type="invoice")
    runs = SyncRun.objects.unfinished().filter(
        connection=ctx.connection, kind=Kind.INVOICE, direction=Direction.PULL
    )
    reported = events.filter(_is_unknown(ctx, "record_id")).values_list("record_id", flat=True)
    to_read = runs.filter(_is_unknown(ctx, "quickbooks_id")).values_list("quickbooks_id", flat=True)
    unread = set(reported.union(to_read))
    if not unread or _is_creating(ctx):
        return
    began_at = timezone.now()
    changes = ctx.quickbooks.find_those("Invoice", sorted(unread)[:_READ_AT_ONCE])
    read = [parse_quickbooks_invoice(change.record) for change in changes]
    ctx.follow_ups.append(ExternalInvoices.of(ctx.connection, read, began_at))


def _is_unknown(ctx: SyncContext, id_column: str) -> Q:
    """Whether an invoice is neither linked nor among the known ones: looked up one by one, since both may be many."""
    linked = RecordLink.objects.of(ctx.connection, Kind.INVOICE).filter(quickbooks_id=OuterRef(id_column))
    known = ExternalInvoice.objects.filter(connection=ctx.connection, quickbooks_id=OuterRef(id_column))
    return ~Exists(linked) & ~Exists(known)


def _is_creating(ctx: SyncContext) -> bool:
    writes = RemoteWrite.objects.open().filter(connection=ctx.connection, vendor=Vendor.QUICKBOOKS)
    return writes.filter(kind=Kind.INVOICE, operation="create").exists()


def _day_of_invoice(ctx: SyncContext, invoice: CoperniqInvoice) -> date:
    zone = ZoneInfo(ctx.connection.company.time_zone)
    day = day_of(invoice.issued_at or invoice.created_at or invoice.updated_at, zone)
    assert day is not None  # updated_at is always there
    return day


def settle_same_bill(
    ctx: SyncContext, run: SyncRun, current: QuickBooksInvoice, rows: Iterable[object]
) -> CoperniqInvoice | None:
    """The invoice of Coperniq that a person linked this one of QuickBooks to, None if it is to be brought over.

    Raises BlockedBy if the push of a Coperniq invoice asks whether the two are the same, and NeedsDecision if the pull
    has to ask. `rows` are Coperniq's invoices of its customer or job.
    """
    answer = run.answer_to(Question.INVOICE_NUMBER)
    if answer.key == _ANOTHER_INVOICE.key:
        return None
    active = [row for row in rows if isinstance(row, CoperniqInvoice) and _is_active(row)]
    same = [row for row in active if _is_same_bill(ctx, row, current)]
    linked = _links_of_same(ctx, active, same, current)
    gone = {link.coperniq_id: link for link in gone_in_quickbooks(ctx, list(linked.values()), current.number)}
    near = [row for row in same if not _is_from_quickbooks(ctx, row) or _was_created(ctx, linked.get(row.id))]
    near += [row for row in active if row.id in gone and row not in near]
    unlinked = [row for row in near if row.id in gone or row.id not in linked]
    if answer.verb == "link":
        chosen = next((row for row in unlinked if row.id == answer.target), None)
        if chosen is None:
            choices = [*map(_link_choice, unlinked), _ANOTHER_INVOICE, RETRY, DISCARD]
            raise NeedsDecision(InvoicePullMessage.CHOICE_GONE(), choices)
        return chosen
    lost = [row for row in unlinked if row.id in gone and not gone[row.id].invoice_state.create_again]
    unsent = [row for row in unlinked if row not in lost and _waits_or_ended(ctx, row, current)]
    made = [row for row in near if row not in unlinked and _was_made_unknowing(ctx, row, current)]
    for template, found in (
        (InvoicePullMessage.TYPED_AGAIN, lost),
        (InvoicePullMessage.SAME_NOT_SENT, unsent),
        (InvoicePullMessage.SAME_MADE_ALREADY, made),
    ):
        if found:
            _skip_if_left(ctx, run)
            ctx.follow_ups.append(ExternalInvoices.of(ctx.connection, [current], timezone.now()))
            first = linked.get(found[0].id)
            message = template(
                number=current.number or current.id,
                total=money(current.total_cents),
                before=money(found[0].total_cents),
                on=current.on,
                other=first.display_number if first else found[0].number or found[0].id,
            )
            choices = [_link_choice(row) for row in unlinked if row in (*lost, *unsent)]
            raise NeedsDecision(message, [*choices, _ANOTHER_INVOICE, RETRY, DISCARD])
    return None


def _links_of_same(
    ctx: SyncContext,
    active: Sequence[CoperniqInvoice],
    same: Sequence[CoperniqInvoice],
    current: QuickBooksInvoice,
) -> dict[str, RecordLink]:
    """By Coperniq's id; also of an invoice with the number of `current`, whatever its total."""
    named = Q(coperniq_id__in=[row.id for row in same])
    if current.number:
        named |= Q(coperniq_id__in=[row.id for row in active], number=current.number)
    links = RecordLink.objects.of(ctx.connection, Kind.INVOICE).filter(named)
    return {link.coperniq_id: link for link in links.order_by("pk")}


def _is_active(row: CoperniqInvoice) -> bool:
    return not row.is_archived and row.status != "DECLINED"


def _skip_if_left(ctx: SyncContext, run: SyncRun) -> None:
    """Raises Skipped if a person has answered this question by leaving the invoice where it is."""
    pulls = SyncRun.objects.filter(
        connection=ctx.connection, action=Action.PULL_INVOICE, quickbooks_id=run.quickbooks_id
    )
    before = pulls.exclude(pk=run.pk).order_by("-id").first()
    if before is None or before.state != RunState.CANCELLED:
        return
    if before.cause == Cause.PROBABLY_SAME_INVOICE:
        raise Skipped(InvoicePullMessage.ASKED_ALREADY(), silent=True)


def _link_choice(row: CoperniqInvoice) -> Choice:
    return Choice(
        f"link:{row.id}", ChoiceLabel.LINK_INVOICE(number=row.number or row.id), Question.INVOICE_NUMBER
    )


def _is_same_bill(ctx: SyncContext, row: CoperniqInvoice, current: QuickBooksInvoice) -> bool:
    if row.total_cents != current.total_cents:
        return False
    if abs(_day_of_invoice(ctx, row) - current.on) > _SAME_BILL_WINDOW:
        return False
    of_account = row.record_id in ("", row.account_id)
    return of_account or RecordLink.objects.pushed(ctx.connection, Kind.JOB, row.record_id) is not None


def _is_from_quickbooks(ctx: SyncContext, row: CoperniqInvoice) -> bool:
    tag = read_quickbooks_tag(ctx.connection.realm_id, Kind.INVOICE, row.description)
    return bool(tag.quickbooks_id or parts_of(row.description, numbered=True).number)


def _waits_or_ended(ctx: SyncContext, row: CoperniqInvoice, current: QuickBooksInvoice) -> bool:
    """Whether its push has ended without sending it, so that nobody asks. False if a person has left it alone.

    Raises BlockedBy if there is a push, or none yet: then it is requested, and knows of this invoice of QuickBooks.
    """
    pushes = SyncRun.objects.filter(connection=ctx.connection, action=Action.PUSH_INVOICE, coperniq_id=row.id)
    latest = pushes.order_by("-id").first()
    if latest is not None and not latest.is_open:
        return latest.state != RunState.CANCELLED
    ctx.follow_ups.append(ExternalInvoices.of(ctx.connection, [current], timezone.now()))
    push = SyncRun.of(
        ctx.connection, Action.PUSH_INVOICE, coperniq_id=row.id, coperniq_account_id=row.account_id
    )
    ctx.follow_ups.append(RequestedRun(push))
    raise BlockedBy(InvoicePullMessage.WAITS_FOR_SAME_INVOICE(), kind=Kind.INVOICE, coperniq_id=row.id)


def _was_made_unknowing(ctx: SyncContext, row: CoperniqInvoice, current: QuickBooksInvoice) -> bool:
    """Whether the portal made its counterpart after people had made `current`, of which it had not heard."""
    link = RecordLink.objects.pushed(ctx.connection, Kind.INVOICE, row.id)
    if link is None or current.created_at is None or not _was_created(ctx, link):
        return False
    if not _was_there_before(current, link, ctx.quickbooks.clock_offset):
        return False
    answers = RunDecision.objects.filter(run__connection=ctx.connection, answer=NEW_NUMBER.key)
    return not answers.filter(run__kind=Kind.INVOICE, run__coperniq_id=row.id).exists()


def _was_created(ctx: SyncContext, link: RecordLink | None) -> bool:
    """Whether the portal created the invoice in QuickBooks: also one that came from there and was deleted there."""
    if link is None or link.match_method != RecordLink.MatchMethod.PULLED:
        return link is not None and link.match_method == RecordLink.MatchMethod.CREATED
    writes = RemoteWrite.objects.filter(connection=ctx.connection, vendor=Vendor.QUICKBOOKS)
    created = writes.filter(kind=Kind.INVOICE, operation="create", coperniq_id=link.coperniq_id)
    return created.filter(quickbooks_id=link.quickbooks_id).exists()


def _was_there_before(current: QuickBooksInvoice, link: RecordLink, clock_offset: timedelta) -> bool:
    """Whether people made `current` before the portal made the linked one; within a second the lower id is earlier."""
    assert current.created_at is not None
    age = link.linked_at - (current.created_at - clock_offset)
    if timedelta(0) <= age < _STAMP and (current.id + link.quickbooks_id).isdecimal():
        return int(current.id) < int(link.quickbooks_id)
    return age >= timedelta(0)


def pushes_asking_about(ctx: SyncContext, quickbooks_id: str) -> SyncRunQuerySet:
    """Held pushes that offer to link to this invoice of QuickBooks."""
    held = SyncRun.objects.held().filter(connection=ctx.connection, action=Action.PUSH_INVOICE)
    return held.naming(quickbooks_id=quickbooks_id)


def pulls_asking_about(ctx: SyncContext, coperniq_id: str) -> SyncRunQuerySet:
    """Held pulls that offer to link to this invoice of Coperniq."""
    held = SyncRun.objects.held().filter(connection=ctx.connection, action=Action.PULL_INVOICE)
    return held.naming(coperniq_id=coperniq_id)
