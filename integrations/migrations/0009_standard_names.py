"""Models, columns and states get the standard terms: lease, external payment, encrypted, archived."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


def archive(apps, schema_editor):
    connections = apps.get_model("integrations", "QuickBooksConnection").objects
    connections.filter(state="sealed").update(state="archived")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_audit_log"), ("integrations", "0008_texts_of_the_settings")]

    operations = [
        migrations.RenameModel("Lane", "CompanyLease"),
        migrations.RenameModel("CallPace", "RateLimitState"),
        migrations.RenameModel("SeenInvoice", "PolledInvoice"),
        migrations.RenameModel("ForeignPayment", "ExternalPayment"),
        migrations.RenameModel("ReferenceList", "LookupList"),
        migrations.RenameModel("EventTally", "EventCount"),
        migrations.RenameModel("CallTally", "CallCount"),
        migrations.RenameField("coperniqconnection", "api_key_sealed", "api_key_encrypted"),
        migrations.RenameField("coperniqconnection", "proposed_api_key_sealed", "proposed_api_key_encrypted"),
        migrations.RenameField("coperniqconnection", "webhook_token_sealed", "webhook_token_encrypted"),
        migrations.RenameField("quickbooksconnection", "access_token_sealed", "access_token_encrypted"),
        migrations.RenameField("quickbooksconnection", "refresh_token_sealed", "refresh_token_encrypted"),
        migrations.RenameField("remotewrite", "body_sealed", "body_encrypted"),
        migrations.AlterField(
            model_name='companylease',
            name='company',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='lease', to='accounts.company'),
        ),
        migrations.AlterField(
            model_name='quickbooksconnection',
            name='state',
            field=models.CharField(choices=[('connected', 'Connected'), ('needs_authorization', 'Needs re-authorization'), ('guarded', 'Stopped: another QuickBooks company answered'), ('disconnected', 'Disconnected'), ('proposed', 'Waiting for a decision'), ('archived', 'Archived')], default='connected', max_length=20),
        ),
        migrations.RunPython(archive),
    ]
