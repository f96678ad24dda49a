from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0032_open_differences"),
    ]

    operations = [
        migrations.AddField(
            model_name="externalpayment",
            name="was_unapplied",
            field=models.BooleanField(default=False),
        ),
    ]
