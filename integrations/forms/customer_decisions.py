"""What people decide in the customer mapping. A link is made by choice; nothing is written to either vendor.

Each function raises ValidationError with a sentence if that is not possible, and then nothing has changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from accounts.audit import log_action
from accounts.models import Company, User
from integrations import queue
from integrations.connections.clients import CallMeter, quickbooks_client
from integrations.connections.resume import company_locked
from integrations.errors import PortalError
from integrations.forms.refresh import message_now
from integrations.messages import Message
from integrations.messages.customer_mapping import MappingMessage
from integrations.models import (
    Action,
    CompanyLease,
    CustomerMatch,
    Kind,
    ListedCustomer,
    QuickBooksConnection,
    RecordLink,
    RemoteWrite,
    RunState,
    SyncRun,
    Vendor,
)
from integrations.name_matching import canonical_name
from integrations.quickbooks.records import Customer
from integrations.run_decisions import record_prefix
from integrations.sync.customers.customer_lists import listed_customer, load_suggester, store_suggestions
from integrations.sync.customers.matching import linked_elsewhere
from integrations.sync.customers.naming import without_inactive_suffix
from integrations.sync.engine.persistence import store_link

State = CustomerMatch.State
ACCEPTED_AT = 95
"""From this score on suggestions are accepted together."""
_AT_ONCE = 50
_MOST_ACCEPTED = 500
"""By one request: it takes seconds, and the next one goes on."""


DECISIONS = ("accept", "reject", "choose", "create", "undo")


@dataclass
class Mapping:
    """One company's mapping, and who decides in it; None is a command.

    `customers` are those that QuickBooks was asked for beforehand, and `reopened` the accounts to suggest anew for.
    """

    company: Company
    connection: QuickBooksConnection
    user: User | None
    customers: dict[str, Customer] = field(default_factory=dict)
    reopened: set[str] = field(default_factory=set)

    def read_customers(self, ids: Iterable[str]) -> None:
        """As they are now: they may have been merged, renamed or deleted since they were listed. Opens no transaction."""
        meter = CallMeter(self.company.pk)
        try:
            found = quickbooks_client(self.connection, meter).find_customers(sorted(set(ids)))
        except PortalError as error:
            raise ValidationError({"quickbooks": message_now(error)}) from error
        finally:
            meter.flush()
        self.customers = {customer.id: customer for customer in found}

    def suggest_again(self) -> None:
        """For the accounts whose decision was taken back or whose suggestion was refused."""
        reopened, self.reopened = sorted(self.reopened), set()
        if reopened:
            suggester = load_suggester(self.connection)
            rows = ListedCustomer.objects.filter(connection=self.connection, vendor=Vendor.COPERNIQ)
            for start in range(0, len(reopened), _AT_ONCE):
                part = rows.filter(record_id__in=reopened[start : start + _AT_ONCE])
                store_suggestions(self.connection, suggester, list(part))
        queue.wake()


def decide(mapping: Mapping, decision: str, coperniq_id: str, quickbooks_id: str = "") -> str:
    """Carry out one decision; the sentence for the person. `quickbooks_id` is of the customer that is meant."""
    if decision not in DECISIONS:
        raise ValidationError({"decision": f"Choose one of: {', '.join(DECISIONS)}."})
    wanted = quickbooks_id
    if decision == "accept":
        wanted = wanted or match_of(mapping, coperniq_id).quickbooks_id
    if decision in ("accept", "choose") and wanted:
        mapping.read_customers([wanted])
    try:
        return apply_decision(mapping, decision, coperniq_id, wanted)
    finally:
        mapping.suggest_again()


def apply_decision(mapping: Mapping, decision: str, coperniq_id: str, quickbooks_id: str) -> str:
    """As `decide`, without a call and without new suggestions, so that many can be decided in one transaction."""
    name = match_of(mapping, coperniq_id).coperniq_name
    if decision == "accept":
        accept(mapping, coperniq_id, quickbooks_id)
        return f"“{name}” is linked. Nothing was written to QuickBooks."
    if decision == "choose":
        choose(mapping, coperniq_id, quickbooks_id)
        return f"“{name}” is linked to the customer you chose. Nothing was written to QuickBooks."
    if decision == "reject":
        customer = reject(mapping, coperniq_id, quickbooks_id)
        return f"Rejected: “{customer}” is not suggested for “{name}” again."
    if decision == "create":
        create_new(mapping, coperniq_id)
        return f"“{name}” gets a new customer when its project enters the trigger phase."
    undo(mapping, coperniq_id, quickbooks_id)
    return f"“{name}” is open again."


def accept(mapping: Mapping, coperniq_id: str, quickbooks_id: str) -> None:
    """Link the account to the customer that is suggested, which is the one that the person has seen."""
    match = match_of(mapping, coperniq_id)
    if match.state == State.SUGGESTED and match.quickbooks_id != quickbooks_id:
        raise _refusal(MappingMessage.SUGGESTED_ANOTHER(account=match.coperniq_name))
    if match.state != State.SUGGESTED and not _is_linked(mapping, coperniq_id):
        raise _refusal(MappingMessage.NOTHING_SUGGESTED(account=match.coperniq_name))
    _link(mapping, match, quickbooks_id, State.ACCEPTED)


def choose(mapping: Mapping, coperniq_id: str, quickbooks_id: str) -> None:
    """Link the account to another customer. A rejection of that pair is forgotten."""
    if not quickbooks_id:
        raise _refusal(MappingMessage.NO_CUSTOMER_CHOSEN())
    match = match_of(mapping, coperniq_id)
    _link(mapping, match, quickbooks_id, State.OVERRIDDEN)


def reject(mapping: Mapping, coperniq_id: str, quickbooks_id: str) -> str:
    """Never suggest nor match this pair again; the next best customer is suggested instead. Returns its name."""
    match = match_of(mapping, coperniq_id)
    listed = _listed(mapping, Vendor.QUICKBOOKS, quickbooks_id)
    name = listed.name if listed else match.quickbooks_name
    if not quickbooks_id or not name:
        raise _refusal(MappingMessage.NO_CUSTOMER_CHOSEN())
    with _deciding(mapping, [match]) as links:
        link = links.get(coperniq_id)
        if link is not None and link.quickbooks_id == quickbooks_id:
            raise _refusal(
                MappingMessage.ACCOUNT_LINKED(account=match.coperniq_name, customer=link.quickbooks_name)
            )
        is_suggested = match.quickbooks_id == quickbooks_id
        CustomerMatch.objects.get_or_create(
            connection=mapping.connection,
            coperniq_id=coperniq_id,
            quickbooks_id=quickbooks_id,
            state=State.REJECTED,
            defaults={
                "coperniq_name": match.coperniq_name,
                "quickbooks_name": name,
                "score": match.score if is_suggested else 0,
                "reasons": match.reasons if is_suggested else [],
                "decided_by": mapping.user,
                "decided_at": timezone.now(),
            },
        )
        _log(mapping, match, before=State.SUGGESTED.label, after=f"{State.REJECTED.label}: {name}")
        _ask_again(mapping, [coperniq_id])
    mapping.reopened.add(coperniq_id)
    return name


def create_new(mapping: Mapping, coperniq_id: str) -> None:
    """At phase entry a new customer is created, without a question though one looks alike."""
    match = match_of(mapping, coperniq_id)
    with _deciding(mapping, [match]) as links:
        _refuse_linked(match, links)
        before = match.get_state_display()
        _decide(match, mapping, State.CREATE)
        match.quickbooks_id, match.quickbooks_name, match.score = "", "", 0
        match.reasons, match.alternatives = [], 0
        match.save()
        _log(mapping, match, before=before, after=State.CREATE.label)
        _ask_again(mapping, [coperniq_id])


def undo(mapping: Mapping, coperniq_id: str, quickbooks_id: str = "") -> None:
    """Take back a rejection of this pair, else what was decided for the account, as far as nothing was synced since."""
    rejected = CustomerMatch.objects.of(mapping.connection).filter(
        coperniq_id=coperniq_id, quickbooks_id=quickbooks_id, state=State.REJECTED
    )
    match = match_of(mapping, coperniq_id)
    with _deciding(mapping, [match]) as links:
        link = links.get(coperniq_id)
        if quickbooks_id and rejected.delete()[0]:
            _log(mapping, match, before=State.REJECTED.label, after=State.SUGGESTED.label)
        elif link is not None:
            if not is_unused(link):
                raise _refusal(
                    MappingMessage.LINK_IN_USE(account=match.coperniq_name, customer=link.quickbooks_name)
                )
            _log(mapping, match, before=f"linked to {link.quickbooks_name}", after=State.NONE.label)
            link.delete()
        elif match.state == State.CREATE:
            _log(mapping, match, before=State.CREATE.label, after=State.NONE.label)
        _reopen(match)
        _ask_again(mapping, [coperniq_id])
    mapping.reopened.add(coperniq_id)


@dataclass
class BulkResult:
    """`left_out` are sentences with how often each is true; `remaining` can be accepted by another request."""

    accepted: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    remaining: int = 0

    def sentence(self, most_named: int) -> str:
        count = sum(self.left_out.values())
        text = f"{self.accepted} {'was' if self.accepted == 1 else 'were'} linked."
        if self.remaining:
            text += f" {self.remaining} more can be linked: please press the button again."
        if not count:
            return text
        named = " ".join(list(self.left_out)[:most_named])
        more = f" And {len(self.left_out) - most_named} more." if len(self.left_out) > most_named else ""
        return f"{text} {count} {'was' if count == 1 else 'were'} left out. {named}{more}"


def accept_all(mapping: Mapping, least_score: int = ACCEPTED_AT) -> BulkResult:
    """Accept the suggestions from this score on, those aside that leave a doubt."""
    matches = list(
        CustomerMatch.objects.of(mapping.connection)
        .unlinked()
        .filter(state=State.SUGGESTED, score__gte=least_score)
        .order_by("-score", "pk")
    )
    wanted = Counter(match.quickbooks_id for match in matches)
    result, sure = BulkResult(), []
    for match in matches:
        if wanted[match.quickbooks_id] > 1:
            result.left_out[MappingMessage.WANTED_TWICE(customer=match.quickbooks_name).text] += 1
        elif match.alternatives:
            result.left_out[MappingMessage.SEVERAL_SUGGESTED(account=match.coperniq_name).text] += 1
        else:
            sure.append(match)
    result.remaining = max(len(sure) - _MOST_ACCEPTED, 0)
    sure = sure[:_MOST_ACCEPTED]
    for start in range(0, len(sure), _AT_ONCE):
        _accept_some(mapping, sure[start : start + _AT_ONCE], result)
    mapping.suggest_again()
    return result


def _accept_some(mapping: Mapping, matches: Sequence[CustomerMatch], result: BulkResult) -> None:
    mapping.read_customers([match.quickbooks_id for match in matches])
    for match in matches:
        try:
            _link(mapping, match, match.quickbooks_id, State.ACCEPTED)
        except ValidationError as error:
            result.left_out[error.messages[0]] += 1
        else:
            result.accepted += 1


def is_unused(link: RecordLink) -> bool:
    """Whether it was chosen here and nothing was synced since; the engine stores a snapshot of the account."""
    if link.match_method != RecordLink.MatchMethod.CHOSEN or link.coperniq_snapshot:
        return False
    below = RecordLink.objects.filter(connection=link.connection_id).exclude(kind=Kind.CUSTOMER)
    own = Q(coperniq_account_id=link.coperniq_id) | Q(quickbooks_snapshot__customer=link.quickbooks_id)
    return not below.filter(own).exists()


def match_of(mapping: Mapping, coperniq_id: str) -> CustomerMatch:
    rows = CustomerMatch.objects.of(mapping.connection).exclude(state=State.REJECTED)
    found = rows.filter(coperniq_id=coperniq_id).first()
    if found is not None:
        return found
    account = _listed(mapping, Vendor.COPERNIQ, coperniq_id)
    link = RecordLink.objects.pushed(mapping.connection, Kind.CUSTOMER, coperniq_id)
    if account is None and link is None:
        raise _refusal(MappingMessage.ACCOUNT_NOT_LISTED(account=coperniq_id[:40]))
    name = (account.name or account.other_name) if account else link.coperniq_name if link else ""
    return CustomerMatch(
        connection=mapping.connection, coperniq_id=coperniq_id, coperniq_name=name, state=State.NONE
    )


def _listed(mapping: Mapping, vendor: str, record_id: str) -> ListedCustomer | None:
    rows = ListedCustomer.objects.filter(connection=mapping.connection, vendor=vendor)
    return rows.filter(record_id=record_id).first()


def _link(mapping: Mapping, match: CustomerMatch, quickbooks_id: str, state: CustomerMatch.State) -> None:
    customer = _linkable(mapping, match, quickbooks_id)
    _store_link(mapping, match, customer, state)


def _is_linked(mapping: Mapping, coperniq_id: str) -> bool:
    return RecordLink.objects.pushed(mapping.connection, Kind.CUSTOMER, coperniq_id) is not None


def _linkable(mapping: Mapping, match: CustomerMatch, quickbooks_id: str) -> Customer:
    """The customer as QuickBooks has it now. What it has changed is stored, so that the page shows it."""
    customer, listed = (
        mapping.customers.get(quickbooks_id),
        _listed(mapping, Vendor.QUICKBOOKS, quickbooks_id),
    )
    suggested = match.quickbooks_name if match.quickbooks_id == quickbooks_id else ""
    shown = listed.name if listed else suggested
    message = _refusal_of(mapping, match, customer, shown or quickbooks_id[:40])
    if customer is None and not shown:
        message = MappingMessage.CUSTOMER_UNKNOWN(id=quickbooks_id[:40])
    if customer is not None and not customer.parent_id:
        row = listed_customer(mapping.connection, customer)
        row.read_number = listed.read_number if listed else 0
        ListedCustomer.objects.update_or_create(
            connection=mapping.connection,
            vendor=Vendor.QUICKBOOKS,
            record_id=customer.id,
            defaults={
                each.name: getattr(row, each.name)
                for each in ListedCustomer._meta.concrete_fields
                if not each.primary_key and each.name not in ("connection", "vendor", "record_id")
            },
        )
    elif listed is not None:
        listed.delete()
    if message is None:
        assert customer is not None  # its absence is a refusal
        return customer
    if match.quickbooks_id == quickbooks_id:
        mapping.reopened.add(match.coperniq_id)
    raise _refusal(message)


def _refusal_of(
    mapping: Mapping, match: CustomerMatch, customer: Customer | None, shown: str
) -> Message | None:
    """Why the account cannot be linked to this customer, by the same rules as at phase entry."""
    if customer is None:
        return MappingMessage.CUSTOMER_GONE(customer=shown)
    name = without_inactive_suffix(customer.values["DisplayName"])
    linked_account = linked_elsewhere(mapping.connection, [customer.id], match.coperniq_id).get(customer.id)
    if linked_account is not None:
        return MappingMessage.CUSTOMER_LINKED(customer=name, account=linked_account)
    if customer.parent_id:
        return MappingMessage.CUSTOMER_IS_JOB(customer=name)
    if customer.currency not in ("", "USD"):
        return MappingMessage.CUSTOMER_FOREIGN_CURRENCY(customer=name, currency=customer.currency)
    if not customer.is_active:
        return MappingMessage.CUSTOMER_INACTIVE(customer=name)
    if canonical_name(name) != canonical_name(shown):
        return MappingMessage.CUSTOMER_RENAMED(before=shown, after=name)
    return None


def _store_link(
    mapping: Mapping, match: CustomerMatch, customer: Customer, state: CustomerMatch.State
) -> None:
    name = without_inactive_suffix(customer.values["DisplayName"])
    try:
        with _deciding(mapping, [match]) as links:
            _refuse_linked(match, links)
            store_link(
                RecordLink(
                    connection=mapping.connection,
                    kind=Kind.CUSTOMER,
                    coperniq_id=match.coperniq_id,
                    quickbooks_id=customer.id,
                    coperniq_name=match.coperniq_name,
                    quickbooks_name=customer.values["DisplayName"],
                    match_method=RecordLink.MatchMethod.CHOSEN,
                    quickbooks_version=customer.sync_token,
                    quickbooks_at=customer.updated_at,
                    quickbooks_snapshot=customer.image,
                )
            )
            CustomerMatch.objects.of(mapping.connection).filter(
                coperniq_id=match.coperniq_id, quickbooks_id=customer.id, state=State.REJECTED
            ).delete()
            before = match.get_state_display()
            _decide(match, mapping, state)
            if match.quickbooks_id != customer.id:
                match.score, match.reasons, match.alternatives = 0, [], 0
            match.quickbooks_id, match.quickbooks_name = customer.id, name[:1024]
            match.save()
            _log(mapping, match, before=before, after=f"linked to {name} ({customer.id})")
            _ask_again(mapping, [match.coperniq_id])
    except IntegrityError as error:  # another account was linked to it in this moment
        other = linked_elsewhere(mapping.connection, [customer.id], match.coperniq_id).get(customer.id, "")
        raise _refusal(MappingMessage.CUSTOMER_LINKED(customer=name, account=other)) from error


@contextmanager
def _deciding(mapping: Mapping, matches: Sequence[CustomerMatch]) -> Iterator[dict[str, RecordLink]]:
    """A transaction in which no run of these accounts is being executed or begins; with the links they have.

    A run that was planned before the link was made would create a second customer. Requests of runs and the results of
    the engine begin with the lease's row, and a run is claimed by a change of its own row: both wait for the commit.
    """
    ids = [match.coperniq_id for match in matches]
    with company_locked(mapping.company):
        CompanyLease.notify(mapping.company.pk)
        runs = SyncRun.objects.filter(
            connection=mapping.connection, action=Action.PUSH_CUSTOMER, coperniq_id__in=ids
        )
        states = list(runs.open().select_for_update().values_list("state", flat=True))
        writes = RemoteWrite.objects.open().filter(
            connection=mapping.connection, kind=Kind.CUSTOMER, coperniq_id__in=ids
        )
        if RunState.RUNNING in states or writes.exists():
            raise _refusal(MappingMessage.ACCOUNT_BUSY(account=matches[0].coperniq_name))
        links = RecordLink.objects.of(mapping.connection, Kind.CUSTOMER).filter(coperniq_id__in=ids)
        yield {link.coperniq_id: link for link in links}


def _refuse_linked(match: CustomerMatch, links: dict[str, RecordLink]) -> None:
    link = links.get(match.coperniq_id)
    if link is not None:
        raise _refusal(
            MappingMessage.ACCOUNT_LINKED(account=match.coperniq_name, customer=link.quickbooks_name)
        )


def _decide(match: CustomerMatch, mapping: Mapping, state: CustomerMatch.State) -> None:
    match.state, match.decided_by, match.decided_at = state, mapping.user, timezone.now()


def _reopen(match: CustomerMatch) -> None:
    match.state, match.decided_by, match.decided_at = State.NONE, None, None
    match.quickbooks_id, match.quickbooks_name, match.score = "", "", 0
    match.reasons, match.alternatives = [], 0
    match.save()


def _ask_again(mapping: Mapping, ids: Iterable[str]) -> None:
    """A run that is held with another question is planned again: this may have answered it."""
    runs = SyncRun.objects.filter(connection=mapping.connection, action=Action.PUSH_CUSTOMER)
    runs.held().filter(coperniq_id__in=list(ids)).requeue()


def _log(mapping: Mapping, match: CustomerMatch, *, before: str, after: str) -> None:
    target = f"{record_prefix(Kind.CUSTOMER, match.coperniq_id)}{match.coperniq_name}"
    log_action(
        company=mapping.company,
        user=mapping.user,
        verb="map the customer",
        target=target,
        before=before,
        after=after,
    )


def _refusal(message: Message) -> ValidationError:
    return ValidationError({"customer": ValidationError(message.text, code=message.cause)})
