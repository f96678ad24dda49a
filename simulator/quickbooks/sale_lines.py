"""The lines of a sale: what each must hold, and what all of them add up to.

docs/vendors/quickbooks-online.md, 5.2.
"""

from __future__ import annotations

from copy import deepcopy
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from simulator.quickbooks import errors
from simulator.quickbooks.company import Company, Record
from simulator.quickbooks.entities import (
    DISCOUNT_LINE,
    GROUP_LINE,
    ITEM_LINE,
    LINE_DETAILS,
    NOTE_LINE,
    SUBTOTAL_LINE,
)
from simulator.quickbooks.responses import CENT, Json, cents, refused
from simulator.quickbooks.rules import active_reference

MOST_LINES, MOST_TAXED_LINES = 10_000, 750
PSEUDO_ITEMS = {"SHIPPING_ITEM_ID", "GRATUITY_ITEM_ID"}
TAX_CODES = {"TAX", "NON"}
_WHOLE, _PART = Decimal(10) ** 10, -5


def require_line_details(body: Json) -> None:
    """A line must carry the detail its type names, even an empty one. Looked at before empty parts are dropped."""
    for line in body.get("Line") or []:
        if not isinstance(line, dict):
            raise errors.bad_property("Can not construct instance of com.intuit.schema.finance.v3.Line")
        if not line.get("DetailType"):
            raise errors.missing("Line.DetailType")
        detail = LINE_DETAILS.get(str(line["DetailType"]))
        if detail and line.get(detail) is None:
            raise errors.missing(f"Line.{detail}")


def settle_lines(company: Company, record: Record, old: Record | None) -> None:
    """Numbers the lines, drops those QuickBooks makes itself, and puts the discount last."""
    wanted = [one for one in record.fields.get("Line", []) if one["DetailType"] != SUBTOTAL_LINE]
    before = old.fields["Line"] if old else []
    known = {one["Id"] for one in [*before, *item_lines(before)] if "Id" in one}
    kept = [_settled(company, deepcopy(one)) for one in wanted]
    plain = [one for one in kept if one["DetailType"] != DISCOUNT_LINE]
    for position, line in enumerate(plain, 1):
        _number(record, line, known)
        line["LineNum"] = position
        for inner in line.get(GROUP_LINE, {}).get("Line", []):
            _number(record, inner, known)
    record.fields["Line"] = [*plain, *(one for one in kept if one["DetailType"] == DISCOUNT_LINE)]


def merge_lines(before: list[Json], sent: object) -> list[Json]:
    """Each sent line in the place of the one whose Id it has; those that were not sent stay, new ones follow."""
    given = sent if isinstance(sent, list) else []
    by_id = {one["Id"]: one for one in given if "Id" in one}
    known = {one.get("Id") for one in before}
    replaced = [by_id.get(one.get("Id", ""), one) for one in before]
    return [*replaced, *(one for one in given if one.get("Id") not in known)]


def _number(record: Record, line: Json, known: set[str]) -> None:
    """One that is absent, not positive or unknown makes a new line; no number is used twice."""
    if line.get("Id") in known:
        known.discard(line["Id"])
        return
    record.sale.lines_used += 1
    line["Id"] = str(record.sale.lines_used)


def _settled(company: Company, line: Json) -> Json:
    if line["DetailType"] == DISCOUNT_LINE:
        return {name: value for name, value in line.items() if name not in {"Id", "LineNum"}}
    if line["DetailType"] == ITEM_LINE:
        return _settled_item(company, line)
    if line["DetailType"] == GROUP_LINE:
        return _settled_group(company, line)
    return {name: value for name, value in line.items() if name != "Amount"}


def _settled_item(company: Company, line: Json) -> Json:
    detail = line.setdefault(ITEM_LINE, {})
    if "ItemRef" not in detail:
        way = company.switch("itemless_lines")
        if way == "refused":
            raise errors.missing(f"Line.{ITEM_LINE}.ItemRef")
        if way == "ignored":
            kept: Json = {name: line[name] for name in ("Id", "Description") if name in line}
            return {**kept, "DetailType": NOTE_LINE, "DescriptionLineDetail": {}}
        if way == "replaced":
            detail["ItemRef"] = {"value": default_item(company)}
    detail.setdefault("TaxCodeRef", {"value": "NON"})
    return line


def default_item(company: Company) -> str:
    items = company.records["Item"].values()
    return next((one.id for one in items if one.fields["Name"] == "Services"), "1")


def _settled_group(company: Company, line: Json) -> Json:
    """A bundle named without its parts brings them along, each as often as the bundle is sold."""
    line.pop("Amount", None)
    detail = line.setdefault(GROUP_LINE, {})
    group = company.find("Item", detail.get("GroupItemRef", {}).get("value", ""))
    times = detail.setdefault("Quantity", Decimal(1))
    if "Line" not in detail and group is not None:
        parts = group.fields.get("ItemGroupDetail", {}).get("ItemGroupLine", [])
        detail["Line"] = [_part(company, one, times) for one in parts]
    detail["Line"] = [_settled_item(company, one) for one in detail.get("Line", [])]
    return line


def _part(company: Company, part: Json, times: Decimal) -> Json:
    item = company.find("Item", part["ItemRef"]["value"])
    price = item.fields.get("UnitPrice", Decimal(0)) if item else Decimal(0)
    count = part.get("Qty", Decimal(1)) * times
    detail = {"ItemRef": part["ItemRef"], "Qty": count, "UnitPrice": price}
    return {
        "DetailType": ITEM_LINE,
        "Amount": (count * price).quantize(CENT, ROUND_HALF_UP),
        ITEM_LINE: detail,
    }


def item_lines(lines: list[Json]) -> list[Json]:
    """Those that carry money, the parts of bundles among them."""
    found = []
    for line in lines:
        if line["DetailType"] == ITEM_LINE:
            found.append(line)
        found += line.get(GROUP_LINE, {}).get("Line", [])
    return found


def check_lines(company: Company, record: Record, old: Record | None) -> None:
    lines = record.fields["Line"]
    if not lines:
        raise errors.no_lines()
    known = {one["Id"]: one for one in item_lines(old.fields["Line"] if old else [])}
    for line in item_lines(lines):
        _check_item_line(company, line, known.get(line["Id"]))
    for line in lines:
        if line["DetailType"] == GROUP_LINE:
            _check_item(company, line[GROUP_LINE].get("GroupItemRef", {}).get("value", ""))
    _check_discount(company, [one for one in lines if one["DetailType"] == DISCOUNT_LINE])
    _check_count(company, lines)


def _check_item_line(company: Company, line: Json, before: Json | None) -> None:
    if "Amount" not in line:
        raise errors.missing("Line.Amount")
    refuse_bad_amount("Line.Amount", line["Amount"])
    detail = line[ITEM_LINE]
    if company.settings.country == "US" and detail["TaxCodeRef"]["value"] not in TAX_CODES:
        raise refused(
            "6100", "Invalid tax code", "The tax code of a line must be TAX or NON", "Line.TaxCodeRef"
        )
    item = detail.get("ItemRef")
    same = before is not None and before[ITEM_LINE].get("ItemRef") == item
    if item and not (same and company.switch("inactive_on_known_line") == "keep"):
        _check_item(company, item["value"])
    _check_product(company, line["Amount"], detail)


def _check_item(company: Company, id_: str) -> None:
    if id_ in PSEUDO_ITEMS:
        return
    item = company.find("Item", id_)
    if item is None or not item.active or item.fields["Type"] == "Category":
        raise errors.not_found()


def refuse_bad_amount(name: str, amount: Decimal) -> None:
    """Fifteen digits, ten before the point and five behind it."""
    exponent = amount.as_tuple().exponent
    if abs(amount) >= _WHOLE or (isinstance(exponent, int) and exponent < _PART):
        raise errors.bad_amount(name, amount)


def _check_product(company: Company, amount: Decimal, detail: Json) -> None:
    if "UnitPrice" in detail:
        refuse_bad_amount("Line.SalesItemLineDetail.UnitPrice", detail["UnitPrice"])
    if "Qty" not in detail or "UnitPrice" not in detail:
        return
    product = detail["Qty"] * detail["UnitPrice"]
    ways = {"half_up": [ROUND_HALF_UP], "half_even": [ROUND_HALF_EVEN]}
    allowed = ways.get(str(company.switch("line_rounding")), [ROUND_HALF_UP, ROUND_HALF_EVEN])
    rounded = [product.quantize(CENT, way) for way in allowed]
    if amount not in rounded:
        raise errors.miscalculated(amount, rounded[0])


def _check_discount(company: Company, discounts: list[Json]) -> None:
    if discounts and not company.settings.allow_discount:
        code = str(company.switch("discounts_off_code"))
        raise errors.business("Discounts are not switched on in these books.", code)
    if len(discounts) > 1:
        raise errors.business("A form has one discount.")
    for line in discounts:
        detail = line.get(DISCOUNT_LINE, {})
        percent = detail.get("DiscountPercent") if detail.get("PercentBased") else None
        if percent is None and (detail.get("PercentBased") or "Amount" not in line):
            raise refused(
                "6090", "Invalid discount", "A discount needs an amount or a percentage", "Line.Amount"
            )
        if (percent is None and line["Amount"] < 0) or (percent is not None and percent < 0):
            raise errors.negative("Line.Amount")
        if percent is not None and percent > 100:
            raise errors.bad_amount("DiscountPercent", percent)
        active_reference(company, "Account", detail, "DiscountAccountRef")


def _check_count(company: Company, lines: list[Json]) -> None:
    taxed = company.settings.using_sales_tax and any(is_taxed(one) for one in item_lines(lines))
    most = MOST_TAXED_LINES if taxed else MOST_LINES
    if len(lines) > most:
        raise errors.business(f"A form has at most {most} lines.")


def is_taxed(line: Json) -> bool:
    return bool(line[ITEM_LINE].get("TaxCodeRef", {}).get("value") == "TAX")


def add_up(company: Company, record: Record) -> None:
    sale, lines = record.sale, record.fields["Line"]
    paying = item_lines(lines)
    sale.subtotal = sum(cents(one["Amount"]) for one in paying)
    sale.discount = _discount_cents(lines, sale.subtotal)
    taxable = sum(cents(one["Amount"]) for one in paying if is_taxed(one))
    if record.fields.get("ApplyTaxAfterDiscount") and sale.subtotal:
        taxable -= cents(Decimal(sale.discount) * taxable / sale.subtotal / 100)
    sale.tax = _tax_cents(company, record, taxable)
    sale.total = sale.subtotal - sale.discount + sale.tax
    if sale.total < 0:
        raise _below_zero(company)
    sale.deposit = _deposit_cents(company, record)


def _below_zero(company: Company) -> Exception:
    if company.switch("negative_total_code") == "2290":
        return errors.negative("TotalAmt")
    return errors.business("Transaction amount must be 0 or greater.")


def _discount_cents(lines: list[Json], subtotal: int) -> int:
    """A percentage counts, whatever amount was sent beside it."""
    for line in lines:
        if line["DetailType"] == DISCOUNT_LINE:
            if line[DISCOUNT_LINE].get("PercentBased"):
                line["Amount"] = Decimal(
                    cents(subtotal * line[DISCOUNT_LINE]["DiscountPercent"] / 10_000)
                ).scaleb(-2)
            return cents(line["Amount"])
    return 0


def _tax_cents(company: Company, record: Record, taxable: int) -> int:
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


def _computed(sent: Json, taxable: int, percent: Decimal) -> tuple[int, Json]:
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


def _deposit_cents(company: Company, record: Record) -> int:
    if "Deposit" not in record.fields:
        return 0
    if not company.settings.allow_deposit:
        raise errors.business("Deposits are not switched on in these books.")
    found = cents(record.fields["Deposit"])
    if not 0 <= found <= record.sale.total:
        raise errors.negative("Deposit")
    return found
