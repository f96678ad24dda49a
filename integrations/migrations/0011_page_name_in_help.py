from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0010_names_of_the_worker'),
    ]

    operations = [
        migrations.AlterField(
            model_name='phasetrigger',
            name='preview',
            field=models.BooleanField(default=False, help_text='What would be written is shown under Needs attention, field by field, and nothing is written until somebody releases it.', verbose_name='preview only'),
        ),
    ]
