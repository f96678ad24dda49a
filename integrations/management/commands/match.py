from __future__ import annotations

from collections.abc import Mapping as Answer
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError

from accounts.models import Company
from integrations import queue
from integrations.forms.customer_decisions import ACCEPTED_AT, DECISIONS, Mapping, accept_all, decide
from integrations.management.json_command import CompanyCommand, Options
from integrations.models import CustomerListRead, CustomerMatch, QuickBooksConnection
from integrations.status.customer_mapping import mapping_of

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

NOT_CONNECTED = "Connect QuickBooks first: its customers are read from there."


class Command(CompanyCommand):
    help = (
        "The customer mapping: without an option how many accounts are suggested, without a match, mapped and rejected, "
        "and how far the lists were read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--start", action="store_true", help="The worker reads both sides and compares them."
        )
        parser.add_argument(
            "--accept-at",
            type=int,
            metavar="SCORE",
            help=f"Accept the suggestions from {ACCEPTED_AT} to 100 on.",
        )
        parser.add_argument("--list", action="store_true", help="Print the suggestions as well.")
        parser.add_argument(
            "--decide", choices=DECISIONS, help="For --account, with --customer if one is meant."
        )
        parser.add_argument("--account", metavar="COPERNIQ_ID", default="")
        parser.add_argument("--customer", metavar="QUICKBOOKS_ID", default="")

    def answer_for(self, company: Company, options: Options) -> Answer[str, object]:
        connection = QuickBooksConnection.objects.of(company)
        if connection is None:
            raise ValidationError({"quickbooks": NOT_CONNECTED})
        mapping = Mapping(company, connection, None)
        answer: dict[str, object] = {}
        if options["start"]:
            CustomerListRead.request(connection)
            queue.wake()
        if options["decide"]:
            answer["said"] = decide(mapping, options["decide"], options["account"], options["customer"])
        if options["accept_at"] is not None:
            answer |= _accepted(mapping, options["accept_at"])
        answer |= mapping_of(connection) or {}
        if options["list"]:
            answer["suggestions"] = _suggestions(connection)
        return answer


def _accepted(mapping: Mapping, least_score: int) -> dict[str, object]:
    if not ACCEPTED_AT <= least_score <= 100:
        raise ValidationError({"accept_at": f"Choose a score from {ACCEPTED_AT} to 100."})
    result = accept_all(mapping, least_score)
    return {"accepted": result.accepted, "left_out": dict(result.left_out), "remaining": result.remaining}


def _suggestions(connection: QuickBooksConnection) -> list[dict[str, object]]:
    columns = (
        "coperniq_id", "coperniq_name", "quickbooks_id", "quickbooks_name", "score", "reasons", "alternatives",
    )  # fmt: skip
    rows = CustomerMatch.objects.of(connection).suggested().order_by("-score", "coperniq_name", "pk")
    return [dict(row) for row in rows.values(*columns)]
