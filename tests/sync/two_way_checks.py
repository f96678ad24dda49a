"""What has to hold when the dust of a history has settled: equal to the cent, once, calm, or said why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from integrations.models import Outcome, RecordLink, RemoteWrite, RunState, SyncLogEntry, SyncRun
from integrations.sync.engine.coperniq_texts import memo_of, payment_id_in
from integrations.sync.engine.correlation_tag import without_tag
from tests.sync.histories import cents
from tests.sync.two_way_histories import TwoWays
from tests.sync.two_way_view import PEOPLES_YEAR, Row, is_voided

LEAVING = (
    "discard",
    "leave_both",
    "leave_coperniq",
    "decline_in_coperniq",
    "go_on",
    "link",
    "leave_status",
    "apply",
    "record_both",
    "new_number",
    "another_invoice",
)
"""Decisions after which the two sides may go on to differ."""


@dataclass
class Reckoning:
    """Both sides as they stand, by id; and which records may differ, because a person is asked or has said so."""

    history: TwoWays
    ours: dict[str, Row] = field(default_factory=dict)
    theirs: dict[str, Row] = field(default_factory=dict)
    receipts: dict[str, Row] = field(default_factory=dict)
    excused: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ours = {str(row["id"]): row for row in self.history.in_coperniq()}
        self.theirs = {row["Id"]: row for row in self.history.books("Invoice")}
        self.receipts = {row["Id"]: row for row in self.history.books("Payment")}
        for run in SyncRun.objects.filter(state__in=(RunState.HELD, RunState.WAITING)):
            self.excuse(run.kind, run.coperniq_id, run.quickbooks_id, f"{run.state}: {run.sentence}")
        for kind, coperniq_id, quickbooks_id, choice in self.history.decided:
            if choice.partition(":")[0] in LEAVING:
                self.excuse(kind, coperniq_id, quickbooks_id, f"decided: {choice}")
        for entry in SyncLogEntry.objects.filter(outcome="skipped"):
            self.excuse(entry.kind, entry.coperniq_id, entry.quickbooks_id, f"skipped: {entry.sentence}")

    def excuse(self, kind: str, coperniq_id: str, quickbooks_id: str, why: str) -> None:
        for side, id_ in (("coperniq", coperniq_id), ("quickbooks", quickbooks_id)):
            if id_:
                self.excused[kind, side, id_] = why

    def why(self, kind: str, coperniq_id: object = "", quickbooks_id: str = "") -> str:
        ours = self.excused.get((kind, "coperniq", str(coperniq_id)), "")
        return ours or self.excused.get((kind, "quickbooks", quickbooks_id), "")


def check(history: TwoWays) -> None:
    found = Reckoning(history)
    check_rest(found)
    check_once(found)
    check_invoices(found)
    check_payments(found)
    check_open(found)


def check_rest(found: Reckoning) -> None:
    """Nothing is stuck; what is held says why and what can be done, what waits waits for what is missing."""
    unfinished = SyncRun.objects.unfinished()
    assert not unfinished.exists(), list(unfinished.values("id", "action", "state", "cause", "sentence"))
    left = RemoteWrite.objects.open()
    assert not left.exists(), list(
        left.values("id", "kind", "vendor", "coperniq_id", "quickbooks_id", "state")
    )
    for run in SyncRun.objects.held():
        assert run.sentence, run
        assert run.choices, (run, run.sentence)
        assert run.cause not in ("internal", "unstored"), (run, run.sentence)
    for run in SyncRun.objects.filter(state=RunState.WAITING):
        assert run.sentence, run
        assert waits_for_something(run), (run, run.cause, run.sentence, run.waits_for_kind, run.waits_for_id)


def waits_for_something(run: SyncRun) -> bool:
    """A record that is not linked, or one about which a person is asked."""
    link = RecordLink.objects.filter(kind=run.waits_for_kind, coperniq_id=run.waits_for_id).first()
    if link is None:
        return True
    held = SyncRun.objects.held().filter(kind=run.waits_for_kind)
    return (
        held.filter(coperniq_id=link.coperniq_id).exists()
        or held.filter(quickbooks_id=link.quickbooks_id).exists()
    )


def check_once(found: Reckoning) -> None:
    """Whatever bears the portal's mark is linked: another would be its double."""
    for kind, documents in (("invoice", found.theirs), ("payment", found.receipts)):
        linked = set(links_of(kind).values_list("quickbooks_id", flat=True))
        ours = [row for row in documents.values() if "[Coperniq " in row.get("PrivateNote", "")]
        assert_linked([row["Id"] for row in ours], linked, f"{kind}s in QuickBooks")
    linked = set(links_of("invoice").values_list("coperniq_id", flat=True))
    marked = [id_ for id_, row in found.ours.items() if "QBO " in (row["description"] or "")]
    assert_linked(marked, linked, "invoices in Coperniq")
    linked = set(links_of("payment").values_list("coperniq_id", flat=True))
    rows = [(id_, payment) for id_, row in found.ours.items() for payment in row["payments"]]
    brought = [(id_, row) for id_, row in rows if payment_id_in(row["paymentReference"] or "")]
    assert_linked([str(row["id"]) for _, row in brought], linked, "payments in Coperniq")
    marks = Counter((id_, row["paymentReference"]) for id_, row in brought)
    assert not [mark for mark, count in marks.items() if count > 1], marks


def links_of(kind: str) -> Any:
    return RecordLink.objects.filter(kind=kind)


def assert_linked(ids: Iterable[str], linked: set[str], what: str) -> None:
    strangers = [id_ for id_ in ids if id_ not in linked]
    assert not strangers, f"{what} {strangers} were made by the portal and belong to nobody: they exist twice"


def check_invoices(found: Reckoning) -> None:
    links = {link.coperniq_id: link for link in links_of("invoice")}
    for id_, invoice in found.ours.items():
        link = links.get(id_)
        if found.why("invoice", id_, link.quickbooks_id if link else ""):
            continue
        if link is None:
            assert invoice["storedStatus"] == "DECLINED", f"invoice {id_} of Coperniq is lost"
        else:
            check_pair(invoice, found.theirs.get(link.quickbooks_id), link)
    known = {link.quickbooks_id for link in links.values()}
    people = set(standing_people().values_list("quickbooks_id", flat=True))
    for id_, document in found.theirs.items():
        if id_ in known or is_voided(document) or document["CustomerRef"]["value"] not in people:
            continue
        assert found.why("invoice", "", id_), f"invoice {id_} of QuickBooks is lost"


def standing_people() -> Any:
    """Not those that a person has linked after a merge: what was theirs before does not come over by itself."""
    return RecordLink.objects.filter(kind__in=("customer", "job")).exclude(
        match_method=RecordLink.MatchMethod.CHOSEN
    )


def check_pair(invoice: Row, document: Row | None, link: RecordLink) -> None:
    name = f"invoice {link.coperniq_id}/{link.quickbooks_id}"
    if document is None or is_voided(document):
        assert invoice["storedStatus"] == "DECLINED", f"{name} is gone in QuickBooks, and nobody says so"
        return
    assert invoice["storedStatus"] != "DECLINED", f"{name} is declined in Coperniq, and nobody says so"
    totals = cents(invoice["amount"]), cents(document["TotalAmt"])
    ours = {"memo": memo_of(invoice["description"] or "", numbered=True)}
    theirs = {"memo": without_tag(document.get("PrivateNote", ""))}
    ours["due"], theirs["due"] = str(invoice.get("dueDate") or "")[:10], document["DueDate"]
    if not ours["due"]:  # QuickBooks gives each invoice one; what people set is in another year
        theirs["due"] = document["DueDate"] if document["DueDate"].startswith(PEOPLES_YEAR) else ""
    if totals[0] != totals[1] and not warned_of_totals(link, totals):
        ours["total"], theirs["total"] = map(str, totals)
    assert ours == theirs, f"{name} differs, and nobody says so: {ours} {theirs}"


def check_open(found: Reckoning) -> None:
    """What is open of an invoice is equal on both sides, or a line says by how much it differs.

    Or a person is asked about the invoice, or about what it waits for: an edit of it goes over with the answer.
    """
    runs = SyncRun.objects.filter(kind="invoice", state__in=(RunState.HELD, RunState.WAITING))
    asked = {id_ for ids in runs.values_list("coperniq_id", "quickbooks_id") for id_ in ids}
    for link in links_of("invoice"):
        invoice, document = found.ours.get(link.coperniq_id), found.theirs.get(link.quickbooks_id)
        if invoice is None or document is None or is_voided(document) or link.invoice_state.ended:
            continue
        if invoice["storedStatus"] == "DECLINED" or asked & {link.coperniq_id, link.quickbooks_id}:
            continue
        name = f"invoice {link.coperniq_id}/{link.quickbooks_id}"
        sides = cents(invoice["amount"]) - cents(invoice["amountPaid"]), cents(document["Balance"])
        assert sides[0] - sides[1] == link.open_difference_cents, (name, sides, link.open_difference_cents)
        said = SyncLogEntry.objects.filter(cause="open_differs", quickbooks_id=link.quickbooks_id).last()
        if link.open_difference_cents:
            assert said is not None, name
            assert {change["field"] for change in said.changes} > {"Open in Coperniq", "Open in QuickBooks"}


def warned_of_totals(link: RecordLink, totals: tuple[int, int]) -> bool:
    """True if the newest line in the log about this invoice's content names both totals, as they are now."""
    entries = SyncLogEntry.objects.filter(kind="invoice", coperniq_id=link.coperniq_id)
    newest = entries.filter(outcome__in=(Outcome.DONE, Outcome.DONE_WITH_WARNING)).latest("id")
    return newest.outcome == Outcome.DONE_WITH_WARNING and all(
        f"${total / 100:,.2f} in " in newest.sentence for total in totals
    )


def check_payments(found: Reckoning) -> None:
    links = {link.coperniq_id: link for link in links_of("payment")}
    invoices = {link.coperniq_id: link for link in links_of("invoice")}
    standing: set[str] = set()
    for invoice_id, invoice in found.ours.items():
        theirs = invoices[invoice_id].quickbooks_id if invoice_id in invoices else ""
        for payment in invoice["payments"]:
            id_, link = str(payment["id"]), links.get(str(payment["id"]))
            standing.add(id_)
            if found.why("payment", id_, link.quickbooks_id if link else "") or found.why(
                "invoice", invoice_id, theirs
            ):
                continue
            assert link is not None, f"payment {id_} of Coperniq is lost"
            assert cents(payment["amount"]) == paid_there(found, link), (
                f"payment {id_}/{link.quickbooks_id} differs"
            )
    for id_, link in links.items():
        if id_ not in standing and not found.why("payment", id_, link.quickbooks_id):
            assert not paid_there(found, link), f"payment {id_} is gone in Coperniq, and nobody says so"
    check_receipts(found, {link.quickbooks_id: link for link in invoices.values()})


def paid_there(found: Reckoning, link: RecordLink) -> int:
    receipt = found.receipts.get(link.quickbooks_id)
    if receipt is None:
        return 0
    if not link.payment_state.is_share:
        return cents(receipt["TotalAmt"])
    return sum(amount for id_, amount in shares_of(receipt) if id_ == link.allocation_invoice_id)


def shares_of(receipt: Row) -> list[tuple[str, int]]:
    return [
        (line["LinkedTxn"][0]["TxnId"], cents(line["Amount"]))
        for line in receipt["Line"]
        if line.get("LinkedTxn")
    ]


def check_receipts(found: Reckoning, invoices: dict[str, RecordLink]) -> None:
    """Each share of money on a linked invoice has its payment in Coperniq. A payment of nothing only applies credits."""
    known = set(links_of("payment").values_list("quickbooks_id", "allocation_invoice_id"))
    for id_, receipt in found.receipts.items():
        for part, _ in shares_of(receipt) if cents(receipt["TotalAmt"]) else []:
            if part not in invoices or {(id_, part), (id_, "")} & known:
                continue
            said = found.why("payment", "", id_) or found.why("invoice", invoices[part].coperniq_id, part)
            assert said, f"payment {id_} of QuickBooks on invoice {part} is lost"


def check_calm(history: TwoWays) -> None:
    """Looking at everything once more writes nothing to either vendor, and changes nothing."""
    history.simulator.forget_log()
    before = history.simulator.state()
    history.look_everywhere()
    writes = [
        f"{call['vendor']} {call['method']} {call['path']}" for call in history.simulator.log(write=True)
    ]
    assert writes == []
    assert history.simulator.state() == before
