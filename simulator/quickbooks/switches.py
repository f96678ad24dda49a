"""What QuickBooks's documentation leaves open: name -> (default, why there is a choice).

Where a page or a recording says something, the default follows it; otherwise it is the harder answer for a client.
"""

from __future__ import annotations

Setting = bool | int | str

QUICKBOOKS: dict[str, tuple[Setting, str]] = {
    "throttle_form": (
        "alternate",
        "429 was recorded as XML, today's JSON form is unknown: alternate | xml | json",
    ),
    "throttle_retry_after": (0, "no page promises a Retry-After with 429; seconds, 0 leaves it out"),
    "enforce_limits": (
        False,
        "500 a minute, 10 a second, 10 in flight per company; off so that tests may be quick",
    ),
    "date_header_offset_seconds": (0, "the Date header of a vendor whose clock is wrong, or ours is"),
    "requestid_memory_seconds": (86400, "how long a requestid replays is unknown"),
    "requestid_other_body": (
        "replay",
        "same requestid, other body: replay the first answer, or refuse with 600",
    ),
    "requestid_remembers_refusals": (False, "whether a refused write replays its refusal is unknown"),
    "inactive_name_frees": (True, "the suffix (deleted) presumably frees the name; off, it stays taken"),
    "display_name_case_sensitive": (False, "uniqueness is presumably blind to case"),
    "job_names_unique": (
        "everywhere",
        "the page says everywhere; a recorded list holds a job and a customer of one name: everywhere | within_parent",
    ),
    "duplicate_name_tail": (
        "sentence",
        "6240 was recorded with a sentence and with the word null: sentence | null",
    ),
    "forbidden_character_code": (
        "2040",
        "no colon, tab or newline in names; the code of the refusal is not written",
    ),
    "clear_by_sparse": ("both", "what clears a field in a sparse update: both | empty_string | null | none"),
    "sparse_nested": ("replace", "an address in a sparse update: replace it whole | merge its parts"),
    "customer_noop_bumps": (
        False,
        "a no-op keeps SyncToken on Account, Item, Employee; for Customer nobody recorded it",
    ),
    "parent_without_job": ("refuse", "ParentRef without Job: refuse | ignore (a top-level customer results)"),
    "deactivating_parent": ("jobs_stay", "jobs of a parent made inactive: jobs_stay | jobs_follow"),
    "reactivation_strips_suffix": (False, "Active:true alone may or may not remove the suffix (deleted)"),
    "email_search_comma_lists": (
        False,
        "whether = finds one address inside a comma-separated list is unknown",
    ),
    "email_dot_address": (False, "only PrimaryEmailAddr without .Address was seen to work"),
    "maxresults_over_1000": ("refuse", "more than 1000 may be refused or cut: refuse | clamp"),
    "bare_backslash": ("keep", "a backslash not before an apostrophe: keep | refuse"),
    "empty_query_answer": ("fault_in_200", "a query without statement: fault_in_200 | 4000"),
    "address_ids_move": (True, "address ids were seen to differ between a read and the next answer"),
}

MERGES: dict[str, tuple[Setting, str]] = {
    "merge_moves": (
        "silently",
        "invoices, payments and jobs of a merged record change their reference as by a rename, or get a new time or "
        "version, too: silently | time | version",
    ),
    "merge_new_version": (True, "whether the survivor's SyncToken moves, or its time alone, is not written"),
    "merged_away": (
        "inactive",
        "the page says it becomes inactive, so it stays readable; or a read finds nothing (610): inactive | gone",
    ),
    "person_deactivates_debtor": (
        "credit_memo",
        "the API refuses (6220); QuickBooks's own page writes a credit memo instead: credit_memo | refuse",
    ),
    "merge_tells_of_merged_away": (
        False,
        "the event Merge names it; whether an Update of it is told as well is not written",
    ),
}

CHANGES: dict[str, tuple[Setting, str]] = {
    "cdc_since_inclusive": (
        False,
        "whether changedSince includes its own moment is not written; stamps are whole seconds, so off loses more",
    ),
    "cdc_before_30_days": (
        "refuse",
        "the page allows 30 days, in 2020 an older changedSince was answered: refuse (2060) | cut | answer",
    ),
    "cdc_limit": (1000, "objects in one answer, by the page"),
    "cdc_limit_counts": ("in_all", "the page says in all: in_all | per_entity"),
    "cdc_limit_keeps": (
        "newest",
        "which objects are left out above the limit is not written; the newest alone cannot be paged on: newest | oldest",
    ),
    "cdc_bad_entity_code": (
        "4001",
        "the refusal of an entity that is unknown or not supported is not written: 4001 | 500 | 2010",
    ),
    "cdc_rows": (
        "query",
        "full objects, whether with the fields of a read or, fewer, of a query: query | read",
    ),
    "cdc_lag_seconds": (
        0,
        "no page says that a change shows at once; how old it must be to be listed, 0 so that tests are quick",
    ),
}

SALES: dict[str, tuple[Setting, str]] = {
    "itemless_lines": (
        "ignored",
        "a line without ItemRef: the page ignores its amount, others saw it replaced: ignored | replaced | kept",
    ),
    "inline_subtotal_amount": (
        True,
        "a description Subtotal: makes a subtotal between the lines; whether it shows an Amount is not written",
    ),
    "sparse_lines": (
        "replace",
        "lines in a sparse update are presumably all there are: replace | merge by Id",
    ),
    "line_rounding": (
        "half_up",
        "Qty x UnitPrice is rounded to cents, how is inferred: half_up | half_even | either",
    ),
    "inactive_customer_code": (
        "610",
        "an inactive or unknown customer in a new form is 610 or 2500: 610 | 2500",
    ),
    "inactive_on_known_line": (
        "keep",
        "an item made inactive since, on a line that has it already: keep | refuse",
    ),
    "negative_total_code": ("2290", "a total below zero is refused, as 2290 or as business: 2290 | 6000"),
    "discounts_off_code": ("6000", "the code of a discount where discounts are off is not written"),
    "duplicate_number_tail": (
        "present",
        "6140 in practice names the form that has the number, the page does not: present | absent",
    ),
    "duplicates_when_counting": (
        "allow",
        "a number sent although QuickBooks counts, and taken already: allow | refuse with 6140",
    ),
    "sent_number_moves_counter": (
        "always",
        "the next number is the last + 1; whether a number that was sent counts as one is open: always | numeric | never",
    ),
    "full_update_without_number": (
        "clear",
        "a full update clears what it leaves out; for DocNumber nobody recorded it: clear | keep | renumber",
    ),
    "customer_term_applies": (
        False,
        "whether the customer's own term makes the due date of a form without one is not written",
    ),
    "invoice_address_becomes_text": (
        True,
        "after an update the addresses of an invoice were recorded as free text",
    ),
    "void_note": (
        "replaced",
        "a voided invoice was recorded only without a note of its own (payments keep theirs): replaced | kept_behind",
    ),
    "linked_refusal_code": (
        "6000",
        "voiding or deleting a form with links is refused, with which code nobody published",
    ),
    "invoice_below_payments": (
        "refuse",
        "a total below what was paid is nowhere described: refuse | unapply the rest of the payments",
    ),
    "closed_books_code": ("6200", "changes up to the closing date: 6200 | 6210"),
    "sale_noop_bumps": (
        False,
        "an update that changes nothing keeps SyncToken on lists; on forms it is inferred",
    ),
    "parent_pays_jobs": (
        "bill_with_parent",
        "which jobs' invoices a parent's payment may pay: bill_with_parent | any_job | never",
    ),
    "foreign_invoice": (
        "refuse",
        "a payment line for another customer's invoice: refuse with 620 | ignore the line",
    ),
    "overapplied_code": (
        "6000",
        "a payment line above the open balance, or lines above the total: the code is inferred",
    ),
    "payment_full_without_line": (
        "clears",
        "a full update of a payment without Line: clears its links | keeps them",
    ),
    "payment_reference_limit": (21, "the length of PaymentRefNum is inferred"),
    "payment_reference_queryable": (
        True,
        "that PaymentRefNum and PaymentMethodRef can be asked for is inferred",
    ),
    "line_ex_sent_back": ("refuse", "LineEx is to be stripped before sending back: refuse | ignore"),
    "item_without_type": ("refuse", "Type is conditionally required: refuse | service"),
    "item_star_leaves_out_sku": (True, "clients ask for *, Sku because * alone left it out"),
    "batch_id_limits": (
        True,
        "with a requestid, 36 characters for it and 10 for each bId, by a text of 2015",
    ),
}
