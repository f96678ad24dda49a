"""Answers and choices as the version before stored them, given to the questions they belong to."""

from __future__ import annotations

from django.db import migrations

# The only difference between choices that were stored as "release" was what people read on the button.
RELEASE_BY_LABEL = {
    "Write this to QuickBooks": ("release", "preview"),
    "Update the customer and the job": ("release", "reentry"),
    "Push it although it is archived": ("push_archived", "archived_account"),
    "Leave Coperniq as it is": ("leave_coperniq", "payment_changed"),
    "Leave both as they are": ("leave_both", "unsupported_lines"),
    "Go on with it where it is in QuickBooks": ("go_on", "moved_in_coperniq"),
    "Go on with it where it is in Coperniq": ("go_on", "moved_in_quickbooks"),
}
RELEASE_BY_CAUSE = {
    "quickbooks_invoice_voided": ("decline_in_coperniq", "voided_in_quickbooks"),
    "quickbooks_invoice_deleted": ("decline_in_coperniq", "deleted_in_quickbooks"),
    "quickbooks_payment_changed": ("leave_coperniq", "payment_changed"),
    "lines_not_in_coperniq": ("leave_both", "unsupported_lines"),
    "lines_folded": ("leave_both", "unsupported_lines"),
    "conflict": ("leave_both", "unsupported_lines"),
    "invoice_moved": ("go_on", "moved_in_coperniq"),
    "quickbooks_invoice_moved": ("go_on", "moved_in_quickbooks"),
}
QUESTION_BY_KEY = {
    "first_open_day": "closed_period",
    "use_coperniq": "side",
    "use_quickbooks": "side",
    "record_both": "same_payment",
    "create_with_suffix": "customer",
    "bring_over": "ineligible",
    "leave_status": "payment_status",
    "new_number": "invoice_number",
    "relink": "merged_customer",
}
QUESTION_OF_LINK = {"invoice": "invoice_number", "payment": "same_payment"}
SEND_ANYWAY = {"too_long": "long_text", "payment_status": "payment_status"}


def question_of(run, key):
    verb = key.partition(":")[0]
    if verb in QUESTION_BY_KEY:
        return QUESTION_BY_KEY[verb]
    if verb == "link":
        return QUESTION_OF_LINK.get(run.kind, "customer")
    if verb == "reactivate":
        return "inactive_job" if run.kind == "job" else "customer"
    if verb == "create":
        return "create_again" if run.kind == "invoice" else "customer"
    if verb == "send_anyway":
        return SEND_ANYWAY.get(run.cause, "ineligible")
    return ""


def converted_choice(run, choice):
    key, label = choice["key"], choice["label"]
    if key != "release":
        return {"key": key, "label": label, "question": question_of(run, key)}
    key, question = RELEASE_BY_LABEL.get(label) or RELEASE_BY_CAUSE[run.cause]
    return {"key": key, "label": label, "question": question}


def subject_of(stored):
    """The question and its subject, of what `shown_plan` and `released_plan` held."""
    if not stored:
        return "", ""
    if stored.startswith("entry "):
        return "reentry", stored
    if stored.startswith("merge "):
        return "merged_customer", stored.removeprefix("merge ")
    return "preview", stored


def answers_of(run):
    """(key, question, subject) of each answer, the latest last."""
    if run.released_plan:
        question, subject = subject_of(run.released_plan)
        yield "release", question, subject
    answers = run.decision.split()
    for answer in answers:
        verb, _, cause = answer.partition(":")
        if verb != "release":
            question = question_of(run, answer)
            yield answer, question, run.question_subject if question == run.question else ""
        elif cause:
            yield *RELEASE_BY_CAUSE[cause], ""
        else:
            yield "push_archived", "archived_account", ""
    # A payment run kept its last answer alone. Asked for a day after the closed period, it had no payment to link to.
    if run.action == "push_payment" and answers == ["first_open_day"]:
        yield "record_both", "same_payment", ""


def convert(apps, schema_editor):
    runs = apps.get_model("integrations", "SyncRun").objects
    decisions = apps.get_model("integrations", "RunDecision").objects
    concerned = runs.exclude(choices=[('preview', 'Write this?'), ('reentry', 'Update after the project entered its phase again?'), ('archived_account', 'Push an archived account?'), ('customer', 'Which customer is it, and under which name?'), ('inactive_job', 'Make the job active again?'), ('merged_customer', 'Move the links of a merged customer?'), ('ineligible', 'Sync a record that would be left out?'), ('long_text', 'Send a text that is too long?'), ('closed_period', 'Date it after the closed period?'), ('invoice_number', 'Same invoice, or another number?'), ('create_again', 'Create again what has ended in QuickBooks?'), ('side', 'Which side counts?'), ('unsupported_lines', 'Leave lines that Coperniq cannot hold?'), ('moved_in_coperniq', 'Go on with an invoice moved in Coperniq?'), ('moved_in_quickbooks', 'Go on with an invoice moved in QuickBooks?'), ('voided_in_quickbooks', 'Decline an invoice voided in QuickBooks?'), ('deleted_in_quickbooks', 'Decline an invoice deleted in QuickBooks?'), ('payment_status', 'Record payments of this status?'), ('same_payment', 'Is it the same payment?'), ('payment_changed', 'Leave a payment changed in QuickBooks?')], decision="", released_plan="", question_subject="")
    for run in concerned.iterator(chunk_size=500):
        run.question, run.question_subject = subject_of(run.question_subject)
        rows = {question: (key, subject) for key, question, subject in answers_of(run) if question}
        run.choices = [converted_choice(run, choice) for choice in run.choices]
        run.has_decisions = bool(rows)
        run.save(update_fields=["question", "question_subject", "choices", "has_decisions"])
        for question, (key, subject) in rows.items():
            decisions.create(run=run, question=question, answer=key, subject=subject, decided_at=run.updated_at)
    writes = apps.get_model("integrations", "RemoteWrite").objects.filter(state__in=("prepared", "sent"))
    for write in writes.iterator(chunk_size=500):
        for part in ("written", "about"):
            for choice in write.about.get(part, {}).get("choices", ()):
                choice["question"] = "side"
        write.save(update_fields=["about"])


class Migration(migrations.Migration):
    dependencies = [("integrations", "0004_decisions")]

    operations = [migrations.RunPython(convert)]
