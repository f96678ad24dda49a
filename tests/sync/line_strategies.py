"""QuickBooks invoices to be folded: as examples, and at random."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import strategies as st

from integrations.quickbooks.documents import QuickBooksInvoice, parse_quickbooks_invoice
from integrations.sync.invoices.line_folding import FoldedLines, fold_lines

CATALOG = {"1": "31", "2": "32", "3": "31", "4": None, "5": "90"}
"""Items 1 and 3 are the same one in Coperniq; 5 was matched to a generic item."""
GENERIC = ("90", "91")
Raw = dict[str, Any]


def sale(
    item: str, quantity: object, price: object, amount: object = None, text: str = "", **more: Any
) -> Raw:
    """The amount is the product unless told."""
    factors = [None if given is None else Decimal(str(given)) for given in (quantity, price)]
    if amount is None:
        product = (factors[0] if factors[0] is not None else Decimal(1)) * (factors[1] or Decimal(0))
        amount = product.quantize(Decimal("0.01"), ROUND_HALF_UP)
    detail: Raw = {"ItemRef": {"value": item, "name": f"Item {item}"}} if item else {}
    detail |= {name: n for name, n in zip(("Qty", "UnitPrice"), factors, strict=True) if n is not None}
    return {
        "DetailType": "SalesItemLineDetail",
        "Description": text,
        "Amount": Decimal(str(amount)),
        "SalesItemLineDetail": detail,
    } | more


def note(text: str, **more: Any) -> Raw:
    return {"DetailType": "DescriptionOnly", "Description": text, "DescriptionLineDetail": {}} | more


def discount(amount: object, percent: int | None = None, text: str = "") -> Raw:
    detail = {"PercentBased": percent is not None} | (
        {"DiscountPercent": Decimal(percent)} if percent else {}
    )
    return {
        "DetailType": "DiscountLineDetail",
        "Description": text,
        "Amount": Decimal(str(amount)),
        "DiscountLineDetail": detail,
    }


def bundle(*children: Raw, amount: object = 0, text: str = "", **detail: Any) -> Raw:
    given = {
        "GroupItemRef": {"value": "70", "name": "Roof kit"},
        "Quantity": Decimal(1),
        "Line": list(children),
    }
    return {
        "DetailType": "GroupLineDetail",
        "Description": text,
        "Amount": Decimal(str(amount)),
        "GroupLineDetail": given | detail,
    }


def subtotal(amount: object) -> Raw:
    return {"DetailType": "SubTotalLineDetail", "Amount": Decimal(str(amount)), "SubTotalLineDetail": {}}


def worth(line: Raw) -> Decimal:
    """What the line adds to the total."""
    kind, amount = line["DetailType"], Decimal(line.get("Amount", 0))
    children = line.get("GroupLineDetail", {}).get("Line", [])
    if children:
        return sum((worth(child) for child in children), Decimal(0))
    signs = {"DiscountLineDetail": -1, "DescriptionOnly": 0, "SubTotalLineDetail": 0}
    return amount * signs.get(kind, 1)


def an_invoice(*lines: Raw, tax: object = 0, total: object = None) -> QuickBooksInvoice:
    """Lines that can have an id have their place in the list as one."""
    found = sum(map(worth, lines), Decimal(str(tax))) if total is None else Decimal(str(total))
    idless = ("SubTotalLineDetail", "DiscountLineDetail")
    named = [
        line if line["DetailType"] in idless else {"Id": f"{n}"} | line for n, line in enumerate(lines, 1)
    ]
    return parse_quickbooks_invoice(
        {
            "Id": "155",
            "SyncToken": "0",
            "CustomerRef": {"value": "1"},
            "TxnDate": "2026-04-01",
            "TotalAmt": found,
            "Balance": found,
            "TxnTaxDetail": {"TotalTax": Decimal(str(tax))},
            "Line": named,
        }
    )


def folded(*lines: Raw, tax: object = 0, total: object = None) -> FoldedLines:
    return fold_lines(an_invoice(*lines, tax=tax, total=total), CATALOG.get, GENERIC)


def logged(found: FoldedLines) -> list[tuple[str, int, int, str]]:
    return [(line.item, line.quantity, line.price_cents, line.description) for line in found.lines]


QUANTITIES = st.none() | st.integers(-2, 5) | st.decimals(-20, 20, places=2) | st.decimals(-9, 9, places=5)
PRICES = (
    st.none()
    | st.sampled_from(["40", "12.5"])
    | st.decimals(-99, 999, places=2)
    | st.decimals(-9, 9, places=5)
)
AMOUNTS = st.decimals(-99999, 99999, places=2)
TEXTS = st.sampled_from(["", "Cable", "Labor", "x" * 3000, " a\nb "])
ITEMS = st.sampled_from(["1", "2", "3", "4", "5", "", "SHIPPING_ITEM_ID", "GRATUITY_ITEM_ID"])
SALES = st.builds(sale, ITEMS, QUANTITIES, PRICES, st.none() | AMOUNTS, TEXTS)
NOTES = st.builds(note, TEXTS | st.sampled_from(["Subtotal:", "Subtotal: 40.00"]))
DISCOUNTS = st.builds(discount, AMOUNTS, st.none() | st.integers(1, 100), TEXTS)
BUNDLES = st.builds(
    lambda children, amount, text: bundle(*children, amount=amount, text=text),
    st.lists(SALES | NOTES, max_size=3),
    AMOUNTS,
    TEXTS,
)
ODD = st.builds(lambda amount: {"DetailType": "TaxLineDetail", "Amount": amount}, AMOUNTS)
LINES = st.lists(
    SALES | SALES | SALES | NOTES | DISCOUNTS | BUNDLES | ODD | st.builds(subtotal, AMOUNTS), max_size=7
)
INVOICES = st.builds(
    lambda lines, tax, total: an_invoice(*lines, tax=tax, total=total),
    LINES,
    st.just(0) | AMOUNTS,
    st.none() | AMOUNTS,
)
PLAIN_SALES = st.builds(
    sale,
    st.sampled_from(["1", "2", "3"]),
    st.integers(1, 5),
    st.decimals(-99, 999, places=2),
    st.none(),
    TEXTS,
)
PLAIN_INVOICES = st.builds(lambda lines: an_invoice(*lines), st.lists(PLAIN_SALES, min_size=1, max_size=2))
