"""Credit memos meet invoices in a payment of nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record

AUTOMATIC_NOTE = "Created by QB Online to link credits to charges."


def application(invoice: Record, memo: Record, amount: Decimal | int | None = None) -> dict[str, Any]:
    share = Decimal(min(invoice.sale.open, memo.sale.open)).scaleb(-2) if amount is None else amount
    return {
        "CustomerRef": invoice.fields["CustomerRef"],
        "TotalAmt": 0,
        "Line": [
            {"Amount": share, "LinkedTxn": [{"TxnId": one.id, "TxnType": one.entity}]}
            for one in (invoice, memo)
        ],
    }


def automatic(company: Company, record: Record) -> dict[str, Any] | None:
    """What QuickBooks would do next by itself for a new invoice, where the company lets it."""
    if record.entity != "Invoice" or not company.settings.auto_apply_credit or record.sale.open <= 0:
        return None
    memos = company.index.by("CreditMemo", "CustomerRef", record.fields["CustomerRef"]["value"])
    memo = next((one for one in memos if one.sale.open > 0), None)
    return {**application(record, memo), "PrivateNote": AUTOMATIC_NOTE} if memo else None
