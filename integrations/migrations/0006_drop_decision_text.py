from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("integrations", "0005_convert_decisions")]

    operations = [
        migrations.RemoveField("syncrun", "decision"),
        migrations.RemoveField("syncrun", "released_plan"),
    ]
