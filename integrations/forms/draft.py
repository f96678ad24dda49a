from __future__ import annotations

from typing import TypedDict

from integrations.models import (
    CoperniqConnection,
    FieldMapping,
    PhaseTrigger,
    QuickBooksConnection,
    SyncSettings,
)

# What the engine notes down beside the settings is not taken back by a person who saves them.
SET_HERE = (
    "matching_strategy", "link_same_named_job", "invoice_sync", "push_from", "on_declined", "on_archived",
    "closed_books", "memo_field", "fallback_item", "difference_item", "deposit_accounts", "owners",
    "on_quickbooks_void", "unknown_method",
)  # fmt: skip


class PhaseRow(TypedDict):
    id: str
    name: str


class WorkflowRow(TypedDict):
    """As `CoperniqConnection.workflows` keeps them."""

    id: str
    name: str
    phases: list[PhaseRow]


def stored_workflows(company_id: int) -> dict[str, WorkflowRow]:
    keyed = CoperniqConnection.objects.filter(company=company_id).first()
    return {row["id"]: row for row in keyed.workflows} if keyed else {}


class Draft:
    """The settings of one connection in memory: written freely, stored only when nothing in them is wrong."""

    def __init__(self, connection: QuickBooksConnection) -> None:
        self.connection = connection
        self.workflows = stored_workflows(connection.company_id)
        self.settings, _ = SyncSettings.objects.get_or_create(connection=connection)
        self.sources = dict(connection.mappings.values_list("quickbooks_field", "source"))
        self.triggers = {trigger.workflow_id: trigger for trigger in connection.triggers.all()}
        self.removed: dict[str, PhaseTrigger] = {}

    def phase_of(self, workflow_id: str, phase_id: str) -> PhaseRow | None:
        workflow = self.workflows.get(workflow_id)
        phases = workflow["phases"] if workflow else []
        return next((phase for phase in phases if phase["id"] == phase_id), None)

    def store(self) -> None:
        self.settings.save(update_fields=SET_HERE)
        for path, source in self.sources.items():
            FieldMapping.objects.update_or_create(
                connection=self.connection, quickbooks_field=path, defaults={"source": source}
            )
        for trigger in self.removed.values():
            if trigger.pk:
                trigger.delete()
        for trigger in self.triggers.values():
            trigger.save()
