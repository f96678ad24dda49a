"""Where the invoices of a customer or job go: e-mail address and billing address, so that people can send them.

Known from what was read of them last; nothing is read for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.models import Kind, QuickBooksConnection, RecordLink
from integrations.quickbooks.records import ADDRESS_PARTS
from integrations.sync.customers.customer_family import CustomerFamily
from integrations.sync.customers.mapping import EMAIL_PATH, fit_emails

_ADDRESS = "BillAddr."


@dataclass(frozen=True)
class Billing:
    """`address` is by part, empty if QuickBooks takes it from the invoice's own customer or job."""

    email: str
    address: Mapping[str, str]


def billing_of(connection: QuickBooksConnection, family: CustomerFamily, coperniq_account_id: str) -> Billing:
    """Of the job or customer itself; else of the job's customer in QuickBooks; else of the account in Coperniq.

    QuickBooks fills in the address of the invoice's own customer or job (docs/vendors/quickbooks-online.md, 5.1), but
    a job that is billed with its customer has none.
    """
    own = next(link for link in family.links if link.quickbooks_id == family.invoice_customer)
    if own.is_additional:
        own = RecordLink.objects.pulled(connection, own.kind, own.quickbooks_id) or own
    customer = family.link_of(Kind.CUSTOMER, coperniq_account_id)
    known = [own] if customer is None else [own, customer]
    account = customer.coperniq_snapshot if customer is not None else {}
    emails = [*(_email_of(link) for link in known), str(account.get(EMAIL_PATH, ""))]
    valid = (fit_emails(EMAIL_PATH, email)[0] for email in emails)
    return Billing(next(filter(None, valid), ""), _address_for(known, account))


def _address_for(links: list[RecordLink], account: Mapping[str, object]) -> Mapping[str, str]:
    if links and _address_of(links[0]):
        return {}
    in_coperniq = {
        path.removeprefix(_ADDRESS): str(value)
        for path, value in account.items()
        if path.startswith(_ADDRESS) and value
    }
    return next(filter(None, map(_address_of, links[1:])), _in_order(in_coperniq))


def _email_of(link: RecordLink) -> str:
    snapshot = link.quickbooks_snapshot
    return str(snapshot.get("billing", {}).get("email", snapshot.get(EMAIL_PATH, "")))


def _address_of(link: RecordLink) -> dict[str, str]:
    """The whole address. Links stored before it was kept have some of its parts only, which are not enough."""
    address = link.quickbooks_snapshot.get("billing", {}).get("address", {})
    return _in_order({part: str(value) for part, value in address.items()})


def _in_order(address: Mapping[str, str]) -> dict[str, str]:
    """As on an envelope: PostgreSQL keeps no order of the parts."""
    return {part: address[part] for part in ADDRESS_PARTS if part in address}
