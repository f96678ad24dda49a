"""A company that moved to another QuickBooks company: ids are small numbers in both, and mean other records."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from integrations.models import InboundEvent, SyncRun
from tests.sync.office import Office
from tests.sync.two_way import open_both


def test_a_merge_in_the_earlier_books_is_none_in_these(office: Office) -> None:
    books = open_both(office)
    customer = next(row for row in books.money.books("Customer") if not row.get("Job"))
    other = office.simulator.in_books(office.realm, DisplayName="Mary")
    long_ago = timezone.now() - timedelta(days=200)
    InboundEvent.objects.create(
        company=office.company,
        source=InboundEvent.Source.QUICKBOOKS_WEBHOOK,
        key="long ago",
        name="merged",
        record_type="customer",
        record_id=other["Id"],
        detail={"deleted_id": customer["Id"]},
        received_at=long_ago,
        planned_at=long_ago,
        outcome=InboundEvent.Outcome.PLANNED,
    )
    books.money.edit_books("Customer", books.job_id, Active=False)
    books.money.edit_books("Customer", customer["Id"], Active=False)
    books.heard()
    assert not SyncRun.objects.held().exists()
