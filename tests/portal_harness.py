"""A company of the portal, connected on both sides to the simulator, with one trigger; and its engine, step by step."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.utils import timezone

from accounts.models import Company
from integrations.connections.tokens import oauth_app, token_values
from integrations.models import (
    CompanyLease,
    CoperniqConnection,
    FieldMapping,
    Heartbeat,
    PhaseTrigger,
    QuickBooksConnection,
    RecordLink,
    SyncLogEntry,
    SyncRun,
    SyncSettings,
)
from integrations.models.encryption import encrypt
from integrations.quickbooks import oauth
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.executor import run_once
from integrations.sync.engine.scheduler import next_runs, run_company
from integrations.sync.engine.worker import WorkerLoop, find_due_leases
from integrations.sync.ingest.coperniq_projects import due_coperniq_polls
from integrations.sync.ingest.events import follow_up, receive_coperniq
from integrations.sync.ingest.router import route_pending_events
from integrations.sync_schedule import due_syncs
from integrations.tasks import PERIODIC_JOBS, route_events
from tests.simulation import API_KEY, Simulation

CALLBACK = "http://127.0.0.1:8000/integrations/quickbooks/callback/"


@dataclass
class PortalHarness:
    simulator: Simulation
    company: Company
    coperniq: CoperniqConnection
    quickbooks: QuickBooksConnection
    workflow: dict[str, Any]
    trigger: PhaseTrigger

    @property
    def realm(self) -> str:
        return self.quickbooks.realm_id

    @property
    def phases(self) -> dict[str, int]:
        return {phase["name"]: phase["id"] for phase in self.workflow["phases"]}

    def account(self, title: str = "John Smith", **fields: Any) -> dict[str, Any]:
        values = {"title": title, "address": ["1 Main St, Austin, TX 78701"], **fields}
        return self.simulator.make("accounts", **values)

    def project(
        self, account: dict[str, Any] | None, title: str = "John Smith", **fields: Any
    ) -> dict[str, Any]:
        values: dict[str, Any] = {
            "title": title,
            "address": ["1 Main St, Austin, TX 78701"],
            "workflowId": self.workflow["id"],
            **fields,
        }
        if account is not None:
            values["accountId"] = account["id"]
        return self.simulator.make("projects", **values)

    def enter(self, project: dict[str, Any], phase: str = "Installation") -> None:
        """The project starts the phase, and Coperniq rings once."""
        self.simulator.start_phase(project["id"], self.phases[phase])
        self.ring(project, phase)

    def ring(self, project: dict[str, Any], phase: str = "Installation", event_id: int | None = None) -> None:
        body = {
            "event": {
                "eventId": event_id or time.monotonic_ns(),
                "recordId": project["id"],
                "triggerKey": "PROJECT_PHASE_STARTED",
                "firedAt": timezone.now().isoformat(),
                "phaseTemplateId": self.phases[phase],
            },
            "record": {"id": project["id"], "type": "PROJECT"},
        }
        receive_coperniq(self.coperniq, json.dumps(body).encode())
        follow_up()

    def work(self, *, polls: bool = False, pauses: bool = False) -> None:
        """What the worker does, in this thread, until nothing is due. `pauses` are waited out without waiting."""
        for _ in range(30):
            if polls:
                for job in due_coperniq_polls():
                    job()
            route_pending_events()
            due_syncs()
            if not pauses:
                SyncRun.objects.ignore_pauses()
            leases = list(find_due_leases())
            if not leases:
                return
            for lease in leases:
                if lease.take(timezone.now(), timedelta(seconds=settings.LEASE_SECONDS)):
                    run_company(lease, time.monotonic() + 20)
        raise AssertionError("the engine does not come to rest")

    def work_once(self) -> None:
        """Exactly one run: where a test wants to look in between."""
        route_pending_events()
        SyncRun.objects.ignore_pauses()
        lease = CompanyLease.objects.get(company=self.company)
        assert lease.take(timezone.now(), timedelta(seconds=settings.LEASE_SECONDS))
        run = next(iter(next_runs(lease)), None)
        assert run is not None, "nothing is due"
        run_once(SyncContext(lease, run.connection), run)
        lease.release()

    def customer(self, **wanted: Any) -> dict[str, Any]:
        found = self.customers(**wanted)
        assert len(found) == 1, f"{len(found)} customers are {wanted}: {self.simulator.customers(self.realm)}"
        return found[0]

    def customers(self, **wanted: Any) -> list[dict[str, Any]]:
        rows = self.simulator.customers(self.realm)
        return [row for row in rows if all(row.get(name) == value for name, value in wanted.items())]

    def held(self) -> SyncRun:
        return SyncRun.objects.held().get()

    def decide(self, choice: str, run: SyncRun | None = None) -> None:
        assert (run or self.held()).decide(choice)
        self.work()

    def log(self) -> list[str]:
        return [f"{row.outcome}: {row.sentence}" for row in SyncLogEntry.objects.order_by("id")]

    def link(self, kind: str) -> RecordLink:
        return RecordLink.objects.get(kind=kind)

    def quickbooks_calls(self, *, write: bool | None = None) -> list[str]:
        return [f"{call['method']} {call['path']}" for call in self.simulator.log("quickbooks", write=write)]


def execute_due() -> int:
    """What a worker loop does that does not stay."""
    return WorkerLoop(PERIODIC_JOBS, on_wakeup=route_events).run()


def open_portal(
    simulator: Simulation, slug: str = "brightfield", api_key: str = API_KEY, **books: Any
) -> PortalHarness:
    company = Company.objects.create(name=slug.title(), slug=slug, time_zone="America/Denver")
    simulator.coperniq(company.name, api_key)
    realm = simulator.books(f"{company.name} Books", **books)
    coperniq = CoperniqConnection(company=company, api_key_encrypted=encrypt(api_key))
    coperniq.issue_webhook_token()
    coperniq.save()
    quickbooks = connect_quickbooks(simulator, company, realm)
    workflow = simulator.make(
        "workflows",
        api_key,
        name="Solar",
        phases=[{"name": name, "type": "PHASE"} for name in ("Welcome", "Installation", "Billing")],
    )
    phase = next(phase for phase in workflow["phases"] if phase["name"] == "Installation")
    trigger = PhaseTrigger.objects.create(
        connection=quickbooks,
        workflow_id=str(workflow["id"]),
        workflow_name="Solar",
        phase_template_id=str(phase["id"]),
        phase_name="Installation",
        saved_at=timezone.now() - timedelta(minutes=1),
    )
    simulator.forget_log()
    Heartbeat.record(Heartbeat.WORKER_LOOP)
    return PortalHarness(simulator, company, coperniq, quickbooks, workflow, trigger)


def connect_quickbooks(simulator: Simulation, company: Company, realm: str) -> QuickBooksConnection:
    tokens = tokens_for(simulator, realm)
    row = QuickBooksConnection.objects.create(
        company=company, realm_id=realm, company_name=f"{company.name} Books", home_currency="USD"
    )
    QuickBooksConnection.objects.filter(pk=row.pk).update(**token_values(tokens))
    SyncSettings.objects.create(connection=row)
    FieldMapping.objects.bulk_create(
        FieldMapping(connection=row, quickbooks_field=path, source=source)
        for path, source in FieldMapping.DEFAULTS.items()
    )
    CompanyLease.notify(company.pk)
    row.refresh_from_db()
    return row


def tokens_for(simulator: Simulation, realm: str) -> oauth.Tokens:
    app = oauth_app()
    address = oauth.authorize_url(app, redirect_uri=CALLBACK, state="any")
    back = parse_qs(urlsplit(simulator.authorize(address, realm)).query)
    return oauth.exchange_code(app, code=back["code"][0], redirect_uri=CALLBACK)
