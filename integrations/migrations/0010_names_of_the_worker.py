"""Columns, heartbeats and queued tasks of the worker get the standard terms; runs keep the parameters of their message.

A queued task only wakes a worker: what is due is in the rows, and the supervisor queues it again.
"""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


def delete_old_names(apps, schema_editor):
    apps.get_model("integrations", "Heartbeat").objects.filter(name__in=["pump", "canary", "clock"]).delete()
    apps.get_model("django_q", "OrmQ").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("django_q", "0007_ormq"),
        ("integrations", "0009_standard_names"),
    ]

    operations = [
        migrations.RenameField("companylease", "driver", "owner"),
        migrations.RenameField("companylease", "wake", "notify_count"),
        migrations.RenameField("coperniqconnection", "poll_driver", "poll_owner"),
        migrations.RenameField("quickbooksconnection", "changes_driver", "changes_owner"),
        migrations.RenameField("ratelimitstate", "seats", "slots"),
        migrations.RenameField("syncrun", "asked", "requested_count"),
        migrations.RenameField("syncrun", "answered", "executed_count"),
        migrations.AddField("syncrun", "message_parameters", models.JSONField(blank=True, default=dict)),
        migrations.RenameIndex("inboundevent", "events_received_since", old_name="events_told_since"),
        migrations.AlterModelOptions("callcount", options={"verbose_name_plural": "call counts"}),
        migrations.AlterModelOptions("eventcount", options={"verbose_name_plural": "event counts"}),
        migrations.AlterField(
            "externalpayment",
            "connection",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="external_payments", to="integrations.quickbooksconnection"
            ),
        ),
        migrations.AlterField(
            "lookuplist",
            "connection",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="lookup_lists", to="integrations.quickbooksconnection"
            ),
        ),
        migrations.AlterField(
            "polledinvoice",
            "connection",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="polled_invoices", to="integrations.coperniqconnection"
            ),
        ),
        migrations.RunPython(delete_old_names, migrations.RunPython.noop),
    ]
