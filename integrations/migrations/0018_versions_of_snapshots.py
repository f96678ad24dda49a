"""Snapshots of invoices, payments and items get a version; the values are what they were."""

from __future__ import annotations

from django.db import migrations

KINDS = ("invoice", "payment", "item")


def versioned(snapshot):
    """An empty one has none. A field without a value is unknown, and is not stored."""
    known = {name: value for name, value in snapshot.items() if value is not None}
    return {"version": 1, **known} if snapshot else {}


def convert_links(apps, schema_editor):
    links = apps.get_model("integrations", "RecordLink").objects.filter(kind__in=KINDS)
    for link in links.only("coperniq_snapshot", "quickbooks_snapshot").iterator(chunk_size=500):
        link.coperniq_snapshot = versioned(link.coperniq_snapshot)
        link.quickbooks_snapshot = versioned(link.quickbooks_snapshot)
        link.save(update_fields=["coperniq_snapshot", "quickbooks_snapshot"])


def convert_writes(apps, schema_editor):
    writes = apps.get_model("integrations", "RemoteWrite").objects.filter(kind__in=KINDS)
    for write in writes.only("coperniq_snapshot", "response_data").iterator(chunk_size=500):
        write.coperniq_snapshot = versioned(write.coperniq_snapshot)
        quickbooks = write.response_data.get("quickbooks")
        if quickbooks is not None:
            quickbooks["snapshot"] = versioned(quickbooks["snapshot"])
        write.save(update_fields=["coperniq_snapshot", "response_data"])


class Migration(migrations.Migration):
    dependencies = [("integrations", "0017_preview_of_invoices")]

    operations = [migrations.RunPython(convert_links), migrations.RunPython(convert_writes)]
