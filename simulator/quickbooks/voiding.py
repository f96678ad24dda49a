"""Voiding and deleting sales and payments: docs/vendors/quickbooks-online.md, 5.5 and 6."""

from __future__ import annotations

from copy import deepcopy

from simulator.quickbooks import errors, sale_rules
from simulator.quickbooks.company import Company, Record, owed, rebalance
from simulator.quickbooks.entities import DISCOUNT_LINE, GROUP_LINE, ITEM_LINE
from simulator.quickbooks.payments import release_payment
from simulator.quickbooks.responses import Json
from simulator.quickbooks.sale_rules import refuse_linked

VOIDED = "Voided"


def void(company: Company, record: Record) -> Record:
    """A second time changes nothing."""
    _refuse(company, record)
    if record.sale.voided:
        return record
    before = owed(record)
    record.sync_token += 1
    record.updated = company.now()
    record.sale.voided = True
    company.changed(record, "Void")
    if record.entity == "Payment":
        release_payment(company, record)
        record.fields = {**record.fields, "Line": [], "TotalAmt": 0}
    else:
        _zero(record)
        rebalance(company, before, owed(record))
    _note(company, record)
    return record


def delete(company: Company, record: Record) -> None:
    _refuse(company, record)
    if record.entity == "Payment":
        record.updated = company.now()
        release_payment(company, record)
    else:
        rebalance(company, owed(record), owed())
    company.remove(record)


def _refuse(company: Company, record: Record) -> None:
    sale_rules.refuse_closed(company, record.fields["TxnDate"])
    if record.entity != "Payment":
        refuse_linked(company, record)
    elif record.sale.deposit_id:
        raise errors.deposited()


def _zero(record: Record) -> None:
    fields = deepcopy(record.fields)
    for line in fields["Line"]:
        for one in [line, *line.get(GROUP_LINE, {}).get("Line", [])]:
            _zero_line(one)
    fields.pop("TxnTaxDetail", None)
    fields.pop("Deposit", None)
    record.fields = fields
    sale = record.sale
    sale.total = sale.subtotal = sale.tax = sale.discount = sale.deposit = 0


def _zero_line(line: Json) -> None:
    """Quantities go, prices stay, as recorded."""
    if "Amount" in line:
        line["Amount"] = 0
    if "Qty" in line.get(ITEM_LINE, {}):
        line[ITEM_LINE]["Qty"] = 0
    if line["DetailType"] == DISCOUNT_LINE:
        line[DISCOUNT_LINE] = {"PercentBased": False}


def _note(company: Company, record: Record) -> None:
    """Recorded before the old note on payments; on invoices recorded only without an old note."""
    keeps = record.entity == "Payment" or company.switch("void_note") == "kept_behind"
    kept = record.fields.get("PrivateNote", "") if keeps else ""
    record.fields = {**record.fields, "PrivateNote": f"{VOIDED} - {kept}"[:4000] if kept else VOIDED}
