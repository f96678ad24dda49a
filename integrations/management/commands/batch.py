from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError

from accounts.models import Company
from integrations import batches
from integrations.batch_report import batch_shape
from integrations.connections.disconnection import NotConnected
from integrations.forms.batches import BatchForm
from integrations.management.json_command import CompanyCommand, Options
from integrations.messages.batches import BatchMessage
from integrations.messages.engine import EngineMessage
from integrations.models import Batch, QuickBooksConnection

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

VERBS = ("look", "start", "pause", "resume", "cancel", "status")
SHOWN = 20


class Command(CompanyCommand):
    help = (
        "Sends records together. `look selection=…` reads them and writes nothing, `start` sends what it has shown; "
        "pause, resume, cancel and status are about the newest batch, or the one with --id."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("verb", choices=VERBS)
        parser.add_argument(
            "pairs",
            nargs="*",
            metavar="key=value",
            help="selection=projects|invoices|items|record, workflow=<id>, with_invoices=on, since=YYYY-MM-DD, "
            "record=project:12345",
        )
        parser.add_argument("--id", type=int)
        parser.add_argument(
            "--anyway", action="store_true", help="Start although a record would be left out."
        )

    def answer_for(self, company: Company, options: Options) -> Mapping[str, object]:
        connection = QuickBooksConnection.objects.of(company)
        if connection is None:
            raise NotConnected(EngineMessage.NOTHING_TO_SYNC().text)
        own = Batch.objects.filter(connection=connection).order_by("-pk")
        verb = options["verb"]
        if verb == "look":
            return batch_shape(
                batches.create_batch(connection, None, **_chosen(connection, options["pairs"]))
            )
        if verb == "status" and options["id"] is None:
            return {"batches": [batch_shape(batch) for batch in own[:SHOWN]]}
        batch = (own.filter(pk=options["id"]) if options["id"] is not None else own).first()
        if batch is None:
            raise ValidationError({"id": BatchMessage.NO_SUCH_BATCH().text})
        if verb == "start":
            batches.start(batch, None, anyway=options["anyway"])
        elif verb != "status":
            {"pause": batches.pause, "resume": batches.resume, "cancel": batches.cancel}[verb](batch, None)
        return batch_shape(batch)


def _chosen(connection: QuickBooksConnection, pairs: list[str]) -> dict[str, object]:
    values: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or key not in BatchForm.base_fields:
            raise ValidationError({pair: "Write it as key=value, with a key that --help names."})
        if value not in ("off", "no"):
            values[key] = value
    return BatchForm(connection, values).chosen
