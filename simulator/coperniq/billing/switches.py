"""What the documentation leaves open about invoices, payments and the catalog: name -> (default, why)."""

from __future__ import annotations

from typing import Any

INVOICES: dict[str, tuple[Any, str]] = {
    "invoice_list_shape": (
        "wrapped",
        "documented with items and has_more, other lists are bare: wrapped | array",
    ),
    "has_more": ("exact", "on a full last page: exact | full_page (true although nothing follows)"),
    "account_invoices": ("with_projects", "whether an account's list has its projects': with_projects | own"),
    "archived_invoices": (
        "listed",
        "isArchived is printed, nothing asks for it: listed | hidden | gone (404 too)",
    ),
    "invoice_delete": (
        "hard",
        "the effect of DELETE is not written, bills are archived first: hard | archive",
    ),
    "delete_paid_invoice": ("allow", "whether payments block a DELETE is unknown: allow | refuse (409)"),
    "delete_record_with_invoices": (
        "orphan",
        "invoices of a deleted project or account: orphan (record null) | cascade | refuse (409)",
    ),
    "missing_record_status": (400, "a recordId that does not exist: 400 naming the field | 404"),
    "invoice_on_archived_record": ("allow", "a new invoice on an archived record: allow | refuse"),
    "invoice_title": (
        "ignored",
        "older pages had a title, whether it may still be written: ignored | stored | refuse",
    ),
    "invoice_create_requires": ("spec", "older pages also required title, type and dueDate: spec | older"),
    "edit_paid_invoice": ("allow", "a PATCH of lines once payments exist: allow | refuse (409)"),
    "percentage_on_patch": (
        "ignore",
        "prose lets it be updated, the schema does not: ignore | accept | refuse",
    ),
    "percentage_without_base": ("zero", "PERCENTAGE of a record without value: zero | refuse"),
    "percentage_over_100": ("refuse", "0 to 100 is written for bills only: refuse | allow"),
}

DATES: dict[str, tuple[Any, str]] = {
    "issue_date_returned": (False, "bills return it, the invoice schema does not list it"),
    "issue_date_on_patch": ("ignore", "not accepted on update, in which way is not written: ignore | refuse"),
    "due_date_absent": (
        "omitted",
        "an invoice without dueDate, optional but not nullable: omitted | null | created",
    ),
    "due_date_null": ("clears", "dueDate null in a PATCH: clears | refuse"),
    "bare_dates": ("refuse", "2026-01-31 where a date-time is documented: refuse | accept"),
    "sent_time_of_day": ("kept", "the time of day of a date sent by the API: kept | midnight_utc"),
    "person_time_of_day": (
        "midnight_utc",
        "a day picked by a person: midnight_utc | noon_local | midnight_local | end_of_day_local (UTC-6)",
    ),
}

LINES: dict[str, tuple[Any, str]] = {
    "line_update": ("replace", "lines a PATCH does not name: replace (they go) | merge (they stay)"),
    "line_ids": (
        "kept",
        "ids of lines sent with their id: kept | renewed (each write gives all lines new ids)",
    ),
    "unknown_line_id": ("refuse", "a line id that the invoice does not have: refuse | new"),
    "line_fields_named": (
        "path",
        "field of a refused line: path (lineItems[0].quantity) | name (quantity) | list",
    ),
    "quantity_below_one": (
        "refuse",
        "only an integer is asked for, nothing is said of 0 or -1: refuse | allow",
    ),
    "unit_decimals": ("round", "a unit price with a third decimal: round | refuse"),
    "negative_total": ("allow", "discounts larger than the rest: allow | refuse"),
    "section_name_returned": (False, "release notes say sectionName is read per line, the schema omits it"),
    "archived_item_on_line": (
        "kept_lines",
        "lines with an archived catalog item: kept_lines (only where it stood before) | refuse | allow",
    ),
    "deleted_catalog_item": ("null", "catalogItem of a line whose item was deleted: null | shown"),
}

STATUSES: dict[str, tuple[Any, str]] = {
    "overdue": ("derived", "SENT or PARTIALLY_PAID past its dueDate reads OVERDUE: derived | never"),
    "overdue_from": ("moment", "when the due date is past: moment | next_day (UTC)"),
    "overdue_moves_updated_at": (False, "becoming OVERDUE moves updatedAt, or polling cannot see it"),
    "written_status": (
        "as_sent",
        "PAID written without payments: as_sent | recomputed (from the payments) | refuse",
    ),
    "paid_by_status": (False, "whether writing PAID makes amountPaid the whole amount"),
    "status_back_to_draft": ("allow", "a sent invoice made DRAFT again by the API: allow | refuse"),
    "lines_move_status": (
        True,
        "a new total of a paid invoice makes it PARTIALLY_PAID or PAID, or status stays",
    ),
}

PAYMENTS: dict[str, tuple[Any, str]] = {
    "overpayment": ("refuse", "paying more than is open: refuse | accept"),
    "nonpositive_payment": ("refuse", "documented as positive, refunds are unknown: refuse | accept"),
    "payment_on_draft": ("settles", "paying a DRAFT: settles (PARTIALLY_PAID, PAID) | stays_draft | refuse"),
    "payment_on_declined": ("refuse", "paying a DECLINED invoice: refuse | stays_declined | settles"),
    "payment_on_archived": ("accept", "paying an archived invoice: accept | refuse"),
    "payment_moves_amount_paid": (True, "whether amountPaid follows a payment"),
    "payment_moves_status": (True, "whether status follows a payment"),
    "payment_moves_updated_at": (
        True,
        "whether a payment moves updatedAt of the invoice, else polling misses it",
    ),
    "payment_edit_moves_updated_at": (True, "the same where a person changes or removes a payment"),
    "unpaid_again": ("SENT", "status once the last payment is gone: SENT | DRAFT | unchanged"),
    "payment_status": ("PAID", "the values of payment.status are unknown; any text"),
    "uncounted_payments": (
        "FAILED,VOIDED",
        "payments of these statuses do not count as paid; names with commas",
    ),
    "payment_number": ("number", "invoiceNumber of a payment, its own display number: number | null"),
    "payment_is_external": (False, "isExternal of a payment that came in by the API"),
    "payment_reference_length": (0, "paymentReference is kept whole; else cut after so many characters"),
}

CATALOG: dict[str, tuple[Any, str]] = {
    "service_trade_group": ("other_only", "met in live use, services must be in OTHER: other_only | any"),
    "product_manufacturer": (
        "required",
        "met in live use, products need a manufacturer: required | optional",
    ),
    "category_trade_group": (
        "matched",
        "met in live use, some categories demand a trade group: matched | any",
    ),
    "product_categories": ("any", "77 values of which the reference names 16: any (spelled alike) | named"),
    "duplicate_item_code": ("allow", "two items of one code or name: allow | refuse (400)"),
}

SWITCHES = {**INVOICES, **DATES, **LINES, **STATUSES, **PAYMENTS, **CATALOG}
