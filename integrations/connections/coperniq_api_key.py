"""Connects Coperniq by API key (docs/vendors/coperniq-api.md, 2.2).

A key is tested before it is stored, and a key of another Coperniq company waits for a person's decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from accounts.audit import log_action
from accounts.models import Company, User
from integrations.causes import Cause
from integrations.connections.clients import CallMeter, coperniq_client, coperniq_client_with_key
from integrations.connections.company_mismatch import archive_connection, copy_settings
from integrations.connections.disconnection import NotConnected
from integrations.connections.resume import company_locked, release_held, resume_syncing
from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.records import Project, Workflow
from integrations.errors import (
    AccessLost,
    CredentialUnreadable,
    PortalError,
    RecordMissing,
    Remedy,
    VendorError,
)
from integrations.messages.engine import EngineMessage
from integrations.models import (
    CoperniqConnection,
    CustomerListRead,
    Kind,
    PhaseTrigger,
    QuickBooksConnection,
    RecordLink,
)
from integrations.models.connections import digest
from integrations.models.encryption import decrypt, encrypt

State = CoperniqConnection.State
LONGEST_KEY = 500
LINKS_TRIED = 3


class KeyRefused(PortalError):
    remedy = Remedy.CONFIGURE
    cause = Cause.API_KEY_REFUSED


def connect_coperniq(company: Company, user: User | None, pasted: str) -> CoperniqConnection:
    """Test and store a key; if no linked record can be found with it, store it as proposed, with `awaits_decision`.

    Raises KeyRefused and VendorError; then nothing was stored.
    """
    api_key = pasted.strip()
    if not api_key or len(api_key) > LONGEST_KEY:
        raise KeyRefused(EngineMessage.API_KEY_EMPTY().text)
    workflows, fits = check_api_key(company, api_key)
    with _refusing_doubles(), company_locked(company):
        row = CoperniqConnection.objects.select_for_update().filter(company=company).first()
        before = _state_label(row)
        if row is not None and not fits:
            row.proposed_api_key_encrypted = encrypt(api_key)
            row.save(update_fields=["proposed_api_key_encrypted"])
        else:
            row = _store_api_key(company, row, api_key, workflows)
        after = _state_label(row)
        log_action(company=company, user=user, verb="connect", target="Coperniq", before=before, after=after)
    resume_syncing(company)
    return row


@contextmanager
def _refusing_doubles() -> Iterator[None]:
    """Another company has stored the same key since it was checked."""
    try:
        yield
    except IntegrityError as error:
        raise KeyRefused(EngineMessage.COPERNIQ_ACCOUNT_IN_USE().text) from error


def _state_label(row: CoperniqConnection | None) -> str:
    if row is None:
        return ""
    return "Stopped: another Coperniq company answered" if row.awaits_decision else row.get_state_display()


def check_api_key(company: Company, api_key: str) -> tuple[list[Workflow], bool]:
    meter = CallMeter(company.pk)
    client = coperniq_client_with_key(api_key, meter)
    try:
        workflows = client.read_workflows()
        if any(
            _is_same_account(other, client, api_key, workflows)
            for other in CoperniqConnection.objects.live().exclude(company=company)
        ):
            raise KeyRefused(EngineMessage.COPERNIQ_ACCOUNT_IN_USE().text)
        return workflows, _is_same_company(company, client, api_key)
    except AccessLost as error:
        raise KeyRefused(EngineMessage.API_KEY_REFUSED().text) from error
    finally:
        meter.flush()


def _is_same_account(
    other: CoperniqConnection, client: CoperniqClient, api_key: str, workflows: Iterable[Workflow]
) -> bool:
    """True if the key is that of another connection, or one of the same Coperniq account.

    The API names no account (docs/vendors/coperniq-api.md, 2.2). Names change, so ids are compared: accounts that share
    none are different. Ids of separate accounts may coincide, so what is linked there decides between those that do: True
    as well if it decides nothing.
    """
    if _readable_key(other) == api_key:
        return True
    if not any(_has_ids_of(stored, read) for stored in other.workflows for read in workflow_rows(workflows)):
        return False
    meter = CallMeter(other.company_id)
    try:
        own = coperniq_client_with_key(_readable_key(other), meter)
        seen = [_is_same_record(link, client, own) for link in _latest_links(other.company)]
    finally:
        meter.flush()
    return True in seen or False not in seen


def _has_ids_of(stored: Mapping[str, Any], read: Mapping[str, Any]) -> bool:
    """The same id of the workflow and, unless one has no phases, of any phase."""
    phases, others = ({phase["id"] for phase in each["phases"]} for each in (stored, read))
    return bool(stored["id"] == read["id"] and (phases & others or not (phases and others)))


def _is_same_record(link: RecordLink, client: CoperniqClient, own: CoperniqClient) -> bool | None:
    """Whether both keys read one and the same record under the link's id; None if neither key can read it."""
    title = _title(client, link)
    if title and title == link.coperniq_name.strip():
        return True
    try:
        current = _title(own, link)
    except VendorError:
        current = link.coperniq_name.strip()
    if title is None and not current:
        return None
    return title == current


def _is_same_company(company: Company, client: CoperniqClient, api_key: str) -> bool:
    """True if one of the latest linked records can be read with the key.

    Also true if nothing is linked, or the key is the stored one: then linked records may have been deleted.
    """
    if _stored_api_key(company) == api_key:
        return True
    tried = [_title(client, link) is not None for link in _latest_links(company)]
    return any(tried) or not tried


def _stored_api_key(company: Company) -> str:
    """The stored key, or "" if there is none or it cannot be decrypted: entering it again repairs that."""
    row = CoperniqConnection.objects.filter(company=company).first()
    return _readable_key(row) if row else ""


def _readable_key(row: CoperniqConnection) -> str:
    try:
        return row.api_key
    except CredentialUnreadable:
        return ""


def _latest_links(company: Company) -> Iterable[RecordLink]:
    links = RecordLink.objects.filter(connection=QuickBooksConnection.objects.of(company))
    return links.filter(kind__in=(Kind.CUSTOMER, Kind.JOB)).order_by("-id")[:LINKS_TRIED]


def _title(client: CoperniqClient, link: RecordLink) -> str | None:
    """The title of the linked record now; None if the client cannot read it."""
    read = client.read_account if link.kind == Kind.CUSTOMER else client.read_project
    try:
        return read(link.coperniq_id).title.strip()
    except (RecordMissing, AccessLost):
        return None


def _store_api_key(
    company: Company, row: CoperniqConnection | None, api_key: str, workflows: Iterable[Workflow]
) -> CoperniqConnection:
    """Store a key as connected. The webhook token is kept, since its address has been entered in Coperniq."""
    if row is None:
        row = CoperniqConnection(company=company)
        row.issue_webhook_token()
        is_new = True
    else:
        is_new = _readable_key(row) != api_key
    if row.state != State.CONNECTED:
        row.connected_at = timezone.now()
    row.state, row.api_key_encrypted, row.proposed_api_key_encrypted = State.CONNECTED, encrypt(api_key), ""
    row.api_key_digest = digest(api_key)
    row.state_reason = ""
    row.poll_failures = 0
    row.workflows, row.workflows_read_at = workflow_rows(workflows), timezone.now()
    row.save()
    release_held(company)
    quickbooks_connection = QuickBooksConnection.objects.of(company)
    if is_new and quickbooks_connection is not None:
        CustomerListRead.request(quickbooks_connection, restart=True)
    return row


def workflow_rows(workflows: Iterable[Workflow]) -> list[dict[str, object]]:
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
        raise NotConnected(EngineMessage.COPERNIQ_NOT_CONNECTED().text)
    meter = CallMeter(company.pk)
    try:
        workflows = workflow_rows(coperniq_client(row, meter).read_workflows())
    finally:
        meter.flush()
    now = timezone.now()
    CoperniqConnection.objects.filter(pk=row.pk).update(workflows=workflows, workflows_read_at=now)
    return len(workflows)


def look_for_stages(company: Company) -> None:
    """Learn from the newest projects which workflows have stages. One call; raises VendorError."""
    row = CoperniqConnection.objects.filter(company=company, state=CoperniqConnection.State.CONNECTED).first()
    if row is None:
        return
    meter = CallMeter(company.pk)
    try:
        projects = coperniq_client(row, meter).list_newest_projects()
    finally:
        meter.flush()
    record_stages(row, projects)


def record_stages(connection: CoperniqConnection, projects: Iterable[Project]) -> None:
    """Store which workflows these projects show to have stages, and which to have phases by now."""
    staged = {project.workflow_id for project in projects if project.has_stage and project.workflow_id}
    phased = {project.workflow_id for project in projects if project.phase is not None}
    known = set(connection.stage_workflows)
    now = (known | staged) - phased
    if now != known:
        connection.stage_workflows = sorted(now)
        connection.save(update_fields=["stage_workflows"])


def replace_webhook_token(company: Company, user: User | None, shown: str = "") -> CoperniqConnection:
    """A new webhook address; the one before goes on for an hour. Raises NotConnected without a connection.

    `shown` is the version of the address that a page showed: once that is replaced, a second click changes nothing.
    """
    with company_locked(company):
        row = CoperniqConnection.objects.select_for_update().filter(company=company).first()
        if row is None:
            raise NotConnected(EngineMessage.COPERNIQ_NOT_CONNECTED().text)
        if shown and shown != row.webhook_version:
            return row
        row.replace_webhook_token()
        log_action(company=company, user=user, verb="replace the webhook address", target="Coperniq")
    return row


def keep_coperniq_company(company: Company, user: User) -> CoperniqConnection:
    with company_locked(company):
        row = _row_awaiting_decision(company)
        row.proposed_api_key_encrypted = ""
        row.save(update_fields=["proposed_api_key_encrypted"])
        release_held(company)
        log_action(company=company, user=user, verb="keep the Coperniq company", target="Coperniq API key")
    resume_syncing(company)
    return row


def switch_coperniq_company(company: Company, user: User) -> CoperniqConnection:
    """Switch to the Coperniq company of the proposed key; the links to the old company are archived.

    Raises NotConnected if there is no proposed key, or another one by now.
    """
    proposed = _row_awaiting_decision(company).proposed_api_key_encrypted
    workflows, _ = check_api_key(company, decrypt(proposed))
    with _refusing_doubles(), company_locked(company):
        row = _row_awaiting_decision(company)
        if row.proposed_api_key_encrypted != proposed:
            raise NotConnected(EngineMessage.API_KEY_REPLACED().text)
        row.projects_cursor_at, row.next_sweep_at = None, timezone.now()
        row = _store_api_key(company, row, decrypt(proposed), workflows)
        links = _replace_connection(company, row)
        target = f"{links} links to the former Coperniq company"
        log_action(company=company, user=user, verb="move to another Coperniq company", target=target)
    resume_syncing(company)
    return row


def _row_awaiting_decision(company: Company) -> CoperniqConnection:
    row = CoperniqConnection.objects.filter(company=company).exclude(proposed_api_key_encrypted="").first()
    if row is None:
        raise NotConnected(EngineMessage.MISMATCH_DECIDED_ALREADY().text)
    return row


def _replace_connection(company: Company, row: CoperniqConnection) -> int:
    """Replace the QuickBooks connection by a copy without links; returns the number of archived links.

    Only triggers whose phase exists in the new Coperniq company are copied.
    """
    old = QuickBooksConnection.objects.select_for_update().of(company)
    if old is None:
        return 0
    fresh = QuickBooksConnection.objects.get(pk=old.pk)
    fresh.pk, fresh._state.adding = None, True
    archive_connection(old)
    fresh.save()
    copy_settings(old, fresh, [trigger for trigger in old.triggers.all() if _has_phase(trigger, row)])
    return old.links.count()


def _has_phase(trigger: PhaseTrigger, row: CoperniqConnection) -> bool:
    return any(
        phase["id"] == trigger.phase_template_id
        for workflow in row.workflows
        if workflow["id"] == trigger.workflow_id
        for phase in workflow["phases"]
    )
