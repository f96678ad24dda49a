"""What the response to a write is handled with gets a version: values of the link, its state, and data of the handler."""

from __future__ import annotations

from django.db import migrations, models

LINK_VALUES = ("coperniq_name", "coperniq_account_id", "coperniq_parent_id", "number", "amount_cents")


def stored(values):
    """As version 1 stores them: fields that have their default are left out. An amount of 0 is no default."""
    return {"version": 1, **{name: value for name, value in values.items() if not is_default(value)}}


def is_default(value):
    return value is None or value is False or value in ("", [], {})


def link_data(about):
    return stored({name: about.get(name) for name in LINK_VALUES})


def quickbooks_of(about):
    found = about["quickbooks"]
    at = {"at": found["at"]} if found["at"] else {}
    return {"name": found["name"], "version": found["version"], "snapshot": found["image"], **at}


def pushed_invoice(about):
    return {
        "kept_fields": list(about.get("kept", {})),
        "line_order": about.get("line_order"),
        "again": about.get("again"),
        "choices": about.get("choices"),
    }


def pulled_invoice(about):
    return {
        "quickbooks": quickbooks_of(about),
        "fields": about.get("fields"),
        "owner": owner_of(about),
        "lines": lines_of(about),
        "fold_reasons": about.get("why"),
        "ended": about.get("because"),
        "again": about.get("again"),
        "choices": about.get("choices"),
    }


def owner_of(about):
    if "record" not in about:
        return None
    collection, record_id = about["record"]
    return {"is_project": collection == "projects", "id": record_id, "name": about.get("place") or ""}


def lines_of(about):
    if "pairs" not in about:
        return None
    return {"total_cents": about["total"], "pairs": about["pairs"], "catalog_ids": about.get("sold", [])}


RESPONSE_DATA = {
    "Invoice": pushed_invoice,
    "coperniq_invoice": pulled_invoice,
    "coperniq_payment": lambda about: {"quickbooks": quickbooks_of(about)},
    "catalog_item": lambda about: {"name": about["name"], "snapshot": about["image"]},
}


def convert(apps, schema_editor):
    writes = apps.get_model("integrations", "RemoteWrite").objects
    for write in writes.only("entity", "link_data", "state").iterator(chunk_size=500):
        about = write.link_data
        write.link_data, write.sync_state = link_data(about), about.get("sync_state")
        # Nobody reads the data of a closed write.
        if "about" in about and write.state in ("prepared", "sent"):
            write.response_data = stored(RESPONSE_DATA[write.entity](about["about"]))
        write.save(update_fields=["link_data", "sync_state", "response_data"])


class Migration(migrations.Migration):
    dependencies = [("integrations", "0013_sync_state")]

    operations = [
        migrations.RenameField("remotewrite", "about", "link_data"),
        migrations.AddField("remotewrite", "sync_state", models.JSONField(null=True)),
        migrations.AddField("remotewrite", "response_data", models.JSONField(default=dict)),
        migrations.RunPython(convert),
    ]
