"""A write that creates an entry of a shared list names the entry, not a record of Coperniq that does not exist."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import F, Q, Value
from django.db.models.functions import Replace

ENTITIES = ("Account", "PaymentMethod")
OPEN = Q(state__in=["prepared", "sent"], vendor="quickbooks")


def name_entries(apps, schema_editor):
    """`coperniq_id` was "Account: Coperniq Payments"."""
    writes = apps.get_model("integrations", "RemoteWrite").objects
    for entity in ENTITIES:
        prefix = f"{entity}: "
        writes.filter(entity=entity, coperniq_id__startswith=prefix).update(
            shared_entry_name=Replace(F("coperniq_id"), Value(prefix), Value("")), coperniq_id=""
        )


class Migration(migrations.Migration):
    dependencies = [("integrations", "0015_allocations")]

    operations = [
        migrations.RemoveConstraint("remotewrite", "one_open_write_per_record"),
        migrations.AddField("remotewrite", "shared_entry_name", models.CharField(blank=True, default="", max_length=80), preserve_default=False),
        migrations.RunPython(name_entries),
        migrations.AddConstraint(
            "remotewrite",
            models.UniqueConstraint(
                fields=["connection", "kind", "coperniq_id"],
                condition=OPEN & Q(shared_entry_name=""),
                name="one_open_write_per_record",
            ),
        ),
        migrations.AddConstraint(
            "remotewrite",
            models.UniqueConstraint(
                fields=["connection", "entity", "shared_entry_name"],
                condition=OPEN & ~Q(shared_entry_name=""),
                name="one_open_write_per_shared_entry",
            ),
        ),
    ]
