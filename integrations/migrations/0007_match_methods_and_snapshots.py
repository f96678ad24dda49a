from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("integrations", "0006_drop_decision_text")]

    operations = [
        migrations.RenameField("recordlink", "rule", "match_method"),
        migrations.RenameField("recordlink", "coperniq_image", "coperniq_snapshot"),
        migrations.RenameField("recordlink", "quickbooks_image", "quickbooks_snapshot"),
        migrations.RenameField("remotewrite", "rule", "match_method"),
        migrations.RenameField("remotewrite", "coperniq_image", "coperniq_snapshot"),
    ]
