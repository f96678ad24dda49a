from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0007_match_methods_and_snapshots'),
    ]

    operations = [
        migrations.AlterField(
            model_name='fieldmapping',
            name='quickbooks_field',
            field=models.CharField(choices=[('DisplayName', 'Display name'), ('GivenName', 'First name'), ('FamilyName', 'Last name'), ('PrimaryEmailAddr.Address', 'E-mail'), ('PrimaryPhone.FreeFormNumber', 'Phone'), ('BillAddr.Line1', 'Street'), ('BillAddr.City', 'City'), ('BillAddr.CountrySubDivisionCode', 'State'), ('BillAddr.PostalCode', 'Zip'), ('PrimaryTaxIdentifier', 'Tax number'), ('CompanyName', 'Company name')], max_length=60, verbose_name='QuickBooks field'),
        ),
        migrations.AlterField(
            model_name='fieldmapping',
            name='source',
            field=models.CharField(blank=True, help_text='One of: name, title, first_name, last_name, email, phone, street, city, state, zip_code, number; or custom: followed by the key of a custom property. Empty leaves the field alone.', max_length=120, verbose_name='Coperniq field'),
        ),
        migrations.AlterField(
            model_name='phasetrigger',
            name='phase_template_id',
            field=models.CharField(help_text='Projects that enter it from now on are pushed; one that is already in it is not.', max_length=40, verbose_name='phase'),
        ),
        migrations.AlterField(
            model_name='phasetrigger',
            name='preview',
            field=models.BooleanField(default=False, help_text='What would be written is shown under Held runs, field by field, and nothing is written until somebody releases it.', verbose_name='preview only'),
        ),
        migrations.AlterField(
            model_name='phasetrigger',
            name='reentry',
            field=models.CharField(choices=[('update', 'Update the customer and job again'), ('once', 'Do nothing'), ('ask', 'Ask a person')], default='update', max_length=10, verbose_name='when a project enters it again'),
        ),
        migrations.AlterField(
            model_name='phasetrigger',
            name='workflow_id',
            field=models.CharField(max_length=40, verbose_name='workflow'),
        ),
        migrations.AlterField(
            model_name='syncsettings',
            name='closed_books',
            field=models.CharField(choices=[('hold', 'Ask a person'), ('first_open_day', 'Date new documents to the first open day')], default='hold', help_text='An invoice that is in QuickBooks already keeps its date.', max_length=20, verbose_name='if the books are closed for its date'),
        ),
        migrations.AlterField(
            model_name='syncsettings',
            name='difference_item',
            field=models.CharField(blank=True, help_text='If a total in Coperniq is more than its lines, the rest goes to this item. None: you are asked.', max_length=40, verbose_name='item for tax and differences'),
        ),
        migrations.AlterField(
            model_name='syncsettings',
            name='fallback_item',
            field=models.CharField(blank=True, help_text='Used if QuickBooks drops the amount of a line without an item. None: the line has no item.', max_length=40, verbose_name='item for lines without a match'),
        ),
        migrations.AlterField(
            model_name='syncsettings',
            name='invoice_sync',
            field=models.BooleanField(default=False, help_text='While this is off, nothing is sent or brought over. What is created in that time is not synced when you switch it on again, unless somebody sends or brings it over one by one; changes of what is linked already are made up for.', verbose_name='enable invoice and payment syncing'),
        ),
        migrations.AlterField(
            model_name='syncsettings',
            name='link_same_named_job',
            field=models.BooleanField(default=False, help_text='The job must be under the same customer and not linked yet. Otherwise a new job is created with “#2” behind its name.', verbose_name='link an existing job of the same name'),
        ),
        migrations.AlterField(
            model_name='syncsettings',
            name='matching_strategy',
            field=models.CharField(choices=[('enrich', 'Enrich: Update existing records with new information from Coperniq'), ('replace', 'Replace: Replace existing records with Coperniq data'), ('skip', 'Skip: Leave existing records unchanged')], default='enrich', help_text='What happens when the customer already exists in QuickBooks. Enrich fills what is empty and updates what came from Coperniq before; what people entered in QuickBooks stays. Replace overwrites the mapped fields; an empty Coperniq value never erases anything. Skip links the existing customer and changes nothing in it; jobs are still created.', max_length=10),
        ),
        migrations.AlterField(
            model_name='syncsettings',
            name='memo_field',
            field=models.CharField(choices=[('private_note', 'Memo on statement (not printed on the invoice)'), ('customer_memo', 'Message on invoice (the customer reads it)')], default='private_note', max_length=20, verbose_name='the description of an invoice goes to'),
        ),
        migrations.AlterField(
            model_name='syncsettings',
            name='on_archived',
            field=models.CharField(choices=[('void', 'Void it'), ('delete', 'Delete it'), ('leave', 'Leave it')], default='leave', help_text='What happens to it in QuickBooks.', max_length=10, verbose_name='if Coperniq archives an invoice'),
        ),
        migrations.AlterField(
            model_name='syncsettings',
            name='on_declined',
            field=models.CharField(choices=[('void', 'Void it'), ('delete', 'Delete it'), ('leave', 'Leave it')], default='void', help_text='What happens to it in QuickBooks. A paid invoice is never voided or deleted by itself: you are asked.', max_length=10, verbose_name='if Coperniq declines an invoice'),
        ),
        migrations.AlterField(
            model_name='syncsettings',
            name='on_quickbooks_void',
            field=models.CharField(choices=[('decline', 'Decline it'), ('hold', 'Ask a person')], default='decline', help_text='What happens to it in Coperniq. If something is paid on it there, you are asked.', max_length=10, verbose_name='if an invoice is voided in QuickBooks'),
        ),
        migrations.AlterField(
            model_name='syncsettings',
            name='push_from',
            field=models.CharField(choices=[('created', 'As soon as it is created'), ('sent', 'Once it is sent')], default='created', help_text='QuickBooks has no drafts: an invoice that is still a draft in Coperniq is an open one there.', max_length=10, verbose_name='send an invoice to QuickBooks'),
        ),
        migrations.AlterField(
            model_name='syncsettings',
            name='unknown_method',
            field=models.CharField(choices=[('CASH', 'Cash'), ('CHECK', 'Check'), ('ACH', 'ACH'), ('CREDIT_CARD', 'Credit card'), ('KLARNA', 'Klarna'), ('AFFIRM', 'Affirm')], default='CHECK', help_text="Coperniq records the payment as this; the name that QuickBooks has for the method goes into the payment's notes.", max_length=12, verbose_name='payments by a method Coperniq does not know'),
        ),
    ]
