from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Count, F, Min, QuerySet, Sum
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.roles import Right
from accounts.scoping import CompanyRequest, company_page, refuse, rows_of
from integrations.connections.disconnection import NotConnected
from integrations.models import Question, QuickBooksConnection, RunState, SyncRun
from integrations.models.decisions import LONGEST_ANSWER
from integrations.models.runs import RETRY
from integrations.run_decisions import (
    BRING_OVER,
    DECIDABLE,
    RELEASE,
    bring_over_all,
    is_money,
    may_choose,
    may_decide,
    release_all,
    retry_all,
)
from integrations.run_decisions import decide as decide_run
from integrations.sync_schedule import release_some, schedule_of, sync_all, when_synced
from integrations.views.answers import done, next_page, refused
from integrations.views.filters import LARGEST_ID, RunFilter
from integrations.views.keyset import Page, page_of
from integrations.views.planned import compared_of, writes_of
from integrations.views.rendering import show
from integrations.views.run_ids import completed
from integrations.views.vendor_pages import quickbooks_page

RUNS = "integrations:runs"
ROWS, JSON_ROWS = 50, 1000
BY_MONEY = (F("amount_cents").desc(nulls_last=True), "pk")
OUT_OF_DATE = "This record has changed since the page was shown. Please check it again."
NO_TEXT = "Please type it into the box first."
NO_SIGN = (
    "Please type at least one letter or digit: nothing else is left once spaces and colons are taken out."
)
LONGEST_TEXT = 100
TEXT_TOO_LONG = f"Please type at most {LONGEST_TEXT} characters."
OTHERS_LEFT_OUT = "The others have changed meanwhile, or wait until QuickBooks is connected again."
OPEN_STATES = (RunState.HELD, RunState.WAITING, RunState.QUEUED, RunState.RUNNING)
NOT_TOGETHER = "Several runs can only be tried again, released or brought over together."
RELEASABLE = (Question.PREVIEW, Question.REENTRY)


@require_safe
@company_page(Right.READ)
def index(request: CompanyRequest) -> HttpResponseBase:
    chosen = RunFilter(request.GET)
    as_json = request.GET.get("format") == "json"
    if not chosen.is_valid():
        if as_json:
            return JsonResponse({"errors": chosen.sentences()}, status=400)
        return show(request, "integrations/runs.html", {"filter": chosen}, status=400)
    everything = rows_of(
        request.company,
        SyncRun.objects.select_related("company", "connection__settings", "connection__company"),
    )
    everywhere = as_json or chosen.cleaned_data["state"]
    rows = everything if everywhere else everything.filter(state__in=OPEN_STATES)
    page = (
        runs_shown(chosen, rows, JSON_ROWS, ("-pk",)) if as_json else runs_shown(chosen, rows, ROWS, BY_MONEY)
    )
    connection = QuickBooksConnection.objects.of(request.company)
    if as_json:
        found = [run_shape(run) for run in completed(page.rows)]
        return JsonResponse({"runs": found, "older": page.older, "newer": page.newer})
    context = page_context(request, chosen, page) | {"schedule": schedule_of(connection)}
    return show(request, "integrations/runs.html", context)


def runs_shown(chosen: RunFilter, rows: QuerySet[SyncRun], size: int, order: Sequence[Any]) -> Page[SyncRun]:
    """Held runs first, in this order, unless the filter names a state; only then there are older pages."""
    runs = chosen.narrow(rows)
    if chosen.cleaned_data["state"]:
        return page_of(runs, size, chosen.cleaned_data["before"], chosen.cleaned_data["after"])
    held = list(runs.filter(state=RunState.HELD).order_by(*order)[:size])
    others = runs.exclude(state=RunState.HELD).order_by("-pk")[: size - len(held)]
    return Page([*held, *others])


def page_context(request: CompanyRequest, chosen: RunFilter, page: Page[SyncRun]) -> dict[str, Any]:
    runs = rows_of(request.company, SyncRun.objects.all())
    decidable = DecisionRows(request.user)
    return {
        "filter": chosen,
        "page": page,
        "rows": [decidable.row_of(run) for run in completed(page.rows)],
        "counts": counts_by_state(runs),
        "causes": counts_by_cause(runs),
        "has_kept": any(run.is_kept for run in page.rows),
        "has_previews": any(
            run.state == RunState.HELD and run.question == Question.PREVIEW for run in page.rows
        ),
    }


def counts_by_state(runs: QuerySet[SyncRun]) -> list[tuple[str, str, int]]:
    """Of what is open: key, label, how many."""
    open_runs = runs.filter(state__in=OPEN_STATES).order_by()
    counts = dict(open_runs.values_list("state").annotate(Count("pk")))
    return [(state.value, state.label, counts.get(state.value, 0)) for state in OPEN_STATES]


def counts_by_cause(runs: QuerySet[SyncRun]) -> list[dict[str, Any]]:
    """The most money first: how many, cents, and since when the oldest waits."""
    held = runs.filter(state=RunState.HELD).order_by()
    counted = {"count": Count("pk"), "cents": Sum("amount_cents", default=0), "oldest": Min("created_at")}
    found: list[dict[str, Any]] = [dict(row) for row in held.values("cause").annotate(**counted)]
    return sorted(found, key=lambda row: (-row["cents"], -row["count"], row["oldest"]))


class DecisionRows:
    """Which choices a person may take; checked once per kind of run, not once per row."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.answers: dict[bool, bool] = {}

    def row_of(self, run: SyncRun) -> dict[str, Any]:
        money = is_money(run)
        if money not in self.answers:
            self.answers[money] = may_decide(self.user, run)
        return {
            "run": run,
            "sentence": sentence_of(run),
            "writes": writes_of(run),
            "compared": compared_of(run),
            "choices": run.choices if run.state in DECIDABLE else [],
            "may_decide": self.answers[money],
            "is_money": money,
            "quickbooks_page": quickbooks_page(run.kind, run.quickbooks_id),
        }


@require_POST
@company_page(Right.RETRY)
def retry(request: CompanyRequest) -> HttpResponseBase:
    """`run` (repeatable) or `cause`; with `choice=release` the previews and re-entries among them are released as shown,
    with `choice=bring_over` what stayed in QuickBooks is brought over.

    A run with another question is left out.
    """
    ids = [int(text) for text in request.POST.getlist("run") if is_id(text)]
    cause = request.POST.get("cause", "")
    choice = request.POST.get("choice", RETRY)
    if choice not in (RETRY, RELEASE, BRING_OVER):
        return refused(request, {"choice": [NOT_TOGETHER]}, back=RUNS)
    if not (ids or cause):
        return refused(request, {"run": ["Choose at least one run."]}, back=RUNS)
    own = rows_of(request.company, SyncRun.objects.all())
    runs = own.filter(pk__in=ids) if ids else own.filter(cause=cause)
    if choice == RELEASE:
        # Runs of the same cause that have ended are not left out: nobody selected them.
        runs = runs if ids else runs.filter(state=RunState.HELD)
        result = release_all(runs, RELEASABLE, request.user, shown_subjects(request))
        count, sentence = result.decided, f"{counted(result.decided, 'released')} {result.left_out}".strip()
    elif choice == BRING_OVER:
        result = bring_over_all(runs.filter(state__in=(RunState.HELD, RunState.WAITING)), request.user)
        count, sentence = (
            result.decided,
            f"{counted(result.decided, 'brought over')} {result.left_out}".strip(),
        )
    else:
        count = retry_all(runs, request.user)
        sentence = retried_sentence(count, len(request.POST.getlist("run")))
    level = messages.SUCCESS if count else messages.WARNING
    return done(request, sentence, next_page(request, RUNS), level=level, count=count)


@require_POST
@company_page(Right.RETRY)
def sync_now(request: CompanyRequest) -> HttpResponseBase:
    """Without `run` (repeatable) everything: what waits, and what is found by reading both sides.

    With `only=chosen` never everything.
    """
    ids = [int(text) for text in request.POST.getlist("run") if is_id(text)]
    if not ids and ("run" in request.POST or "only" in request.POST):
        return refused(request, {"run": ["Choose at least one record."]}, back=RUNS)
    if ids:
        count = release_some(request.company, ids, request.user)
        level = messages.SUCCESS if count else messages.WARNING
        return done(request, counted(count, "synced now"), next_page(request, RUNS), level=level, count=count)
    try:
        count = sync_all(request.company, request.user)
    except NotConnected as error:
        return refused(request, {"run": [error.sentence]}, back=RUNS)
    sentence = f"Both sides are being read and synced now. {counted(count, 'did not wait any longer')}"
    return done(request, sentence, next_page(request, RUNS), count=count)


def is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= LARGEST_ID


def shown_subjects(request: HttpRequest) -> dict[int, str]:
    """`plan-<run>`: the fingerprint of the plan that the page showed."""
    named = ((*name.partition("plan-"), str(value)) for name, value in request.POST.items())
    return {int(pk): plan for start, _, pk, plan in named if not start and is_id(pk)}


def counted(count: int, verb: str) -> str:
    return f"{count} run{'' if count == 1 else 's'} {verb}."


def retried_sentence(count: int, selected: int) -> str:
    sentence = counted(count, "tried again")
    return sentence if count and count >= selected else f"{sentence} {OTHERS_LEFT_OUT}"


@require_POST
@company_page(Right.RETRY)
def decide(request: CompanyRequest, pk: int) -> HttpResponseBase:
    """`choice`; the `text` that some choices ask for may also follow their key and a colon."""
    run = get_object_or_404(rows_of(request.company, SyncRun.objects.select_related("company")), pk=pk)
    choice, text = request.POST.get("choice", ""), request.POST.get("text", "").strip()
    key, _, typed = choice.partition(":")
    asks_for_text = any(each["key"] == key and each.get("input") for each in run.choices)
    text = text or typed.strip()
    if asks_for_text and not any(map(str.isalnum, text)):
        return refused(
            request, {"text": [NO_SIGN if text else NO_TEXT]}, title="Nothing was decided", back=RUNS
        )
    choice = f"{key}:{text}" if asks_for_text else choice
    if len(text) > LONGEST_TEXT or len(choice) > LONGEST_ANSWER:
        return refused(request, {"text": [TEXT_TOO_LONG]}, title="Nothing was decided", back=RUNS)
    if not may_choose(request.user, run, choice):
        return refuse(request, request.company)
    if not decide_run(run, choice, request.user, request.POST.get("plan", "")):
        return refused(request, {"choice": [OUT_OF_DATE]}, title="Nothing was decided", back=RUNS)
    return done(request, f"Your decision about “{run.title}” is being carried out.", next_page(request, RUNS))


def sentence_of(run: SyncRun) -> str:
    settings = getattr(run.connection, "settings", None) if run.is_scheduled else None
    if settings is None:
        return run.sentence
    if run.state == RunState.QUEUED:
        return when_synced(settings)
    return f"{run.sentence} It has changed since; the next sync looks at that."


def choice_shape(choice: Mapping[str, str]) -> dict[str, str]:
    shown = {"key": choice["key"], "label": choice["label"]}
    return shown | {"input": choice["input"]} if choice.get("input") else shown


def run_shape(run: SyncRun) -> dict[str, Any]:
    """The JSON of a run. `plan` may be posted with a decision, which then holds only for the plan that was shown."""
    return {
        "id": run.pk,
        "direction": run.direction,
        "kind": run.kind,
        "action": run.action,
        "state": run.state,
        "cause": run.cause,
        "sentence": sentence_of(run),
        "name": run.record_name,
        "coperniq_id": run.coperniq_id,
        "quickbooks_id": run.quickbooks_id,
        "scheduled": run.is_scheduled,
        "not_before": run.not_before.isoformat() if run.not_before else None,
        "attempts": run.attempts,
        "planned": writes_of(run),
        "compared": compared_of(run),
        "plan": run.question_subject,
        "choices": [choice_shape(each) for each in run.choices],
        "created_at": run.created_at.isoformat(),
        "updated_at": run.updated_at.isoformat(),
    }
