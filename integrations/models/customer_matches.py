"""Customer mapping: what both sides were listed to have, the pairs that were suggested, and what people decided."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.models.connections import QuickBooksConnection
from integrations.models.enums import Kind, Vendor
from integrations.models.leases import LONG_AGO
from integrations.models.links import RecordLink
from integrations.models.processes import is_dead, this_process


class ListedCustomer(models.Model):
    """A top-level QuickBooks customer, or a Coperniq account, as the customer mapping last listed it.

    `other_name` is the company's name of a QuickBooks customer, and the primary contact's of an account. The keys are
    what names are scored by (`name_matching.name_key`), "" without a name. E-mail addresses and phones are keys too,
    separated by spaces. `read_number` is that of the read that has listed it last.
    """

    company_path: ClassVar[str] = "connection__company"

    connection = models.ForeignKey(
        QuickBooksConnection, on_delete=models.CASCADE, related_name="listed_customers"
    )
    vendor = models.CharField(max_length=10, choices=Vendor)
    record_id = models.CharField(max_length=80)
    name = models.CharField(max_length=500, blank=True)
    name_key = models.CharField(max_length=500, blank=True)
    company_name = models.CharField(max_length=500, blank=True)
    other_name = models.CharField(max_length=500, blank=True)
    other_key = models.CharField(max_length=500, blank=True)
    emails = models.TextField(blank=True)
    phones = models.TextField(blank=True)
    tax_number = models.CharField(max_length=64, blank=True)
    contact_id = models.CharField(max_length=80, blank=True)
    is_active = models.BooleanField(default=True)
    read_number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "vendor", "record_id"], name="one_row_per_listed_customer"
            )
        ]
        indexes = [models.Index(fields=["connection", "vendor", "name"], name="listed_customers_by_name")]

    def __str__(self) -> str:
        return self.name or self.record_id


def _link_exists() -> models.Exists:
    return models.Exists(
        RecordLink.objects.filter(
            connection=models.OuterRef("connection"),
            kind=Kind.CUSTOMER,
            coperniq_id=models.OuterRef("coperniq_id"),
        )
    )


class CustomerMatchQuerySet(models.QuerySet["CustomerMatch"]):
    def of(self, connection: QuickBooksConnection) -> Self:
        return self.filter(connection=connection)

    def unlinked(self) -> Self:
        """Of accounts that no link names: what the engine has linked since needs no decision any more."""
        return self.filter(~_link_exists())

    def counts(self) -> dict[str, int]:
        """As `suggested`, `without_match` and `rejected`, in one query."""
        counted = self.values_list("state", _link_exists()).annotate(models.Count("pk"))
        found = {"suggested": 0, "none": 0, "rejected": 0}
        for state, is_linked, count in counted.order_by():
            name = state if state in found else "none"
            found[name] += 0 if is_linked and name != "rejected" else count
        return found

    def suggested(self) -> Self:
        return self.unlinked().filter(state=CustomerMatch.State.SUGGESTED)

    def without_match(self) -> Self:
        """Nothing was found, or a new customer is wanted; an accepted match whose link is gone is open again."""
        return self.unlinked().exclude(
            state__in=(CustomerMatch.State.SUGGESTED, CustomerMatch.State.REJECTED)
        )

    def rejected(self) -> Self:
        return self.filter(state=CustomerMatch.State.REJECTED)

    def rejected_ids(self, connection: QuickBooksConnection, coperniq_id: str) -> set[str]:
        """The QuickBooks customers that people said this account is not."""
        rejected = self.of(connection).filter(coperniq_id=coperniq_id, state=CustomerMatch.State.REJECTED)
        return set(rejected.values_list("quickbooks_id", flat=True))

    def creates_new(self, connection: QuickBooksConnection, coperniq_id: str) -> bool:
        """Whether a person said that the account gets a new customer, though one looks alike."""
        return self.of(connection).filter(coperniq_id=coperniq_id, state=CustomerMatch.State.CREATE).exists()


class CustomerMatch(models.Model):
    """What is suggested or decided for one Coperniq account, and beside it each pair that was rejected.

    `score` is how alike the names are, in per cent. `reasons` are causes of `messages/customer_mapping.py`, strongest
    first. `alternatives` is the number of other customers that could be it as well.
    """

    class State(models.TextChoices):
        SUGGESTED = "suggested", "Suggested"
        NONE = "none", "No match found"
        ACCEPTED = "accepted", "Accepted"
        OVERRIDDEN = "overridden", "Chosen by a person"
        CREATE = "create", "To be created"
        REJECTED = "rejected", "Rejected"

    UNDECIDED: ClassVar = (State.SUGGESTED, State.NONE)
    LINKED: ClassVar = (State.ACCEPTED, State.OVERRIDDEN)
    company_path: ClassVar[str] = "connection__company"

    connection = models.ForeignKey(
        QuickBooksConnection, on_delete=models.CASCADE, related_name="customer_matches"
    )
    coperniq_id = models.CharField(max_length=80)
    coperniq_name = models.CharField(max_length=500, blank=True)
    quickbooks_id = models.CharField(max_length=80, blank=True)
    quickbooks_name = models.CharField(max_length=1024, blank=True)
    score = models.PositiveSmallIntegerField(default=0)
    reasons = models.JSONField(default=list, blank=True)
    alternatives = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = CustomerMatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "customer matches"
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "coperniq_id"],
                condition=~Q(state="rejected"),
                name="one_match_per_coperniq_account",
            ),
            models.UniqueConstraint(
                fields=["connection", "coperniq_id", "quickbooks_id"],
                condition=Q(state="rejected"),
                name="one_rejection_per_pair",
            ),
        ]
        indexes = [models.Index(fields=["connection", "state"], name="customer_matches_by_state")]

    def __str__(self) -> str:
        return f"{self.coperniq_name or self.coperniq_id} ↔ {self.quickbooks_name or 'nothing'}"


class CustomerListReadQuerySet(models.QuerySet["CustomerListRead"]):
    def due(self, now: datetime) -> Self:
        syncing = QuickBooksConnection.objects.syncing()
        return self.exclude(stage=CustomerListRead.Stage.DONE).filter(
            connection__in=syncing, next_at__lte=now, claimed_until__lte=now
        )

    def release_dead_owners(self) -> int:
        """Let reads of killed processes go on at once."""
        now = timezone.now()
        dead = [row.pk for row in self.filter(claimed_until__gt=now) if is_dead(row.owner)]
        return self.filter(pk__in=dead).update(claimed_until=now, next_at=now)


class CustomerListRead(models.Model):
    """How far the customer mapping has read both sides and compared them. It goes on where it stopped.

    `page` is the next page of the stage, from 1; `compared_to` the id of the last listed account that was compared.
    """

    class Stage(models.TextChoices):
        CUSTOMERS = "customers", "Reading the customers in QuickBooks"
        ACCOUNTS = "accounts", "Reading the accounts in Coperniq"
        CONTACTS = "contacts", "Reading the contacts in Coperniq"
        COMPARING = "comparing", "Comparing"
        DONE = "done", "Done"

    company_path: ClassVar[str] = "connection__company"

    connection = models.OneToOneField(
        QuickBooksConnection, on_delete=models.CASCADE, related_name="customer_list_read"
    )
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.CUSTOMERS)
    number = models.PositiveIntegerField(default=1)
    page = models.PositiveIntegerField(default=1)
    compared_to = models.BigIntegerField(default=0)
    customers = models.PositiveIntegerField(default=0)
    accounts = models.PositiveIntegerField(default=0)
    compared = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    failing_because = models.CharField(max_length=500, blank=True)
    next_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(default=LONG_AGO)
    owner = models.CharField(max_length=300, blank=True)

    objects = CustomerListReadQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.get_stage_display()} for {self.connection}"

    @property
    def is_done(self) -> bool:
        return self.stage == self.Stage.DONE

    @classmethod
    def request(cls, connection: QuickBooksConnection, *, restart: bool = False) -> CustomerListRead:
        """Read and compare from the beginning; one that is in progress goes on, and is tried again at once.

        `restart` begins again even then, since what was read so far is of another Coperniq company.
        """
        row, created = cls.objects.get_or_create(connection=connection)
        now = timezone.now()
        same = cls.objects.filter(pk=row.pk)
        begun_before = same if restart else same.filter(stage=cls.Stage.DONE)
        begun = {"stage": cls.Stage.CUSTOMERS, "number": row.number + 1, "page": 1, "compared_to": 0}
        begun |= {"customers": 0, "accounts": 0, "compared": 0, "started_at": now, "ended_at": None}
        if not created and not begun_before.filter(number=row.number).update(
            **begun, failures=0, failing_because="", next_at=now
        ):
            same.update(next_at=now)
        row.refresh_from_db()
        return row

    @classmethod
    def compare_again(cls, connection: QuickBooksConnection) -> None:
        """Compare anew what was read, since a setting has changed; a read in progress compares at its end anyway."""
        begun = {"stage": cls.Stage.COMPARING, "compared_to": 0, "compared": 0, "next_at": timezone.now()}
        rows = cls.objects.filter(connection=connection, stage__in=(cls.Stage.COMPARING, cls.Stage.DONE))
        rows.update(**begun, number=models.F("number") + 1)

    def claim(self, now: datetime, claim: timedelta) -> bool:
        """Claim the read for this process; False if another has it. The claim of a dead process expires."""
        free = CustomerListRead.objects.filter(pk=self.pk, next_at__lte=now, claimed_until__lte=now)
        return free.update(claimed_until=now + claim, owner=this_process()) == 1
