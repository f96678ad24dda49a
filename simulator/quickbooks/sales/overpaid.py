"""An invoice whose total falls below what was paid on it: the payments keep the rest, unapplied."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from simulator.quickbooks.balances import owed, rebalance
from simulator.quickbooks.sales.money import cents

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record


def unapply(company: Company, invoice: Record) -> None:
    """The last payment gives way first."""
    for id_ in reversed(list(invoice.sale.applied)):
        if invoice.sale.open >= 0:
            return
        payment = company.records["Payment"][id_]
        before = owed(payment, invoice)
        _reduce(payment, invoice, min(-invoice.sale.open, invoice.sale.applied[id_]))
        payment.sync_token += 1
        payment.updated = invoice.updated
        company.changed(payment)
        rebalance(company, before, owed(payment, invoice))


def _reduce(payment: Record, invoice: Record, excess: int) -> None:
    for applied, key in ((payment.sale.applied, f"Invoice:{invoice.id}"), (invoice.sale.applied, payment.id)):
        applied[key] -= excess
        if not applied[key]:
            del applied[key]
    kept: list[dict[str, Any]] = []
    for line in reversed(payment.fields["Line"]):
        link = line["LinkedTxn"][0]
        cut = (
            min(excess, cents(line["Amount"]))
            if (link["TxnType"], link["TxnId"]) == ("Invoice", invoice.id)
            else 0
        )
        excess -= cut
        if cut < cents(line["Amount"]):
            kept.insert(0, {**line, "Amount": line["Amount"] - Decimal(cut).scaleb(-2)})
    payment.fields = {**payment.fields, "Line": kept}
