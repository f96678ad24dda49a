"""What a form adds up to: lines, then the discount, then the tax of these books."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from simulator.quickbooks import problems
from simulator.quickbooks.sales.form_lines import DISCOUNT_LINE
from simulator.quickbooks.sales.lines import is_taxed, item_lines
from simulator.quickbooks.sales.money import cents

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record


def add_up(company: Company, record: Record) -> None:
    sale, lines = record.sale, record.fields["Line"]
    paying = item_lines(lines)
    sale.subtotal = sum(cents(one["Amount"]) for one in paying)
    sale.discount = _discount(lines, sale.subtotal)
    taxable = sum(cents(one["Amount"]) for one in paying if is_taxed(one))
    if record.fields.get("ApplyTaxAfterDiscount") and sale.subtotal:
        taxable -= cents(Decimal(sale.discount) * taxable / sale.subtotal / 100)
    sale.tax = _tax(company, record, taxable)
    sale.total = sale.subtotal - sale.discount + sale.tax
    if sale.total < 0:
        raise _below_zero(company)
    sale.deposit = _deposit(company, record)


def _below_zero(company: Company) -> Exception:
    if company.switch("negative_total_code") == "2290":
        return problems.negative("TotalAmt")
    return problems.business("Transaction amount must be 0 or greater.")


def _discount(lines: list[dict[str, Any]], subtotal: int) -> int:
    """A percentage counts, whatever amount was sent beside it."""
    for line in lines:
        if line["DetailType"] == DISCOUNT_LINE:
            if line[DISCOUNT_LINE].get("PercentBased"):
                line["Amount"] = Decimal(
                    cents(subtotal * line[DISCOUNT_LINE]["DiscountPercent"] / 10_000)
                ).scaleb(-2)
            return cents(line["Amount"])
    return 0


def _tax(company: Company, record: Record, taxable: int) -> int:
    """Without sales tax whatever was sent is dropped; with the automatic one the engine decides."""
    settings, sent = company.settings, record.fields.get("TxnTaxDetail", {})
    if not settings.using_sales_tax:
        record.fields.pop("TxnTaxDetail", None)
        return 0
    if settings.automated_sales_tax:
        record.fields["TxnTaxDetail"] = sent = {"TxnTaxCodeRef": {"value": "2"}}
    by_code = _computed(sent, taxable, Decimal(settings.tax_percent)) if "TxnTaxCodeRef" in sent else None
    if "TotalTax" in sent and (by_code is None or cents(sent["TotalTax"]) != by_code[0]):
        if not sent["TotalTax"] and len(sent) == 1:
            del record.fields["TxnTaxDetail"]  # what a form without tax shows, read and sent back
        return cents(sent["TotalTax"])
    if by_code is not None:
        record.fields["TxnTaxDetail"] = by_code[1]
        return by_code[0]
    return sum(cents(one.get("Amount", 0)) for one in sent.get("TaxLine", []))


def _computed(sent: dict[str, Any], taxable: int, percent: Decimal) -> tuple[int, dict[str, Any]]:
    """The tax in cents, and the detail that explains it."""
    found = cents(taxable * percent / 10_000)
    if not found:
        return 0, {"TxnTaxCodeRef": sent["TxnTaxCodeRef"]}
    detail = {
        "TaxRateRef": {"value": "3"},
        "PercentBased": True,
        "TaxPercent": percent,
        "NetAmountTaxable": Decimal(taxable).scaleb(-2),
    }
    amount = Decimal(found).scaleb(-2)
    line = {"Amount": amount, "DetailType": "TaxLineDetail", "TaxLineDetail": detail}
    return found, {"TxnTaxCodeRef": sent["TxnTaxCodeRef"], "TaxLine": [line]}


def _deposit(company: Company, record: Record) -> int:
    if "Deposit" not in record.fields:
        return 0
    if not company.settings.allow_deposit:
        raise problems.business("Deposits are not switched on in these books.")
    found = cents(record.fields["Deposit"])
    if not 0 <= found <= record.sale.total:
        raise problems.negative("Deposit")
    return found
