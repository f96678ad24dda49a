"""A person's answers become rows, each to a question of its own.

They were one string of at most 120 characters beside the run, in which "release" answered eight questions.
"""

from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("integrations", "0003_two_way"),
    ]

    operations = [
        migrations.RenameField("syncrun", "shown_plan", "question_subject"),
        migrations.AddField(
            "syncrun", "question", models.CharField(blank=True, choices=[('preview', 'Write this?'), ('reentry', 'Update after the project entered its phase again?'), ('archived_account', 'Push an archived account?'), ('customer', 'Which customer is it, and under which name?'), ('inactive_job', 'Make the job active again?'), ('merged_customer', 'Move the links of a merged customer?'), ('ineligible', 'Sync a record that would be left out?'), ('long_text', 'Send a text that is too long?'), ('closed_period', 'Date it after the closed period?'), ('invoice_number', 'Same invoice, or another number?'), ('create_again', 'Create again what has ended in QuickBooks?'), ('side', 'Which side counts?'), ('unsupported_lines', 'Leave lines that Coperniq cannot hold?'), ('moved_in_coperniq', 'Go on with an invoice moved in Coperniq?'), ('moved_in_quickbooks', 'Go on with an invoice moved in QuickBooks?'), ('voided_in_quickbooks', 'Decline an invoice voided in QuickBooks?'), ('deleted_in_quickbooks', 'Decline an invoice deleted in QuickBooks?'), ('payment_status', 'Record payments of this status?'), ('same_payment', 'Is it the same payment?'), ('payment_changed', 'Leave a payment changed in QuickBooks?')], max_length=40)
        ),
        migrations.AddField("syncrun", "has_decisions", models.BooleanField(default=False)),
        migrations.CreateModel(
            name="RunDecision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("question", models.CharField(choices=[('preview', 'Write this?'), ('reentry', 'Update after the project entered its phase again?'), ('archived_account', 'Push an archived account?'), ('customer', 'Which customer is it, and under which name?'), ('inactive_job', 'Make the job active again?'), ('merged_customer', 'Move the links of a merged customer?'), ('ineligible', 'Sync a record that would be left out?'), ('long_text', 'Send a text that is too long?'), ('closed_period', 'Date it after the closed period?'), ('invoice_number', 'Same invoice, or another number?'), ('create_again', 'Create again what has ended in QuickBooks?'), ('side', 'Which side counts?'), ('unsupported_lines', 'Leave lines that Coperniq cannot hold?'), ('moved_in_coperniq', 'Go on with an invoice moved in Coperniq?'), ('moved_in_quickbooks', 'Go on with an invoice moved in QuickBooks?'), ('voided_in_quickbooks', 'Decline an invoice voided in QuickBooks?'), ('deleted_in_quickbooks', 'Decline an invoice deleted in QuickBooks?'), ('payment_status', 'Record payments of this status?'), ('same_payment', 'Is it the same payment?'), ('payment_changed', 'Leave a payment changed in QuickBooks?')], max_length=40)),
                ("answer", models.CharField(max_length=120)),
                ("subject", models.CharField(blank=True, max_length=64)),
                ("decided_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="decision_rows",
                        to="integrations.syncrun",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)), fields=("run", "question"), name="one_answer_in_force"
                    )
                ]
            },
        ),
    ]
