from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Company
from integrations.models.encryption import decrypt, encrypt
from integrations.models.enums import ItemlessLines
from integrations.models.processes import is_dead, this_process

FORMER_TOKEN = timedelta(hours=1)
"""How long a webhook token goes on after it was replaced, so that the new address can be entered in Coperniq."""


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class CoperniqConnectionQuerySet(models.QuerySet["CoperniqConnection"]):
    def live(self) -> Self:
        return self.filter(state=CoperniqConnection.State.CONNECTED)

    def due_for_poll(self, now: datetime) -> Self:
        """Connections to poll now: only those with a QuickBooks connection, since each poll costs calls."""
        quickbooks = QuickBooksConnection.objects.live().filter(company=models.OuterRef("company"))
        return self.live().filter(
            models.Exists(quickbooks), next_poll_at__lte=now, poll_claimed_until__lte=now
        )

    def release_dead_owners(self) -> int:
        """Make the polls of killed processes due again."""
        now = timezone.now()
        claimed = self.filter(poll_claimed_until__gt=now)
        dead = [row.pk for row in claimed if is_dead(row.poll_owner)]
        return self.filter(pk__in=dead).update(poll_claimed_until=now, next_poll_at=now)

    def with_webhook_token(self, token: str) -> CoperniqConnection | None:
        """By the token in force, or by the one that it has replaced until that one's time is up."""
        given = digest(token)
        former = Q(former_webhook_token_digest=given, former_webhook_token_until__gt=timezone.now())
        return self.filter(Q(webhook_token_digest=given) | former).select_related("company").first()


class CoperniqConnection(models.Model):
    class State(models.TextChoices):
        CONNECTED = "connected", "Connected"
        REFUSED = "refused", "API key refused"
        DISCONNECTED = "disconnected", "Disconnected"

    # Events are stored while the key is refused, too.
    RECEIVING: ClassVar = (State.CONNECTED, State.REFUSED)
    company_path: ClassVar[str] = "company"

    company = models.OneToOneField(Company, on_delete=models.PROTECT, related_name="coperniq")
    state = models.CharField(max_length=20, choices=State, default=State.CONNECTED)
    state_reason = models.CharField(max_length=300, blank=True)
    api_key_encrypted = models.TextField()
    # No key is used for two companies; "" for one that was stored before this was kept.
    api_key_digest = models.CharField(max_length=64, blank=True)
    # A key that answers for another Coperniq company waits here until a person decides.
    proposed_api_key_encrypted = models.TextField(blank=True)
    webhook_token_digest = models.CharField(max_length=64, unique=True)
    webhook_token_encrypted = models.TextField()
    former_webhook_token_digest = models.CharField(max_length=64, blank=True, db_index=True)
    former_webhook_token_until = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField(default=timezone.now)
    last_event_at = models.DateTimeField(null=True, blank=True)
    workflows = models.JSONField(default=list)
    # Ids of workflows whose projects have stages (Workflows 1.0), as their projects show.
    stage_workflows = models.JSONField(default=list, blank=True)
    workflows_read_at = models.DateTimeField(null=True, blank=True)
    projects_cursor_at = models.DateTimeField(null=True, blank=True)
    invoices_cursor_at = models.DateTimeField(null=True, blank=True)
    next_invoice_sweep_at = models.DateTimeField(default=timezone.now)
    next_poll_at = models.DateTimeField(default=timezone.now)
    next_sweep_at = models.DateTimeField(default=timezone.now)
    poll_claimed_until = models.DateTimeField(default=timezone.now)
    poll_owner = models.CharField(max_length=300, blank=True)
    poll_failures = models.PositiveIntegerField(default=0)
    poll_failing_since = models.DateTimeField(null=True, blank=True)
    poll_failing_because = models.CharField(max_length=500, blank=True)
    last_poll_started_at = models.DateTimeField(null=True, blank=True)
    last_poll_ended_at = models.DateTimeField(null=True, blank=True)

    objects = CoperniqConnectionQuerySet.as_manager()

    class Meta:
        verbose_name = "Coperniq connection"
        constraints = [
            models.UniqueConstraint(
                fields=["api_key_digest"],
                condition=Q(state="connected") & ~Q(api_key_digest=""),
                name="one_live_connection_per_api_key",
            ),
        ]

    def __str__(self) -> str:
        return f"Coperniq of {self.company}"

    @property
    def api_key(self) -> str:
        return decrypt(self.api_key_encrypted)

    @property
    def webhook_token(self) -> str:
        return decrypt(self.webhook_token_encrypted)

    @property
    def webhook_version(self) -> str:
        """Differs for each webhook address, and tells nothing of it."""
        return self.webhook_token_digest[:12]

    @property
    def awaits_decision(self) -> bool:
        return bool(self.proposed_api_key_encrypted)

    def replace_webhook_token(self) -> None:
        """The one before goes on for FORMER_TOKEN; what that one had replaced ends."""
        self.former_webhook_token_digest = self.webhook_token_digest
        self.former_webhook_token_until = timezone.now() + FORMER_TOKEN
        self.issue_webhook_token()
        self.save(
            update_fields=[
                "former_webhook_token_digest",
                "former_webhook_token_until",
                "webhook_token_digest",
                "webhook_token_encrypted",
            ]
        )

    def issue_webhook_token(self) -> None:
        token = secrets.token_urlsafe(32)
        self.webhook_token_digest = digest(token)
        self.webhook_token_encrypted = encrypt(token)

    def claim_poll(self, now: datetime, claim: timedelta) -> bool:
        """Claim the poll for this process; False if another has it. The claim of a dead process expires."""
        taken = CoperniqConnection.objects.filter(
            pk=self.pk, next_poll_at__lte=now, poll_claimed_until__lte=now
        ).update(poll_claimed_until=now + claim, poll_owner=this_process(), last_poll_started_at=now)
        return taken == 1

    def make_poll_due(self, now: datetime, spacing: timedelta = timedelta(0)) -> None:
        """Make the poll due at once, or `spacing` after the start of the last one if that is later."""
        earliest = now if self.last_poll_started_at is None else max(now, self.last_poll_started_at + spacing)
        CoperniqConnection.objects.filter(pk=self.pk, next_poll_at__gt=earliest).update(next_poll_at=earliest)


class QuickBooksConnectionQuerySet(models.QuerySet["QuickBooksConnection"]):
    def live(self) -> Self:
        return self.filter(state__in=QuickBooksConnection.LIVE)

    def syncing(self) -> Self:
        """Connections whose runs may be executed now."""
        return self.filter(state=QuickBooksConnection.State.CONNECTED, home_currency="USD").filter(
            company__coperniq__state=CoperniqConnection.State.CONNECTED,
            company__coperniq__proposed_api_key_encrypted="",
        )

    def due_for_changes(self, now: datetime) -> Self:
        return self.syncing().filter(next_changes_at__lte=now, changes_claimed_until__lte=now)

    def release_dead_owners(self) -> int:
        """Make the change data reads of killed processes due again."""
        now = timezone.now()
        dead = [row.pk for row in self.filter(changes_claimed_until__gt=now) if is_dead(row.changes_owner)]
        return self.filter(pk__in=dead).update(changes_claimed_until=now, next_changes_at=now)

    def of(self, company: Company) -> QuickBooksConnection | None:
        """The connection that the company's pages show: the live one, else the latest."""
        rows = self.filter(company=company).exclude(
            state__in=[QuickBooksConnection.State.ARCHIVED, QuickBooksConnection.State.PROPOSED]
        )
        return rows.select_related("company").order_by("-id").first()


class QuickBooksConnection(models.Model):
    """The connection to one QuickBooks company. Another QuickBooks company (realm) always gets another row."""

    class State(models.TextChoices):
        CONNECTED = "connected", "Connected"
        NEEDS_AUTHORIZATION = "needs_authorization", "Needs re-authorization"
        # The stored value is public, see integrations/status.
        AWAITING_DECISION = "guarded", "Stopped: another QuickBooks company answered"
        DISCONNECTED = "disconnected", "Disconnected"
        PROPOSED = "proposed", "Waiting for a decision"
        ARCHIVED = "archived", "Archived"

    LIVE: ClassVar = (State.CONNECTED, State.NEEDS_AUTHORIZATION, State.AWAITING_DECISION)
    company_path: ClassVar[str] = "company"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="quickbooks")
    realm_id = models.CharField("QuickBooks company id", max_length=40)
    state = models.CharField(max_length=20, choices=State, default=State.CONNECTED)
    state_reason = models.CharField(max_length=300, blank=True)
    company_name = models.CharField("QuickBooks company", max_length=1024, blank=True)
    country = models.CharField(max_length=3, blank=True)
    home_currency = models.CharField(max_length=3, blank=True)
    multicurrency = models.BooleanField(default=False)
    custom_txn_numbers = models.BooleanField("custom transaction numbers", default=False)
    using_sales_tax = models.BooleanField("sales tax", default=False)
    book_close_on = models.DateField("books closed until", null=True, blank=True)
    preferences_read_at = models.DateTimeField(null=True, blank=True)
    itemless_lines = models.CharField(
        "a line without an item", max_length=10, choices=ItemlessLines, default=ItemlessLines.UNKNOWN
    )
    # Known by its id, so that people may rename it.
    payments_account_id = models.CharField(max_length=40, blank=True)
    # Everything that changed in QuickBooks before this moment is known; used to detect a restored database.
    changes_cursor_at = models.DateTimeField(null=True, blank=True)
    changes_read_at = models.DateTimeField(null=True, blank=True)
    # Change data are processed up to this moment; those of invoices and payments up to the second one, as they are left
    # for later while their syncing is off.
    captured_at = models.DateTimeField(null=True, blank=True)
    money_captured_at = models.DateTimeField(null=True, blank=True)
    # When change data last did not reach back far enough, so that all linked records were compared.
    compared_fully_at = models.DateTimeField(null=True, blank=True)
    compared_fully_because = models.CharField(max_length=200, blank=True)
    next_changes_at = models.DateTimeField(default=timezone.now)
    changes_claimed_until = models.DateTimeField(default=timezone.now)
    changes_owner = models.CharField(max_length=300, blank=True)
    changes_failures = models.PositiveIntegerField(default=0)
    changes_failing_because = models.CharField(max_length=500, blank=True)
    # Records that QuickBooks refuses to list: [{entity, id, name, reason, since}].
    unlistable = models.JSONField(default=list, blank=True)
    access_token_encrypted = models.TextField(blank=True)
    refresh_token_encrypted = models.TextField(blank=True)
    access_expires_at = models.DateTimeField(null=True, blank=True)
    refresh_expires_at = models.DateTimeField("authorization ends unused", null=True, blank=True)
    refresh_hard_expires_at = models.DateTimeField("authorization ends for good", null=True, blank=True)
    token_version = models.PositiveIntegerField(default=0)
    refresh_claimed_until = models.DateTimeField(default=timezone.now)
    connected_at = models.DateTimeField(default=timezone.now)
    disconnected_at = models.DateTimeField(null=True, blank=True)

    objects = QuickBooksConnectionQuerySet.as_manager()

    class Meta:
        verbose_name = "QuickBooks connection"
        constraints = [
            models.UniqueConstraint(
                fields=["realm_id"],
                condition=Q(state__in=["connected", "needs_authorization", "guarded"]),
                name="one_live_connection_per_realm",
            ),
            models.UniqueConstraint(
                fields=["company"],
                condition=Q(state__in=["connected", "needs_authorization", "guarded"]),
                name="one_live_connection_per_company",
            ),
            models.UniqueConstraint(
                fields=["company"], condition=Q(state="proposed"), name="one_proposal_per_company"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company_name or self.realm_id} of {self.company}"

    @property
    def access_token(self) -> str:
        return decrypt(self.access_token_encrypted)

    @property
    def refresh_token(self) -> str:
        return decrypt(self.refresh_token_encrypted)

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE

    @property
    def is_connected(self) -> bool:
        return self.state == self.State.CONNECTED

    @property
    def in_dollars(self) -> bool:
        return self.home_currency == "USD"

    def keep_preferences(self, **values: object) -> None:
        """Store the preferences as they were just read, here and in the database."""
        QuickBooksConnection.objects.filter(pk=self.pk).update(**values)
        for field, value in values.items():
            setattr(self, field, value)

    def claim_changes(self, now: datetime, claim: timedelta) -> bool:
        """Claim the read of change data for this process, as `claim_poll` does."""
        taken = QuickBooksConnection.objects.filter(
            pk=self.pk, next_changes_at__lte=now, changes_claimed_until__lte=now
        ).update(changes_claimed_until=now + claim, changes_owner=this_process())
        return taken == 1

    def claim_refresh(self, now: datetime, claim: timedelta) -> bool:
        """Claim the refresh of the tokens. Not a row lock: SQLite has none, and none may be held during a vendor call."""
        taken = QuickBooksConnection.objects.filter(
            pk=self.pk, token_version=self.token_version, refresh_claimed_until__lte=now
        ).update(refresh_claimed_until=now + claim)
        return taken == 1


class PendingAuthorization(models.Model):
    """A person is at Intuit's consent page. The row is deleted by the callback that uses its state, so that only one can.

    `state_digest` is of the state and of a secret of the browser's session.
    """

    company_path: ClassVar[str] = "company"

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    state_digest = models.CharField(max_length=64, unique=True)
    started_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.user} for {self.company}"
