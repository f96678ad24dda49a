"""Records sent together: choose, look, start, follow."""

from __future__ import annotations

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.roles import Right
from accounts.scoping import CompanyRequest, company_page, rows_of
from integrations import batches
from integrations.batch_report import batch_shape, problem_of, record_shape
from integrations.forms.batches import BatchForm
from integrations.messages.batches import BatchMessage
from integrations.models import Batch, Finding, Kind, QuickBooksConnection, Selection
from integrations.views.answers import done, refused
from integrations.views.rendering import show

BATCHES = "integrations:batches"
ROWS, JSON_ROWS, SHOWN = 50, 1000, 20
RELOAD_SECONDS = "5"
ACTIONS = {
    "pause": (batches.pause, "Paused. What was already handed over is finished."),
    "resume": (batches.resume, "It goes on."),
    "cancel": (batches.cancel, "Cancelled. What is in QuickBooks already stays there."),
}
PREVIEWED = (
    Finding.ATTENTION,
    Finding.WAITS,
    Finding.MATCH,
    Finding.CREATE,
    Finding.ASKED,
    Finding.SKIPPED,
    Finding.LINKED,
)
PLURALS = {
    Kind.CUSTOMER.value: "Customers",
    Kind.JOB.value: "Projects",
    Kind.INVOICE.value: "Invoices",
    Kind.ITEM.value: "Items",
}


def own_batches(request: CompanyRequest) -> QuerySet[Batch]:
    return rows_of(request.company, Batch.objects.select_related("connection", "created_by")).order_by("-pk")


@require_safe
@company_page(Right.READ)
def index(request: CompanyRequest) -> HttpResponseBase:
    found = list(own_batches(request)[:SHOWN])
    if request.GET.get("format") == "json":
        return JsonResponse({"batches": [batch_shape(batch) for batch in found]})
    connection = QuickBooksConnection.objects.of(request.company)
    context = {
        "connection": connection,
        "rows": [(batch, batches.progress_of(batch)) for batch in found],
        "form": BatchForm(connection) if connection else None,
        "selection": request.GET.get("selection", Selection.PROJECTS),
        "wanted": request.GET.get("record", ""),
    }
    return show(request, "integrations/batches.html", context)


@require_POST
@company_page(Right.CONFIGURE)
def create(request: CompanyRequest) -> HttpResponseBase:
    connection = QuickBooksConnection.objects.of(request.company)
    if connection is None:
        return refused(request, {"quickbooks": ["Connect QuickBooks first."]}, back=BATCHES)
    try:
        batch = batches.create_batch(connection, request.user, **BatchForm(connection, request.POST).chosen)
    except ValidationError as error:
        return refused(request, error.message_dict, title="Nothing was chosen", back=BATCHES)
    return done(request, BatchMessage.IS_LOOKED_AT().text, page_of_batch(batch), batch=batch.pk)


def page_of_batch(batch: Batch) -> str:
    return reverse("integrations:batch", args=[batch.pk])


@require_safe
@company_page(Right.READ)
def detail(request: CompanyRequest, pk: int) -> HttpResponseBase:
    """`finding` and `kind` narrow the records, `page` turns them."""
    batch = get_object_or_404(own_batches(request), pk=pk)
    records = batches.with_status(batch, batch.records.all()).order_by("kind", "id")
    narrowed = {name: request.GET[name] for name in ("finding", "kind") if request.GET.get(name)}
    records = records.filter(**narrowed)
    as_json = request.GET.get("format") == "json"
    page = Paginator(records, JSON_ROWS if as_json else ROWS).get_page(request.GET.get("page"))
    if as_json:
        found = [record_shape(record) for record in page.object_list]
        shape = batch_shape(batch) | {
            "records": found,
            "page": page.number,
            "pages": page.paginator.num_pages,
        }
        return JsonResponse(shape)
    context = {
        "batch": batch,
        "problem": problem_of(batch),
        "progress": batches.progress_of(batch),
        "estimate": batches.estimate(batch),
        "total_cents": batches.total_cents(batch),
        "findings": findings_table(batch),
        "page": page,
        "chosen": narrowed,
        "is_moving": batch.state in (Batch.State.READING, Batch.State.RUNNING),
        "may_start": batch.state == Batch.State.READY and batches.to_send(batch).exists(),
        "may_anyway": batch.state == Batch.State.READY and is_refused(batch),
    }
    response = show(request, "integrations/batch.html", context)
    if context["is_moving"]:
        response["Refresh"] = RELOAD_SECONDS  # works without a script
    return response


def is_refused(batch: Batch) -> bool:
    waits = batch.records.filter(finding=Finding.WAITS)
    return batch.selection == Selection.RECORD and waits.exists()


def findings_table(batch: Batch) -> list[tuple[str, str, list[tuple[str, str, int]]]]:
    """Kind, its name, and (finding, label, how many) of each finding that there is."""
    counted = batches.findings_of(batch)
    return [
        (
            kind,
            name,
            [
                (each.value, str(each.label), counted[kind][each])
                for each in PREVIEWED
                if counted[kind].get(each)
            ],
        )
        for kind, name in PLURALS.items()
        if kind in counted
    ]


@require_POST
@company_page(Right.CONFIGURE)
def start(request: CompanyRequest, pk: int) -> HttpResponseBase:
    """`anyway=on` sends one record although it would be left out."""
    batch = get_object_or_404(own_batches(request), pk=pk)
    try:
        batches.start(batch, request.user, anyway=request.POST.get("anyway") == "on")
    except ValidationError as error:
        return refused(request, {NON_FIELD_ERRORS: error.messages}, title="Nothing was sent", back=BATCHES)
    return done(request, "It has begun. This page shows how far it is.", page_of_batch(batch))


@require_POST
@company_page(Right.CONFIGURE)
def act(request: CompanyRequest, pk: int, verb: str) -> HttpResponseBase:
    """`verb` is pause, resume or cancel."""
    batch = get_object_or_404(own_batches(request), pk=pk)
    action, sentence = ACTIONS[verb]
    try:
        action(batch, request.user)
    except ValidationError as error:
        return refused(request, {NON_FIELD_ERRORS: error.messages}, title="Nothing was changed", back=BATCHES)
    return done(request, sentence, page_of_batch(batch))
