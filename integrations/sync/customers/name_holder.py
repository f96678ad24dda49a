"""Who has a name that QuickBooks refuses to give to another customer or job, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from integrations.errors import Choice
from integrations.models import CustomerMatch, Kind, RecordLink, SyncRun
from integrations.name_matching import canonical_name
from integrations.quickbooks.records import Customer
from integrations.sync.customers.customer_index import find_customers_spelled_alike, fixed_words
from integrations.sync.customers.matching import Candidate, link_choices, linked_elsewhere
from integrations.sync.customers.naming import name_spellings, without_inactive_suffix
from integrations.sync.engine.context import SyncContext


@dataclass(frozen=True)
class NameHolder:
    """A customer or job, or else the vendor or employee, by `entity`."""

    name: str
    entity: str
    customer: Customer | None = None


def find_name_holder(ctx: SyncContext, name: str, own_id: str, refused_for: str = "") -> NameHolder | None:
    """The one with this very name, else one whose name looks the same; inactive customers come last.

    `refused_for` is the id that QuickBooks' refusal named, "" if it named none.
    """
    alike = find_customers_spelled_alike(ctx, name)
    if refused_for and refused_for not in {customer.id for customer in alike}:
        alike += ctx.quickbooks.find_customers([refused_for])
    same = _same_named(alike, name, own_id)
    if same and same[0].is_active:
        return _holder_of(same[0])
    others = ctx.quickbooks.find_names_of_others(name_spellings(name))
    if not others and not same and (words := fixed_words(name)):
        others = ctx.quickbooks.find_others_spelled_alike(words)
    for other, entity in others.items():
        if canonical_name(without_inactive_suffix(other)) == canonical_name(name):
            return NameHolder(other, entity)
    return _holder_of(same[0]) if same else None


def find_look_alike(ctx: SyncContext, name: str, own_id: str) -> NameHolder | None:
    """Another active customer whose name looks the same; QuickBooks itself may take such a name."""
    alike = find_customers_spelled_alike(ctx, name)
    customers = [customer for customer in alike if customer.is_active and not customer.parent_id]
    same = _same_named(customers, name, own_id)
    return _holder_of(same[0]) if same else None


def _same_named(customers: Iterable[Customer], name: str, own_id: str) -> list[Customer]:
    named = [
        (without_inactive_suffix(customer.values["DisplayName"]), customer)
        for customer in customers
        if customer.id != own_id
    ]
    same = [pair for pair in named if canonical_name(pair[0]) == canonical_name(name)]
    ranked = sorted(same, key=lambda pair: (not pair[1].is_active, pair[0].casefold() != name.casefold()))
    return [customer for _, customer in ranked]


def _holder_of(customer: Customer) -> NameHolder:
    return NameHolder(customer.values["DisplayName"], "Customer", customer)


def id_of_holder(holder: NameHolder | None) -> str:
    """Of a customer or job, "" of others: once it has changed, the question about its name is asked again."""
    return holder.customer.id if holder is not None and holder.customer is not None else ""


def offer_holder(ctx: SyncContext, run: SyncRun, holder: NameHolder | None) -> list[Choice]:
    """The choice to link the account to the customer that has its name, if it may be linked."""
    customer = holder.customer if holder is not None else None
    if customer is None or customer.parent_id or is_rejected(ctx, run, holder):
        return []
    linked = linked_elsewhere(ctx.connection, [customer.id], run.coperniq_id)
    return link_choices([Candidate(customer, RecordLink.MatchMethod.NAME)], linked)


def is_rejected(ctx: SyncContext, run: SyncRun, holder: NameHolder | None) -> bool:
    """Whether a person has said that this customer is not the account's."""
    customer = holder.customer if holder is not None else None
    rejected = CustomerMatch.objects.rejected_ids(ctx.connection, run.coperniq_id)
    return customer is not None and customer.id in rejected


def describe_holder(ctx: SyncContext, holder: NameHolder | None) -> str:
    """Who has the name, for a person who looks for it in QuickBooks."""
    if holder is None:
        return "another customer, vendor or employee"
    if holder.customer is None:
        return f"the {holder.entity.lower()} “{holder.name}”"
    customer = holder.customer
    kind = "job" if customer.parent_id else "customer"
    inactive = "" if customer.is_active else "inactive "
    name = customer.values["FullyQualifiedName"] if customer.parent_id else holder.name
    links = RecordLink.objects.filter(
        connection=ctx.connection, kind__in=(Kind.CUSTOMER, Kind.JOB), quickbooks_id=customer.id
    )
    account = links.values_list("coperniq_name", flat=True).first()
    linked = f", which is linked to “{account}”" if account else ""
    return f"the {inactive}{kind} “{name or holder.name}”{linked}"
