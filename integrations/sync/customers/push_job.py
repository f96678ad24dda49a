"""Push a Coperniq project as a QuickBooks job, a sub-customer of its account's customer."""

from __future__ import annotations

from dataclasses import replace

from integrations.coperniq.records import Project
from integrations.errors import BlockedBy, Choice, InactiveReference, NameTaken, NeedsDecision, RecordMissing
from integrations.messages.choices import ChoiceLabel
from integrations.messages.customers import CustomerMessage
from integrations.models import Kind, MatchingStrategy, Question, RecordLink, SyncRun
from integrations.models.sync_state import CustomerState
from integrations.name_matching import canonical_name
from integrations.quickbooks.records import Customer
from integrations.sync.customers.customer_index import find_customers_spelled_alike
from integrations.sync.customers.fields import strategy_of
from integrations.sync.customers.links import missing_in_quickbooks
from integrations.sync.customers.mapping import is_same_name, job_name
from integrations.sync.customers.matching import open_balance_text
from integrations.sync.customers.merge_detection import wait_if_merged, wait_if_refused
from integrations.sync.customers.naming import (
    RENAME_WITH_NAME,
    WITH_NAME,
    find_free_name,
    typed_name,
    without_inactive_suffix,
)
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Change, Plan, PlannedWrite, RunResult
from integrations.sync.engine.refused_writes import refused_names
from integrations.sync.engine.replan import execute_or_replan

_PARENT = "ParentRef.value"


def plan(ctx: SyncContext, run: SyncRun) -> Plan:
    project = _read_project(ctx, run)
    link = RecordLink.objects.pushed(ctx.connection, Kind.JOB, project.id)
    if link is None:
        return _plan_new_job(ctx, run, project)
    if link.coperniq_account_id != project.account_id:
        raise NeedsDecision(CustomerMessage.PROJECT_MOVED(project=project.title), [RETRY, DISCARD])
    return _plan_linked_job(ctx, run, project, link)


def apply(ctx: SyncContext, run: SyncRun, planned: Plan) -> RunResult:
    """A job whose name is taken gets the next free number without asking."""
    try:
        return execute_or_replan(ctx, run, planned, plan, (NameTaken,))
    except NameTaken as error:
        message = CustomerMessage.JOB_NAME_TAKEN(name=planned.record_name)
        named = WITH_NAME if not planned.quickbooks_id else RENAME_WITH_NAME
        raise NeedsDecision(message, [named, RETRY, DISCARD]) from error
    except InactiveReference:
        wait_if_refused(ctx, planned, _PARENT)
        raise


def _read_project(ctx: SyncContext, run: SyncRun) -> Project:
    try:
        project = ctx.recent_project(run.coperniq_id)
    except RecordMissing as error:
        raise missing_project(run.coperniq_id) from error
    if not project.account_id:
        raise project_without_account(project)
    run.record_name = project.title  # a question shows it
    return project


def missing_project(project_id: str) -> NeedsDecision:
    return NeedsDecision(CustomerMessage.PROJECT_MISSING(project=project_id), [RETRY, DISCARD])


def project_without_account(project: Project) -> NeedsDecision:
    return NeedsDecision(CustomerMessage.PROJECT_WITHOUT_ACCOUNT(project=project.title), [RETRY, DISCARD])


def _plan_new_job(ctx: SyncContext, run: SyncRun, project: Project) -> Plan:
    parent = RecordLink.objects.pushed(ctx.connection, Kind.CUSTOMER, project.account_id)
    if parent is None and not (run.preview and Question.PREVIEW not in run.decisions):
        raise BlockedBy(
            CustomerMessage.WAITS_FOR_CUSTOMER(project=project.title),
            kind=Kind.CUSTOMER,
            coperniq_id=project.account_id,
        )
    name = typed_name(run) or job_name(project)
    parent_id = parent.quickbooks_id if parent else f"customer:{project.account_id}"
    if parent is not None and ctx.settings.link_same_named_job:
        existing = _find_same_named_job(ctx, name, parent_id)
        if existing is not None:
            return _plan_job_link(project, existing, RecordLink.MatchMethod.NAME)
    planned = _plan_job_create(project, _find_job_name(ctx, run, name), parent_id)
    return replace(planned, state=CustomerState(keeps_name=True)) if typed_name(run) else planned


def _plan_job_create(project: Project, name: str, parent_id: str) -> Plan:
    values = {"DisplayName": name, "Job": True, _PARENT: parent_id, "BillWithParent": True}
    changes = (
        Change("DisplayName", "", name),
        Change("Job", "", "true"),
        Change("BillWithParent", "", "true"),
    )
    return Plan(
        record_name=name,
        match_method="created",
        write=PlannedWrite(
            "create", "Customer", values, changes, stands_for={_PARENT: f"customer:{project.account_id}"}
        ),
        coperniq_snapshot=_job_snapshot(project),
        number=project.number,
        amount_cents=project.value_cents,
    )


def _find_job_name(ctx: SyncContext, run: SyncRun, name: str, own_id: str = "") -> str:
    """Searches only for a preview, which shows the name, or after a refusal; else QuickBooks refuses a taken name."""
    if ctx.is_preview or refused_names(run):
        return find_free_name(ctx, run, name, own_id=own_id)
    return name


def _find_same_named_job(ctx: SyncContext, name: str, parent_id: str) -> Customer | None:
    """The unlinked job with this name; of several that only look alike none, since nothing says which one is meant."""
    alike = [
        found
        for found in find_customers_spelled_alike(ctx, name)
        if found.is_active
        and found.parent_id == parent_id
        and canonical_name(found.values["DisplayName"]) == canonical_name(name)
    ]
    linked = RecordLink.objects.of(ctx.connection, Kind.JOB).filter(
        quickbooks_id__in=[job.id for job in alike]
    )
    taken = set(linked.values_list("quickbooks_id", flat=True))
    free = [job for job in alike if job.id not in taken]
    exact = [job for job in free if job.values["DisplayName"] == name]
    return next(iter(exact or free), None) if exact or len(free) == 1 else None


def _plan_linked_job(ctx: SyncContext, run: SyncRun, project: Project, link: RecordLink) -> Plan:
    try:
        job = ctx.quickbooks.read_customer(link.quickbooks_id)
    except RecordMissing as error:
        wait_if_merged(ctx, link.quickbooks_id)
        raise missing_in_quickbooks(link) from error
    reactivate = Choice(f"reactivate:{job.id}", ChoiceLabel.REACTIVATE_JOB(), Question.INACTIVE_JOB)
    if not job.is_active and not run.has_taken(reactivate):
        wait_if_merged(ctx, link.quickbooks_id)
        message = CustomerMessage.JOB_INACTIVE(job=job.values["DisplayName"], balance=open_balance_text(job))
        raise NeedsDecision(message, [reactivate, RETRY, DISCARD])
    planned = _plan_job_link(project, job, link.match_method, _plan_job_update(ctx, run, project, job, link))
    if typed_name(run) and planned.write is not None:
        planned = replace(planned, state=replace(link.customer_state, keeps_name=True))
    return planned


def _plan_job_update(
    ctx: SyncContext, run: SyncRun, project: Project, job: Customer, link: RecordLink
) -> PlannedWrite | None:
    """Its name, if the matching strategy lets the portal change it, and its reactivation, if a person chose that."""
    current = job.values["DisplayName"]
    name = before = current if job.is_active else without_inactive_suffix(current)
    if not is_same_name(job_name(project), before) and _may_rename(ctx, link, before):
        name = typed_name(run) or job_name(project)
    if job.is_active and name == current:
        return None
    name = _find_job_name(ctx, run, name, job.id)
    values: dict[str, object] = {"DisplayName": name}
    changes = [Change("DisplayName", current, name)]
    if not job.is_active:
        values["Active"] = True
        changes.append(Change("Active", "false", "true"))
    return PlannedWrite("update", "Customer", values, tuple(changes), job.id, job.sync_token)


def _may_rename(ctx: SyncContext, link: RecordLink, current: str) -> bool:
    if link.customer_state.keeps_name:
        return False
    strategy = strategy_of(ctx, link)
    if strategy == MatchingStrategy.ENRICH:
        return link.customer_state.written_values.get("DisplayName") == current
    return strategy == MatchingStrategy.REPLACE


def _plan_job_link(
    project: Project, job: Customer, match_method: str, write: PlannedWrite | None = None
) -> Plan:
    return Plan(
        record_name=job_name(project),
        match_method=match_method,
        write=write,
        quickbooks_id=job.id,
        quickbooks_name=job.values["DisplayName"],
        quickbooks_version=job.sync_token,
        quickbooks_at=job.updated_at,
        quickbooks_snapshot=job.image,
        coperniq_snapshot=_job_snapshot(project),
        number=project.number,
        amount_cents=project.value_cents,
    )


def _job_snapshot(project: Project) -> dict[str, object]:
    return {
        "title": project.title,
        "number": project.number,
        "value_cents": project.value_cents,
        "size_kw": str(project.size_kw) if project.size_kw is not None else "",
        "account_id": project.account_id,
    }
