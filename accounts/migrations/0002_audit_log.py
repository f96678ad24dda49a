from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_people_and_companies")]

    operations = [migrations.RenameModel("ManualAct", "AuditLogEntry")]
