"""`quickbooks_part` meant two things: the invoice that a payment is allocated to, or a customer's link after a merge."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q, Value

MODELS = ("recordlink", "remotewrite", "syncrun")
CONSTRAINTS = {
    "recordlink": "one_link_per_quickbooks_record",
    "remotewrite": "one_open_write_to_coperniq",
    "syncrun": "one_open_pull_per_record",
}
MERGED = "merged "


def separate(apps, schema_editor):
    for name in MODELS:
        rows = apps.get_model("integrations", name).objects.filter(allocation_invoice_id__startswith=MERGED)
        rows.update(allocation_invoice_id="", **({"is_additional": Value(True)} if name == "recordlink" else {}))


class Migration(migrations.Migration):
    dependencies = [("integrations", "0014_data_of_writes")]

    operations = [
        *(migrations.RemoveConstraint(model, name) for model, name in CONSTRAINTS.items()),
        *(migrations.RenameField(model, "quickbooks_part", "allocation_invoice_id") for model in MODELS),
        migrations.AddField("recordlink", "is_additional", models.BooleanField(default=False)),
        migrations.RunPython(separate),
        migrations.AddConstraint(
            "recordlink",
            models.UniqueConstraint(
                fields=["connection", "kind", "quickbooks_id", "allocation_invoice_id"],
                condition=~Q(kind="item") & Q(is_additional=False),
                name="one_link_per_quickbooks_record",
            ),
        ),
        migrations.AddConstraint(
            "remotewrite",
            models.UniqueConstraint(
                fields=["connection", "kind", "quickbooks_id", "allocation_invoice_id"],
                condition=Q(state__in=["prepared", "sent"], vendor="coperniq"),
                name="one_open_write_to_coperniq",
            ),
        ),
        migrations.AddConstraint(
            "syncrun",
            models.UniqueConstraint(
                fields=["connection", "action", "quickbooks_id", "allocation_invoice_id"],
                condition=Q(state__in=["queued", "running", "waiting", "held"], direction="pull"),
                name="one_open_pull_per_record",
            ),
        ),
        migrations.AddIndex(
            "recordlink",
            models.Index(fields=["connection", "kind", "quickbooks_id"], name="links_to_a_record"),
        ),
    ]
