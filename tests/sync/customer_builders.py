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


def entered(portal: PortalHarness, **fields: Any) -> dict[str, Any]:
    """John's project is in the trigger phase, and nobody has looked yet."""
    project = portal.project(portal.account("John Smith", **{**JOHN, **fields}))
    portal.enter(project)
    return project


def pushed(portal: PortalHarness, **fields: Any) -> dict[str, Any]:
    project = entered(portal, **fields)
    portal.work()
    return project


def enter_again(portal: PortalHarness, project: dict[str, Any]) -> None:
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.enter(project, "Billing")
    portal.enter(project)


def change_account(portal: PortalHarness, **fields: Any) -> None:
    portal.simulator.change("accounts", portal.link("customer").coperniq_id, **fields)


def push_customer_meeting(portal: PortalHarness, fault: str) -> None:
    """The entry is noticed; then the customer is written, and its POST meets the fault."""
    portal.work_once()
    portal.simulator.fault(fault, method="POST", path="/customer", times=1)
    portal.work_once()


def create_never_arrived(portal: PortalHarness) -> dict[str, Any]:
    project = entered(portal)
    push_customer_meeting(portal, "refuse_connection_before")
    return project


def update_met(portal: PortalHarness, fault: str, **fields: Any) -> dict[str, Any]:
    """John's account changed, and the update of his customer is what the fault happened to."""
    project = pushed(portal)
    change_account(portal, **fields)
    enter_again(portal, project)
    push_customer_meeting(portal, fault)
    return project


def sent_long_ago() -> None:
    RemoteWrite.objects.open().update(sent_at=timezone.now() - timedelta(hours=3))


def about_to_push(portal: PortalHarness) -> tuple[CompanyLease, SyncRun]:
    """A lease this test drives, and the customer's run, which comes up next."""
    portal.enter(portal.project(portal.account()))
    portal.work_once()
    lease = CompanyLease.objects.get()
    assert lease.take(timezone.now(), LEASE)
    return lease, SyncRun.objects.get(action="push_customer")


def take_over(*_: object) -> None:
    """Another worker takes every lease."""
    CompanyLease.objects.update(fence=F("fence") + 1)


def held_customer(portal: PortalHarness) -> SyncRun:
    return SyncRun.objects.held().get(kind="customer")
