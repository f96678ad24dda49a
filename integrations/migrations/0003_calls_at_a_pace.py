
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0002_invoices_and_payments'),
    ]

    operations = [
        migrations.CreateModel(
            name='CallPace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('realm_id', models.CharField(max_length=40, unique=True)),
                ('starts', models.JSONField(default=list)),
                ('seats', models.JSONField(default=dict)),
                ('version', models.PositiveBigIntegerField(default=0)),
            ],
        ),
    ]
