"""Compare customers by name and e-mail address. Pure but for the look-up of existing links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from integrations.errors import Choice
from integrations.models import Question, QuickBooksConnection, RecordLink
from integrations.quickbooks.records import Customer

INACTIVE_SUFFIX = " (deleted)"


@dataclass(frozen=True)
class Candidate:
    customer: Customer
    by: RecordLink.MatchMethod

    @property
    def label(self) -> str:
        email = self.customer.values.get("PrimaryEmailAddr.Address", "")
        return f"“{self.customer.values['DisplayName']}”" + (f" ({email})" if email else "")


def names_to_find(name: str) -> list[str]:
    """QuickBooks marks inactive names with a suffix, and finds only what is written out."""
    return [name, name + INACTIVE_SUFFIX]


def without_marker(name: str) -> str:
    return name.removesuffix(INACTIVE_SUFFIX)


def candidates(name: str, named: Iterable[Customer], with_email: Iterable[Customer]) -> list[Candidate]:
    """Top-level customers of that name or e-mail, each once; a name says more than an e-mail."""
    found: dict[str, Candidate] = {}
    for customer in with_email:
        found[customer.id] = Candidate(customer, RecordLink.MatchMethod.EMAIL)
    for customer in named:
        found[customer.id] = Candidate(customer, RecordLink.MatchMethod.NAME)
    for id_, candidate in found.items():
        if is_called(candidate.customer, name):
            found[id_] = Candidate(candidate.customer, RecordLink.MatchMethod.NAME)
    top_level = [candidate for candidate in found.values() if not candidate.customer.parent_id]
    return sorted(top_level, key=lambda candidate: candidate.customer.id)


def is_called(customer: Customer, name: str) -> bool:
    current = customer.values["DisplayName"].casefold()
    return current in {wanted.casefold() for wanted in names_to_find(name)}


def linked_elsewhere(
    connection: QuickBooksConnection, quickbooks_ids: Iterable[str], coperniq_id: str
) -> dict[str, str]:
    """QuickBooks id → name of the Coperniq account that already has it."""
    links = RecordLink.objects.of(connection, "customer").filter(quickbooks_id__in=list(quickbooks_ids))
    return dict(links.exclude(coperniq_id=coperniq_id).values_list("quickbooks_id", "coperniq_name"))


def choices_for(found: Sequence[Candidate], taken: Iterable[str]) -> list[Choice]:
    """Of those that could be linked: nobody else's, and kept in dollars."""
    free = [candidate for candidate in found if candidate.customer.id not in set(taken)]
    return [link_choice(candidate) for candidate in free if in_dollars(candidate.customer)]


def in_dollars(customer: Customer) -> bool:
    return customer.currency in ("", "USD")


def link_choice(candidate: Candidate) -> Choice:
    customer = candidate.customer
    if customer.is_active:
        return Choice(f"link:{customer.id}", f"Link to {candidate.label}", Question.CUSTOMER)
    label = f"Make {candidate.label} active again and link to it"
    return Choice(f"reactivate:{customer.id}", label, Question.CUSTOMER)
