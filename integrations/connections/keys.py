"""Connects Coperniq by API key (docs/vendors/coperniq-api.md, 2.2).

A key is tested before it is stored, and a key of another Coperniq company waits for a person's decision.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from accounts.audit import log_action
from accounts.models import Company, User
from integrations.connections.clients import CallMeter, coperniq_client, coperniq_client_with_key
from integrations.connections.ending import NotConnected
from integrations.connections.guard import hand_over, seal_books
from integrations.connections.resuming import company_locked, go_on, release_held
from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.records import Workflow
from integrations.errors import AccessLost, CredentialUnreadable, PortalError, RecordMissing, Remedy
from integrations.models import CoperniqConnection, Kind, PhaseTrigger, QuickBooksConnection, RecordLink
from integrations.models.encryption import decrypt, encrypt

State = CoperniqConnection.State
LONGEST_KEY = 500
LINKS_TRIED = 3
NO_KEY = "Please paste the API key you created in Coperniq."
REFUSED = "Coperniq refused this API key. Please copy it again, complete and without spaces, or create a new one there."


class KeyRefused(PortalError):
    remedy = Remedy.CONFIGURE
    cause = "api_key_refused"


def connect(company: Company, user: User | None, pasted: str) -> CoperniqConnection:
    """Test and store a key; if no linked record can be found with it, store it as proposed, with `is_guarded`.

    Raises KeyRefused and VendorError; then nothing was stored.
    """
    api_key = pasted.strip()
    if not api_key or len(api_key) > LONGEST_KEY:
        raise KeyRefused(NO_KEY)
    workflows, fits = try_key(company, api_key)
    with company_locked(company):
        row = CoperniqConnection.objects.select_for_update().filter(company=company).first()
        before = state_of(row)
        if row is not None and not fits:
            row.proposed_api_key_encrypted = encrypt(api_key)
            row.save(update_fields=["proposed_api_key_encrypted"])
        else:
            row = take_key(company, row, api_key, workflows)
        after = state_of(row)
        log_action(company=company, user=user, verb="connect", target="Coperniq", before=before, after=after)
    go_on(company)
    return row


def state_of(row: CoperniqConnection | None) -> str:
    if row is None:
        return ""
    return "Stopped: another Coperniq company answered" if row.is_guarded else row.get_state_display()


def try_key(company: Company, api_key: str) -> tuple[list[Workflow], bool]:
    meter = CallMeter(company.pk)
    client = coperniq_client_with_key(api_key, meter)
    try:
        return client.read_workflows(), is_same_company(company, client, api_key)
    except AccessLost as error:
        raise KeyRefused(REFUSED) from error
    finally:
        meter.flush()


def is_same_company(company: Company, client: CoperniqClient, api_key: str) -> bool:
    """True if one of the latest linked records can be read with the key.

    Also true if nothing is linked, or the key is the stored one: then linked records may have been deleted.
    """
    if stored_key(company) == api_key:
        return True
    links = RecordLink.objects.filter(connection=QuickBooksConnection.objects.of(company))
    known = links.filter(kind__in=(Kind.CUSTOMER, Kind.JOB)).order_by("-id")[:LINKS_TRIED]
    tried = [is_found(client, link) for link in known]
    return any(tried) or not tried


def stored_key(company: Company) -> str:
    """The stored key, or "" if there is none or it cannot be decrypted: entering it again repairs that."""
    row = CoperniqConnection.objects.filter(company=company).first()
    try:
        return row.api_key if row else ""
    except CredentialUnreadable:
        return ""


def is_found(client: CoperniqClient, link: RecordLink) -> bool:
    read = client.read_account if link.kind == Kind.CUSTOMER else client.read_project
    try:
        read(link.coperniq_id)
    except (RecordMissing, AccessLost):
        return False
    return True


def take_key(
    company: Company, row: CoperniqConnection | None, api_key: str, workflows: Iterable[Workflow]
) -> CoperniqConnection:
    """Store a key as connected. The webhook token is kept, since its address has been entered in Coperniq."""
    if row is None:
        row = CoperniqConnection(company=company)
        row.issue_webhook_token()
    if row.state != State.CONNECTED:
        row.connected_at = timezone.now()
    row.state, row.api_key_encrypted, row.proposed_api_key_encrypted = State.CONNECTED, encrypt(api_key), ""
    row.state_reason = ""
    row.poll_failures = 0
    row.workflows, row.workflows_read_at = as_rows(workflows), timezone.now()
    row.save()
    release_held(company)
    return row


def as_rows(workflows: Iterable[Workflow]) -> list[dict[str, object]]:
    return [
        {
            "id": workflow.id,
            "name": workflow.name,
            "phases": [{"id": phase.id, "name": phase.name} for phase in workflow.phases],
        }
        for workflow in workflows
    ]


def refresh_workflows(company: Company) -> int:
    """Read and store the workflows; returns their number. Raises VendorError, and NotConnected without a key."""
    row = CoperniqConnection.objects.filter(company=company).first()
    if row is None:
        raise NotConnected(
            "Coperniq is not connected yet. Please enter its API key under Integrations first."
        )
    meter = CallMeter(company.pk)
    try:
        workflows = as_rows(coperniq_client(row, meter).read_workflows())
    finally:
        meter.flush()
    now = timezone.now()
    CoperniqConnection.objects.filter(pk=row.pk).update(workflows=workflows, workflows_read_at=now)
    return len(workflows)


def keep(company: Company, user: User) -> CoperniqConnection:
    with company_locked(company):
        row = guarded_row(company)
        row.proposed_api_key_encrypted = ""
        row.save(update_fields=["proposed_api_key_encrypted"])
        release_held(company)
        log_action(company=company, user=user, verb="keep the Coperniq company", target="Coperniq API key")
    go_on(company)
    return row


def move(company: Company, user: User) -> CoperniqConnection:
    """Switch to the Coperniq company of the proposed key; the links to the old company are archived.

    Raises NotConnected if there is no proposed key, or another one by now.
    """
    proposed = guarded_row(company).proposed_api_key_encrypted
    workflows, _ = try_key(company, decrypt(proposed))
    with company_locked(company):
        row = guarded_row(company)
        if row.proposed_api_key_encrypted != proposed:
            raise NotConnected("Another API key was entered meanwhile. Please look at the page again.")
        row.projects_cursor_at, row.next_sweep_at = None, timezone.now()
        row = take_key(company, row, decrypt(proposed), workflows)
        links = begin_anew(company, row)
        target = f"{links} links to the former Coperniq company"
        log_action(company=company, user=user, verb="move to another Coperniq company", target=target)
    go_on(company)
    return row


def guarded_row(company: Company) -> CoperniqConnection:
    row = CoperniqConnection.objects.filter(company=company).exclude(proposed_api_key_encrypted="").first()
    if row is None:
        raise NotConnected("This has been decided already. Please look at the page again.")
    return row


def begin_anew(company: Company, row: CoperniqConnection) -> int:
    """Replace the QuickBooks connection by a copy without links; returns the number of archived links.

    Only triggers whose phase exists in the new Coperniq company are copied.
    """
    old = QuickBooksConnection.objects.select_for_update().of(company)
    if old is None:
        return 0
    fresh = QuickBooksConnection.objects.get(pk=old.pk)
    fresh.pk, fresh._state.adding = None, True
    seal_books(old)
    fresh.save()
    hand_over(old, fresh, [trigger for trigger in old.triggers.all() if is_known(trigger, row)])
    return old.links.count()


def is_known(trigger: PhaseTrigger, row: CoperniqConnection) -> bool:
    return any(
        phase["id"] == trigger.phase_template_id
        for workflow in row.workflows
        if workflow["id"] == trigger.workflow_id
        for phase in workflow["phases"]
    )
