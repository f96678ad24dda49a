"""Coperniq project → QuickBooks job, a sub-customer under its account's customer."""

from __future__ import annotations

from dataclasses import replace

from integrations.coperniq.records import Project
from integrations.errors import Hold, NameTaken, RecordMissing, Wait
from integrations.models import MatchingStrategy, RecordLink, SyncRun
from integrations.quickbooks.records import Customer
from integrations.sync.actions.names import DISCARD, RETRY, first_free_name
from integrations.sync.desk import Desk
from integrations.sync.endings import Ending
from integrations.sync.mapping import is_same_name, job_name
from integrations.sync.plans import Change, Plan, PlannedWrite
from integrations.sync.writing import carry_out

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
    return plan_linked(desk, project, link)


def apply(desk: Desk, run: SyncRun, planned: Plan) -> Ending:
    try:
        return carry_out(desk, run, planned)
    except NameTaken as error:
        if run.preview:
            raise Hold(
                "name_taken",
                f"QuickBooks meanwhile uses the name “{planned.record_name}” for something else.",
                [RETRY, DISCARD],
            ) from error
    return carry_out(desk, run, plan_beside_taken(desk, planned))


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
    """Without a look-up, unless the name has to be known beforehand: QuickBooks itself says if it is taken."""
    parent = RecordLink.objects.pushed(desk.connection, "customer", project.account_id)
    if parent is None and not (run.preview and not run.released_plan):
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
    if run.preview:
        name = first_free_name(desk, name)
    return create_plan(project, name, parent_id)


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


def plan_beside_taken(desk: Desk, planned: Plan) -> Plan:
    """The name is taken, by whom does not matter for a job: `#2`, `#3` … goes behind it."""
    assert planned.write is not None  # only a write meets a taken name
    name = first_free_name(desk, planned.record_name, start=2)
    values = {**planned.write.values, "DisplayName": name}
    changes = (replace(planned.write.changes[0], after=name), *planned.write.changes[1:])
    return replace(planned, write=replace(planned.write, values=values, changes=changes))


def find_same_job(desk: Desk, name: str, parent_id: str) -> Customer | None:
    for found in desk.quickbooks.find_customers_named([name]):
        linked = RecordLink.objects.of(desk.connection, "job").filter(quickbooks_id=found.id)
        if found.is_job and found.is_active and found.parent_id == parent_id and not linked.exists():
            return found
    return None


def plan_linked(desk: Desk, project: Project, link: RecordLink) -> Plan:
    try:
        job = desk.quickbooks.read_customer(link.quickbooks_id)
    except RecordMissing as error:
        raise Hold(
            "job_missing",
            f"QuickBooks does not know the linked job “{link.quickbooks_name}” any more. "
            "Look for it in QuickBooks, then retry.",
            [RETRY, DISCARD],
        ) from error
    name, current = job_name(project), job.values["DisplayName"]
    if is_same_name(name, current) or not may_rename(desk, link, current):
        return linked_plan(project, job, link.rule)
    change = Change("DisplayName", current, name)
    write = PlannedWrite("update", "Customer", {"DisplayName": name}, (change,), job.id, job.sync_token)
    return linked_plan(project, job, link.rule, write)


def may_rename(desk: Desk, link: RecordLink, current: str) -> bool:
    strategy = desk.settings.matching_strategy
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
        quickbooks_image=job.values,
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
