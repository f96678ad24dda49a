"""A QuickBooks invoice that Coperniq does not have yet."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from integrations.coperniq.money import Invoice as CoperniqInvoice
from integrations.errors import Choice, Hold, RecordMissing, Skip, Wait
from integrations.models import Action, Kind, Question, RecordLink, SyncLogEntry, SyncRun, Vendor
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import Invoice
from integrations.sync import answers
from integrations.sync.actions.both_sides import folded_text, moment_of
from integrations.sync.actions.coperniq_lines import CoperniqLines, lines_for
from integrations.sync.actions.cut_off import is_older
from integrations.sync.actions.merges import wait_for_survivor
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.actions.numbers import PROBABLY_SAME, link_to
from integrations.sync.actions.reconciling import told_of
from integrations.sync.answers.brought_invoices import find_marked
from integrations.sync.desk import Desk
from integrations.sync.mapping.coperniq_texts import description_of, parts_of, quickbooks_mark, shown_number
from integrations.sync.mapping.folded import as_sent
from integrations.sync.mapping.invoices import FIELDS, coperniq_image, memo_in, quickbooks_image
from integrations.sync.plans import Change, Plan, PlannedWrite

BRING_OVER = Choice("bring_over", "Bring it over", Question.INELIGIBLE)
BY_HAND = "job_added_by_hand"


def plan(desk: Desk, run: SyncRun, current: Invoice) -> Plan:
    run.record_name = f"Invoice {told_number(current)}"
    owner = owner_of(desk, current)
    run.coperniq_account_id = account_of(owner)
    refuse_ineligible(desk, run, current)
    record = ("projects" if owner.kind == Kind.JOB else "accounts", owner.coperniq_id)
    found = find_marked(desk, record, current.id)
    if found is not None:
        return linked_plan(desk, run, current, found)
    refuse_older(desk, run, current)
    refuse_asked_already(desk, current)
    lines = lines_for(desk, run, current)
    values = values_of(desk, current, lines) | {"recordId": as_sent(owner.coperniq_id)}
    image = quickbooks_image(current, desk.settings.memo_field)
    return Plan(
        record_name=run.record_name,
        rule=RecordLink.Rule.PULLED,
        write=PlannedWrite(
            "create", answers.COPERNIQ_INVOICE, values, changes_of(current, lines), vendor=Vendor.COPERNIQ
        ),
        quickbooks_id=current.id,
        number=current.number,
        amount_cents=current.total_cents,
        written={"folded": lines.folded.is_folded},
        warnings=variances(current),
        about={
            "quickbooks": told_of(current, image),
            "record": record,
            "place": owner.coperniq_name,
            "fields": [],
            "pairs": lines.pairs,
            "total": current.total_cents,
            "why": list(lines.folded.why),
        },
    )


def told_number(current: Invoice) -> str:
    return current.number or f"with id {current.id}"


def owner_of(desk: Desk, current: Invoice) -> RecordLink:
    """The linked job or customer. Nothing else of QuickBooks' comes over."""
    for kind in (Kind.JOB, Kind.CUSTOMER):
        link = RecordLink.objects.pulled(desk.connection, kind, current.customer_id)
        if link is not None:
            return link
    wait_for_survivor(desk, current.customer_id)
    parent = parent_of(desk, current.customer_id)
    if parent is None:
        raise Skip("not_of_portal", "Its customer is not one that the portal pushed or matched.", silent=True)
    raise Skip(
        BY_HAND,
        f"It belongs to a job that was added by hand in QuickBooks under “{parent.quickbooks_name}”. Only jobs that a "
        "project of Coperniq is linked to are kept in step.",
        silent=said_before(desk, current.id, BY_HAND),
    )


def parent_of(desk: Desk, customer_id: str) -> RecordLink | None:
    try:
        parent_id = desk.quickbooks.read_customer(customer_id).parent_id
    except RecordMissing:
        return None
    return RecordLink.objects.pulled(desk.connection, Kind.CUSTOMER, parent_id) if parent_id else None


def account_of(owner: RecordLink) -> str:
    return owner.coperniq_id if owner.kind == Kind.CUSTOMER else owner.coperniq_account_id


def refuse_ineligible(desk: Desk, run: SyncRun, current: Invoice) -> None:
    if current.is_voided:
        raise Skip(
            "voided_before_pull", "It is voided in QuickBooks, and never was in Coperniq.", silent=True
        )
    if current.currency not in ("", "USD"):
        raise Hold(
            "wrong_currency",
            f"This invoice is in {current.currency}, and Coperniq has US dollars only. Record it there by hand.",
            [RETRY, DISCARD],
        )
    if current.total_cents < 0:
        raise Hold(
            "not_an_invoice",
            "This invoice comes to less than nothing: correct it in QuickBooks.",
            [RETRY, DISCARD],
        )


def refuse_older(desk: Desk, run: SyncRun, current: Invoice) -> None:
    """Made before syncing was last switched on: it comes over when it is changed, unless something is paid on it."""
    offset = desk.quickbooks.clock_offset
    if run.has_taken(BRING_OVER) or not is_older(desk, current.created_at, offset):
        return
    if is_older(desk, current.updated_at, offset):
        raise Skip(
            "older_unchanged", "It is older than the switch-on, and nobody touched it since.", silent=True
        )
    if current.balance_cents != current.total_cents:
        raise Skip(
            "older_and_paid",
            f"{run.record_name} was made before invoice syncing was switched on, and something is paid on it already. "
            "Bring it over if it belongs into Coperniq.",
            [BRING_OVER],
            silent=said_before(desk, current.id, "older_and_paid"),
        )


def refuse_asked_already(desk: Desk, current: Invoice) -> None:
    """A person is asked whether Coperniq has it already: brought over meanwhile it would be there twice."""
    asked = SyncRun.objects.open().filter(
        connection=desk.connection, action=Action.PUSH_INVOICE, cause=PROBABLY_SAME
    )
    key = link_to(current).key
    for card in asked:
        if any(choice["key"] == key for choice in card.choices):
            raise Wait(
                "waits_for_same_invoice",
                "Waiting for your decision about the same invoice in Coperniq.",
                kind=Kind.INVOICE,
                coperniq_id=card.coperniq_id,
            )


def said_before(desk: Desk, quickbooks_id: str, cause: str) -> bool:
    told = SyncLogEntry.objects.filter(
        company=desk.connection.company_id,
        connection=desk.connection,
        quickbooks_id=quickbooks_id,
        cause=cause,
    )
    return told.exists()


def values_of(desk: Desk, current: Invoice, lines: CoperniqLines) -> dict[str, Any]:
    mark = quickbooks_mark(desk.connection.realm_id, Kind.INVOICE, current.id)
    memo = memo_in(current, desk.settings.memo_field)
    due = {"dueDate": moment_of(current.due_on)} if current.due_on else {}
    return {
        "calculationMethod": "LINE_ITEMS",
        "status": "SENT",
        "issueDate": moment_of(current.on),
        "description": description_of(current.number, memo, mark),
        "lineItems": lines.bodies,
        **due,
    }


def changes_of(current: Invoice, lines: CoperniqLines) -> tuple[Change, ...]:
    dates = {
        "Issue date": current.on.isoformat(),
        "Due date": current.due_on.isoformat() if current.due_on else "",
    }
    texts = [folded_text(line) for line in lines.folded.lines]
    named = {"Number": current.number, **dates, **{f"Line {n}": text for n, text in enumerate(texts, 1)}}
    return tuple(Change(name, "", value) for name, value in named.items() if value)


def variances(current: Invoice) -> tuple[str, ...]:
    """What makes it less to pay in QuickBooks, and cannot be said in Coperniq."""
    if not current.deposit_cents:
        return ()
    return (
        f"QuickBooks has a deposit of ${money(current.deposit_cents):,} on it, which Coperniq cannot show.",
    )


def linked_plan(desk: Desk, run: SyncRun, current: Invoice, found: CoperniqInvoice) -> Plan:
    """It is in Coperniq already, with our mark: a database that forgot it came from a backup."""
    run.coperniq_id = found.id
    return Plan(
        record_name=run.record_name,
        rule=RecordLink.Rule.PULLED,
        quickbooks_id=current.id,
        quickbooks_name=f"Invoice {current.number}",
        quickbooks_version=current.sync_token,
        quickbooks_at=current.updated_at,
        quickbooks_image={
            **quickbooks_image(current, desk.settings.memo_field),
            **dict.fromkeys(FIELDS),
            "number": number_in(found, current),
        },
        coperniq_image=coperniq_image(found, ZoneInfo(desk.connection.company.time_zone)),
        number=current.number,
        amount_cents=current.total_cents,
        sentence=f"Found invoice {told_number(current)} in Coperniq, brought over earlier, and linked it again.",
        ending={"again": True},
    )


def number_in(found: CoperniqInvoice, current: Invoice) -> str:
    """The number Coperniq shows, spelled as QuickBooks does where it is still the same."""
    shown = parts_of(found.description).number
    return current.number if shown == shown_number(current.number) else shown


def ask_for_push(desk: Desk, coperniq_id: str) -> None:
    """A database that forgot its link came from a backup: the push finds what bears our mark."""
    SyncRun.objects.ask(SyncRun.of(desk.connection, Action.PUSH_INVOICE, coperniq_id=coperniq_id))
