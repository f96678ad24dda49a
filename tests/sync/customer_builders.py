"""Situations that several files of tests begin with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from integrations.models import CompanyLease, RemoteWrite, SyncRun
from tests.portal_harness import PortalHarness

JOHN: dict[str, Any] = {"primaryEmail": "john@example.com"}
EMAIL: dict[str, Any] = {"PrimaryEmailAddr": {"Address": "john@example.com"}}
LEASE = timedelta(seconds=15)


def entered(office: PortalHarness, **fields: Any) -> dict[str, Any]:
    """John's project is in the trigger phase, and nobody has looked yet."""
    project = office.project(office.account("John Smith", **{**JOHN, **fields}))
    office.enter(project)
    return project


def pushed(office: PortalHarness, **fields: Any) -> dict[str, Any]:
    project = entered(office, **fields)
    office.work()
    return project


def enter_again(office: PortalHarness, project: dict[str, Any]) -> None:
    office.simulator.control("clock", {"shift_seconds": 60})
    office.enter(project, "Billing")
    office.enter(project)


def change_account(office: PortalHarness, **fields: Any) -> None:
    office.simulator.change("accounts", office.link("customer").coperniq_id, **fields)


def push_customer_meeting(office: PortalHarness, fault: str) -> None:
    """The entry is noticed; then the customer is written, and its POST meets the fault."""
    office.work_once()
    office.simulator.fault(fault, method="POST", path="/customer", times=1)
    office.work_once()


def create_never_arrived(office: PortalHarness) -> dict[str, Any]:
    project = entered(office)
    push_customer_meeting(office, "refuse_connection_before")
    return project


def update_met(office: PortalHarness, fault: str, **fields: Any) -> dict[str, Any]:
    """John's account changed, and the update of his customer is what the fault happened to."""
    project = pushed(office)
    change_account(office, **fields)
    enter_again(office, project)
    push_customer_meeting(office, fault)
    return project


def sent_long_ago() -> None:
    RemoteWrite.objects.open().update(sent_at=timezone.now() - timedelta(hours=3))


def about_to_push(office: PortalHarness) -> tuple[CompanyLease, SyncRun]:
    """A lease this test drives, and the customer's run, which comes up next."""
    office.enter(office.project(office.account()))
    office.work_once()
    lease = CompanyLease.objects.get()
    assert lease.take(timezone.now(), LEASE)
    return lease, SyncRun.objects.get(action="push_customer")


def take_over(*_: object) -> None:
    """Another pump takes every lease."""
    CompanyLease.objects.update(fence=F("fence") + 1)


def held_customer(office: PortalHarness) -> SyncRun:
    return SyncRun.objects.held().get(kind="customer")
