"""What the sync remembers about a record becomes version 1 of a state of its kind.

`written` held another meaning for each kind of record. The order of sent lines, offered choices and the invoice of a
payment were remembered there only until QuickBooks had answered: they move to the write.
"""

from __future__ import annotations

from django.db import migrations

INVOICE_FLAGS = {
    "ended": "ended",
    "line_ids": "line_ids",
    "folded": "has_folded_lines",
    "lines_stay": "keeps_removed_lines",
    "repair": "needs_repair",
    "sent_anyway": "was_chosen",
    "unsettled": "unsettled",
    "moved_from": "moved_from",
}
PAYMENT_FLAGS = {"share": "is_share", "misplaced": "needs_applying"}
PAYMENT_ENDS = {"gone": "gone_in_quickbooks", "left": "only_in_quickbooks"}


def state_of(kind, written):
    """The state as version 1 stores it; fields that have their default are left out."""
    if kind == "item":
        return {}
    state = {"customer": customer_state, "job": customer_state, "invoice": invoice_state, "payment": payment_state}
    return {"version": 1, **{name: value for name, value in state[kind](written).items() if value}}


def customer_state(written):
    return {"written_values": written}


def invoice_state(written):
    sides = {side: edits_of(edits) for side, edits in written.get("changed_at", {}).items()}
    return {
        **{name: written[old] for old, name in INVOICE_FLAGS.items() if old in written},
        "edit_times": {side: edits for side, edits in sides.items() if edits},
        "overridden": {name: overridden_of(entry) for name, entry in written.get("losers", {}).items()},
    }


def edits_of(edits):
    return {
        name: {"digest": edit["value"], **({"at": edit["at"]} if edit["at"] else {})}
        for name, edit in edits.items()
    }


def overridden_of(entry):
    found = {"side": entry["side"], "text": entry["told"], "payload": entry["values"]}
    return found | ({"run_id": entry["run"]} if entry.get("run") is not None else {})


def payment_state(written):
    ended = PAYMENT_ENDS.get(written.get("ended"))
    return {"ended": ended, **{name: written[old] for old, name in PAYMENT_FLAGS.items() if old in written}}


def convert_links(apps, schema_editor):
    links = apps.get_model("integrations", "RecordLink").objects
    for link in links.only("kind", "sync_state").iterator(chunk_size=500):
        link.sync_state = state_of(link.kind, link.sync_state)
        link.save(update_fields=["sync_state"])


def convert_writes(apps, schema_editor):
    writes = apps.get_model("integrations", "RemoteWrite").objects
    for write in writes.only("vendor", "kind", "about", "quickbooks_part").iterator(chunk_size=500):
        written = write.about.pop("written", None)
        if written is None:
            continue
        write.about["sync_state"] = state_of(write.kind, written)
        response = {name: written[name] for name in ("line_order", "choices") if name in written}
        if response:
            write.about["about"] = {**write.about.get("about", {}), **response}
        write.quickbooks_part = write.quickbooks_part or written.get("part", "")
        write.save(update_fields=["about", "quickbooks_part"])


class Migration(migrations.Migration):
    dependencies = [("integrations", "0012_needs_attention")]

    operations = [
        migrations.RenameField("recordlink", "written", "sync_state"),
        migrations.RunPython(convert_links),
        migrations.RunPython(convert_writes),
    ]
