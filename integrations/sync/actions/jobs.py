"""Coperniq project → QuickBooks job, a sub-customer under its account's customer."""

from __future__ import annotations

from dataclasses import replace

from integrations.coperniq.records import Project
from integrations.errors import Choice, Hold, InactiveReference, NameTaken, RecordMissing, Wait
from integrations.models import MatchingStrategy, Question, RecordLink, SyncRun
from integrations.quickbooks.records import Customer
from integrations.sync.actions.fields import strategy_for
from integrations.sync.actions.insisting import insist
from integrations.sync.actions.merges import wait_if_merged, wait_if_refused
from integrations.sync.actions.names import DISCARD, RETRY, first_free_name
from integrations.sync.actions.refusals import refused_names
from integrations.sync.desk import Desk
from integrations.sync.endings import Ending
from integrations.sync.mapping.people import is_same_name, job_name
from integrations.sync.matching import without_marker
from integrations.sync.plans import Change, Plan, PlannedWrite

PARENT = "ParentRef.value"


def plan(desk: Desk, run: SyncRun) -> Plan:
    project = read_project(desk, run)
    link = RecordLink.objects.pushed(desk.connection, "job", project.id)
    if link is None:
        return plan_new(desk, run, project)
    if link.coperniq_account_id != project.account_id:
        raise Hold(
            "project_moved",
            f"Project “{project.title}” was moved to another account in Coperniq. Its QuickBooks history stays "
            "where it is: move the job in QuickBooks by hand if it should follow, or leave it.",
            [RETRY, DISCARD],
        )
    return plan_linked(desk, run, project, link)


def apply(desk: Desk, run: SyncRun, planned: Plan) -> Ending:
    """Whoever has the name, for a job it does not matter: it goes on to the next number by itself."""
    try:
        return insist(desk, run, planned, plan, (NameTaken,))
    except NameTaken as error:
        raise Hold(
            "name_taken",
            f"QuickBooks uses the name “{planned.record_name}” and the next numbers behind it for other "
            "customers, vendors or employees. Rename those, or try the numbers after them.",
            [RETRY, DISCARD],
        ) from error
    except InactiveReference:
        wait_if_refused(desk, run, planned, PARENT)
        raise


def read_project(desk: Desk, run: SyncRun) -> Project:
    try:
        project = desk.recent_project(run.coperniq_id)
    except RecordMissing as error:
        raise missing_project(run.coperniq_id) from error
    if not project.account_id:
        raise project_without_account(project)
    run.record_name = project.title  # so that a hold can name it
    return project


def missing_project(project_id: str) -> Hold:
    return Hold(
        "project_missing",
        f"Coperniq does not show project {project_id} any more. "
        "Restore it, or give the API key's user access to it, then retry.",
        [RETRY, DISCARD],
    )


def project_without_account(project: Project) -> Hold:
    return Hold(
        "project_without_account",
        f"Project “{project.title}” has no account in Coperniq, so there is no customer to put its job under. "
        "Give it an account, then retry.",
        [RETRY, DISCARD],
    )


def plan_new(desk: Desk, run: SyncRun, project: Project) -> Plan:
    parent = RecordLink.objects.pushed(desk.connection, "customer", project.account_id)
    if parent is None and not (run.preview and Question.PREVIEW not in run.decisions):
        raise Wait(
            "waits_for_customer",
            f"Waiting for the customer of “{project.title}” to be linked to QuickBooks.",
            kind="customer",
            coperniq_id=project.account_id,
        )
    name = job_name(project)
    parent_id = parent.quickbooks_id if parent else f"customer:{project.account_id}"
    if parent is not None and desk.settings.link_same_named_job:
        existing = find_same_job(desk, name, parent_id)
        if existing is not None:
            return linked_plan(project, existing, RecordLink.Rule.NAME)
    return create_plan(project, free_name(desk, run, name), parent_id)


def create_plan(project: Project, name: str, parent_id: str) -> Plan:
    values = {"DisplayName": name, "Job": True, PARENT: parent_id, "BillWithParent": True}
    changes = (
        Change("DisplayName", "", name),
        Change("Job", "", "true"),
        Change("BillWithParent", "", "true"),
    )
    return Plan(
        record_name=name,
        rule="created",
        write=PlannedWrite(
            "create", "Customer", values, changes, stands_for={PARENT: f"customer:{project.account_id}"}
        ),
        coperniq_image=image_of(project),
        number=project.number,
        amount_cents=project.value_cents,
    )


def free_name(desk: Desk, run: SyncRun, name: str, own_id: str = "") -> str:
    """Without a look-up, unless the name has to be known beforehand: QuickBooks itself says if it is taken."""
    if run.preview or refused_names(run):
        return first_free_name(desk, run, name, own_id=own_id)
    return name


def find_same_job(desk: Desk, name: str, parent_id: str) -> Customer | None:
    for found in desk.quickbooks.find_customers_named([name]):
        linked = RecordLink.objects.of(desk.connection, "job").filter(quickbooks_id=found.id)
        if found.is_job and found.is_active and found.parent_id == parent_id and not linked.exists():
            return found
    return None


def plan_linked(desk: Desk, run: SyncRun, project: Project, link: RecordLink) -> Plan:
    try:
        job = desk.quickbooks.read_customer(link.quickbooks_id)
    except RecordMissing as error:
        wait_if_merged(desk, run, link.quickbooks_id)
        raise Hold(
            "job_missing",
            f"QuickBooks does not know the linked job “{link.quickbooks_name}” any more. "
            "Look for it in QuickBooks, then retry.",
            [RETRY, DISCARD],
        ) from error
    reactivate = Choice(f"reactivate:{job.id}", "Make it active again", Question.INACTIVE_JOB)
    if not job.is_active and not run.has_taken(reactivate):
        wait_if_merged(desk, run, link.quickbooks_id)
        raise Hold(
            "job_inactive",
            f"The QuickBooks job “{job.values['DisplayName']}” is inactive. "
            "Make it active again here or in QuickBooks.",
            [reactivate, RETRY, DISCARD],
        )
    planned = linked_plan(project, job, link.rule, update_of(desk, run, project, job, link))
    return replace(planned, quickbooks_part=link.quickbooks_part)


def update_of(
    desk: Desk, run: SyncRun, project: Project, job: Customer, link: RecordLink
) -> PlannedWrite | None:
    """Its name, where that is ours to change; and that it is active again, where a person chose so."""
    current = job.values["DisplayName"]
    name = before = current if job.is_active else without_marker(current)
    if not is_same_name(job_name(project), before) and may_rename(desk, link, before):
        name = job_name(project)
    if job.is_active and name == current:
        return None
    name = free_name(desk, run, name, job.id)
    values: dict[str, object] = {"DisplayName": name}
    changes = [Change("DisplayName", current, name)]
    if not job.is_active:
        values["Active"] = True
        changes.append(Change("Active", "false", "true"))
    return PlannedWrite("update", "Customer", values, tuple(changes), job.id, job.sync_token)


def may_rename(desk: Desk, link: RecordLink, current: str) -> bool:
    strategy = strategy_for(desk, link)
    if strategy == MatchingStrategy.ENRICH:
        return bool(link.written.get("DisplayName") == current)
    return strategy == MatchingStrategy.REPLACE


def linked_plan(project: Project, job: Customer, rule: str, write: PlannedWrite | None = None) -> Plan:
    return Plan(
        record_name=job_name(project),
        rule=rule,
        write=write,
        quickbooks_id=job.id,
        quickbooks_name=job.values["DisplayName"],
        quickbooks_version=job.sync_token,
        quickbooks_at=job.updated_at,
        quickbooks_image=job.image,
        coperniq_image=image_of(project),
        number=project.number,
        amount_cents=project.value_cents,
    )


def image_of(project: Project) -> dict[str, object]:
    return {
        "title": project.title,
        "number": project.number,
        "value_cents": project.value_cents,
        "size_kw": str(project.size_kw) if project.size_kw is not None else "",
        "account_id": project.account_id,
    }
