"""Customer mapping: stores what both sides list, and what is suggested for each account."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from integrations.coperniq.records import Contact, CoperniqAccount
from integrations.models import (
    CustomerMatch,
    Kind,
    ListedCustomer,
    QuickBooksConnection,
    RecordLink,
    SyncSettings,
    Vendor,
)
from integrations.models.encryption import keyed_digest
from integrations.name_matching import canonical_name, email_keys, phone_keys
from integrations.quickbooks.records import Customer
from integrations.sync.customers.mapping import (
    EMAIL_PATH,
    PHONE_PATH,
    TAX_PATH,
    primary_contact_id,
    source_values,
)
from integrations.sync.customers.match_suggestions import CustomerSuggester, Suggestion, key_of_name
from integrations.sync.customers.naming import without_inactive_suffix

_NAME_LENGTH = 500
_MASKED = re.compile(r"[Xx*•]")
_LEAST_TAX_DIGITS = 5
_COLUMNS = (
    "name",
    "name_key",
    "company_name",
    "other_name",
    "other_key",
    "emails",
    "phones",
    "tax_number",
    "contact_id",
    "is_active",
    "read_number",
)
_ROWS_PER_STATEMENT = 200


def listed_customer(connection: QuickBooksConnection, customer: Customer) -> ListedCustomer:
    values = customer.values
    name = without_inactive_suffix(values["DisplayName"])[:_NAME_LENGTH]
    company = values["CompanyName"][:_NAME_LENGTH]
    row = ListedCustomer(
        connection=connection,
        vendor=Vendor.QUICKBOOKS,
        record_id=customer.id,
        name=name,
        name_key=key_of_name(name),
        company_name=company,
        emails=" ".join(sorted(email_keys(values[EMAIL_PATH]))),
        phones=_phones(values[PHONE_PATH], *customer.other_phones),
        tax_number=_tax_digest(values[TAX_PATH]),
        is_active=customer.is_active,
    )
    _set_other_name(row, company)
    return row


def listed_account(
    connection: QuickBooksConnection, account: CoperniqAccount, mappings: Mapping[str, str]
) -> ListedCustomer:
    """`mappings` are those of the customer's fields, since they say which property is the tax number."""
    sources = source_values(account, None)

    def mapped(path: str) -> str:
        return sources.get(mappings.get(path, ""), "")

    name = account.title.strip()[:_NAME_LENGTH]
    return ListedCustomer(
        connection=connection,
        vendor=Vendor.COPERNIQ,
        record_id=account.id,
        name=name,
        name_key=key_of_name(name),
        company_name=mapped("CompanyName")[:_NAME_LENGTH],
        emails=" ".join(sorted(email_keys(mapped(EMAIL_PATH)))),
        phones=_phones(mapped(PHONE_PATH)),
        tax_number=_tax_digest(mapped(TAX_PATH)),
        contact_id=primary_contact_id(account),
    )


def _phones(*texts: str) -> str:
    return " ".join(sorted({key for text in texts for key in phone_keys(text)}))


def _tax_digest(text: str) -> str:
    """QuickBooks masks all but a few digits, and then it is no evidence (docs/vendors/quickbooks-online.md, 4)."""
    digits = "".join(char for char in text if char.isalnum()).casefold()
    return "" if _MASKED.search(text) or len(digits) < _LEAST_TAX_DIGITS else keyed_digest(digits)


def _set_other_name(row: ListedCustomer, name: str) -> None:
    is_other = bool(name) and canonical_name(name) != canonical_name(row.name)
    row.other_name = name[:_NAME_LENGTH] if is_other else ""
    row.other_key = key_of_name(row.other_name)


def store_listed(
    connection: QuickBooksConnection, vendor: str, rows: Sequence[ListedCustomer], read_number: int
) -> int:
    """Store the rows of a page; the number of those that this read has not met before."""
    ids = [row.record_id for row in rows]
    met = ListedCustomer.objects.filter(connection=connection, vendor=vendor, read_number=read_number)
    known = met.filter(record_id__in=ids).count()
    for row in rows:
        row.read_number = read_number
    ListedCustomer.objects.bulk_create(
        {row.record_id: row for row in rows}.values(),
        batch_size=_ROWS_PER_STATEMENT,
        update_conflicts=True,
        unique_fields=["connection", "vendor", "record_id"],
        update_fields=_COLUMNS,
    )
    return len(set(ids)) - known


def store_contact_names(connection: QuickBooksConnection, contacts: Iterable[Contact]) -> None:
    """Give the accounts the names of their primary contacts, as a phase entry would send them."""
    names = {contact.id: contact.name.strip() for contact in contacts if contact.id and contact.name.strip()}
    accounts = ListedCustomer.objects.filter(connection=connection, vendor=Vendor.COPERNIQ)
    rows = list(accounts.filter(contact_id__in=names))
    for row in rows:
        _set_other_name(row, names[row.contact_id])
    ListedCustomer.objects.bulk_update(rows, ["other_name", "other_key"], batch_size=_ROWS_PER_STATEMENT)


def forget_unlisted(connection: QuickBooksConnection, vendor: str, read_number: int) -> None:
    """Forget what a whole read has not met, and what was suggested for it. Decisions are kept."""
    gone = ListedCustomer.objects.filter(connection=connection, vendor=vendor, read_number__lt=read_number)
    if vendor == Vendor.COPERNIQ:
        ids = list(gone.values_list("record_id", flat=True))
        matches = CustomerMatch.objects.of(connection).filter(state__in=CustomerMatch.UNDECIDED)
        for start in range(0, len(ids), _ROWS_PER_STATEMENT):
            matches.filter(coperniq_id__in=ids[start : start + _ROWS_PER_STATEMENT]).delete()
    gone.delete()


def load_suggester(connection: QuickBooksConnection) -> CustomerSuggester:
    stored = SyncSettings.objects.filter(connection=connection).values_list("match_by", flat=True).first()
    customers = ListedCustomer.objects.filter(connection=connection, vendor=Vendor.QUICKBOOKS)
    return CustomerSuggester(customers, stored or SyncSettings._meta.get_field("match_by").default)


@dataclass(frozen=True)
class _Decided:
    """What a suggestion must respect: the linked customers and accounts, and the rejected customers of each account."""

    linked: frozenset[str]
    linked_accounts: frozenset[str]
    rejected: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, connection: QuickBooksConnection, ids: Sequence[str]) -> _Decided:
        links = RecordLink.objects.of(connection, Kind.CUSTOMER).values_list("quickbooks_id", "coperniq_id")
        linked = list(links)
        pairs = CustomerMatch.objects.of(connection).filter(
            state=CustomerMatch.State.REJECTED, coperniq_id__in=ids
        )
        rejected: dict[str, set[str]] = defaultdict(set)
        for coperniq_id, quickbooks_id in pairs.values_list("coperniq_id", "quickbooks_id"):
            rejected[coperniq_id].add(quickbooks_id)
        return cls(
            frozenset(quickbooks_id for quickbooks_id, _ in linked),
            frozenset(coperniq_id for _, coperniq_id in linked),
            {id_: frozenset(found) for id_, found in rejected.items()},
        )

    def left_out(self, coperniq_id: str) -> frozenset[str]:
        rejected = self.rejected.get(coperniq_id)
        return self.linked | rejected if rejected else self.linked

    def allows(self, coperniq_id: str, suggestion: Suggestion | None) -> bool:
        if coperniq_id in self.linked_accounts:
            return False
        return suggestion is None or suggestion.customer.record_id not in self.left_out(coperniq_id)


def store_suggestions(
    connection: QuickBooksConnection, suggester: CustomerSuggester, accounts: Sequence[ListedCustomer]
) -> None:
    """Suggest anew for these accounts, at most some hundred, those aside about which a person has decided.

    They are compared outside of the transaction, which keeps what was decided meanwhile.
    """
    ids = [account.record_id for account in accounts]
    decided = _Decided.of(connection, ids)
    found = {
        id_: suggester.suggest(row, decided.left_out(id_)) for id_, row in zip(ids, accounts, strict=True)
    }
    with transaction.atomic():
        now = _Decided.of(connection, ids)
        stored = CustomerMatch.objects.of(connection).exclude(state=CustomerMatch.State.REJECTED)
        rows = {row.coperniq_id: row for row in stored.select_for_update().filter(coperniq_id__in=ids)}
        changed = [
            _suggested(connection, account, found[id_], rows.get(id_))
            for id_, account in zip(ids, accounts, strict=True)
            if _is_open(rows.get(id_)) and now.allows(id_, found[id_])
        ]
        CustomerMatch.objects.bulk_create([row for row in changed if not row.pk], ignore_conflicts=True)
        CustomerMatch.objects.bulk_update(
            [row for row in changed if row.pk],
            ["coperniq_name", "quickbooks_id", "quickbooks_name", "score", "reasons", "alternatives", "state",
             "decided_by", "decided_at"],
            batch_size=_ROWS_PER_STATEMENT,
        )  # fmt: skip


def _is_open(row: CustomerMatch | None) -> bool:
    """Nothing is decided, or the link that was is gone; the caller knows that the account has no link."""
    return row is None or row.state != CustomerMatch.State.CREATE


def _suggested(
    connection: QuickBooksConnection,
    account: ListedCustomer,
    suggestion: Suggestion | None,
    row: CustomerMatch | None,
) -> CustomerMatch:
    row = row or CustomerMatch(connection=connection, coperniq_id=account.record_id)
    row.coperniq_name = account.name or account.other_name
    row.decided_by, row.decided_at = None, None
    customer = suggestion.customer if suggestion else None
    row.state = CustomerMatch.State.SUGGESTED if suggestion else CustomerMatch.State.NONE
    row.quickbooks_id = customer.record_id if customer else ""
    row.quickbooks_name = customer.name if customer else ""
    row.score = suggestion.score if suggestion else 0
    row.reasons = list(suggestion.reasons) if suggestion else []
    row.alternatives = suggestion.alternatives if suggestion else 0
    return row
