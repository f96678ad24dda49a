"""The parts that the lines of a QuickBooks invoice consist of: sales, discounts, tax, bundles, texts. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from integrations.coperniq.money import PRECISE
from integrations.json_reader import JsonReader
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import GROUP, QuickBooksInvoiceLine
from integrations.sync.invoices.mapping import SALES, SUBTOTAL, text_of

DISCOUNT, TEXT = "DiscountLineDetail", "DescriptionOnly"
INLINE_SUBTOTAL = re.compile(r"subtotal:[\s$\d.,-]*", re.IGNORECASE)
"""QuickBooks' own text for a sum of lines that stand above (docs/vendors/quickbooks-online.md, 5.2)."""
BOXES = {"SHIPPING_ITEM_ID": "Shipping", "GRATUITY_ITEM_ID": "Gratuity"}
"""Items that stand for a box of QuickBooks' form."""
FRACTION, TOO_FEW, TOO_FINE, UNEVEN = (
    "a fractional quantity",
    "a quantity below one",
    "a price finer than a cent",
    "an amount that is not quantity times price",
)
NO_ITEM, UNKNOWN_ITEM = "a line without an item", "an item that Coperniq does not have"
BUNDLE, TEXT_ONLY, REDUCED = "a bundle", "a line of text", "a discount"
TIMES = "\N{MULTIPLICATION SIGN}"

Matched = Callable[[str], str]
"""QuickBooks item → Coperniq's catalog item, "" where there is none."""


@dataclass(frozen=True)
class TextLine:
    """A text without an amount. It joins the line before, or where it `leads` the line after."""

    text: str
    sources: tuple[str, ...]
    why: str
    leads: bool = False


@dataclass(frozen=True)
class LinePart:
    """`catalog_id` is "" for a generic item. `told` is the real quantity and price.

    `is_whole`: quantity and price are the real ones, so that the text need not tell them.
    """

    item_id: str
    catalog_id: str
    quantity: int
    price_cents: int
    text: str
    told: str
    is_whole: bool
    sources: tuple[str, ...]
    why: tuple[str, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def amount_cents(self) -> int:
        return self.quantity * self.price_cents

    @property
    def description(self) -> str:
        return self.whole_text if self.is_whole else self.spelled_out

    @property
    def whole_text(self) -> str:
        return "\n".join(filter(None, (*self.before, self.text, *self.after)))

    @property
    def spelled_out(self) -> str:
        own = f"{self.text} ({self.told})" if self.text else self.told
        return "\n".join(filter(None, (*self.before, own, *self.after)))


def amount_part(cents: int, text: str, why: str) -> LinePart:
    """No line of QuickBooks', or none with a quantity."""
    return LinePart("", "", 1, cents, text, dollars(money(cents)), is_whole=True, sources=(), why=(why,))


def parts_of_invoice(
    lines: Iterable[QuickBooksInvoiceLine], matched: Matched, within: str = ""
) -> Iterator[LinePart | TextLine]:
    """`within`: the bundle that the lines are of, should they have no ids themselves."""
    for line in lines:
        sources = tuple(filter(None, [line.id or within]))
        if line.kind == GROUP and line.children:
            yield TextLine(_label(line.item_name, line.description), sources, BUNDLE, leads=True)
            yield from parts_of_invoice(line.children, matched, within=line.id)
        elif is_text(line):
            if line.description.strip() and not INLINE_SUBTOTAL.fullmatch(line.description.strip()):
                yield TextLine(line.description.strip(), sources, TEXT_ONLY)
        elif line.kind == DISCOUNT:
            if line.amount_cents:
                yield amount_part(-line.amount_cents, discount_text(line), REDUCED)
        elif line.kind != SUBTOTAL and not is_empty_box(line):
            yield sold(line, sources, matched)


def is_text(line: QuickBooksInvoiceLine) -> bool:
    """Also what names no item and comes to nothing. QuickBooks' inline subtotals may have an amount: a sum."""
    return line.kind == TEXT or not (line.item_id or line.amount_cents or line.kind in (DISCOUNT, SUBTOTAL))


def is_empty_box(line: QuickBooksInvoiceLine) -> bool:
    return line.item_id in BOXES and not line.amount_cents


def discount_text(line: QuickBooksInvoiceLine) -> str:
    percent = JsonReader(line.raw).child(DISCOUNT).decimal("DiscountPercent", None)
    return _label(f"Discount {text_of(percent)} %" if percent else "Discount", line.description)


def sold(line: QuickBooksInvoiceLine, sources: tuple[str, ...], matched: Matched) -> LinePart:
    catalog_id = matched(line.item_id) if line.kind == SALES and line.item_id not in ("", *BOXES) else ""
    fitting = as_it_is(line)
    quantity, price_cents = fitting or (1, line.amount_cents)
    reasons = ["" if catalog_id else why_generic(line), "" if fitting else why_folded(line)]
    return LinePart(
        item_id=line.item_id,
        catalog_id=catalog_id,
        quantity=quantity,
        price_cents=price_cents,
        text=line.description.strip() if catalog_id else generic_text(line),
        told=_amount_text(line),
        is_whole=fitting is not None,
        sources=sources,
        why=tuple(filter(None, reasons)),
    )


def as_it_is(line: QuickBooksInvoiceLine) -> tuple[int, int] | None:
    """Quantity and cents, if Coperniq can hold them. An amount alone is one at that amount."""
    quantity = Decimal(1) if line.quantity is None else line.quantity
    if quantity < 1 or quantity != quantity.to_integral_value():
        return None
    count = int(quantity)
    price, rest = divmod(line.amount_cents, count)
    is_exact = rest == 0 and line.unit_price in (None, money(price))
    return (count, price) if is_exact else None


def why_folded(line: QuickBooksInvoiceLine) -> str:
    if line.quantity is not None and line.quantity != line.quantity.to_integral_value():
        return FRACTION
    if line.quantity is not None and line.quantity < 1:
        return TOO_FEW
    if line.unit_price is None:
        return TOO_FINE
    cents = PRECISE.multiply(line.unit_price, Decimal(100))
    return UNEVEN if cents == cents.to_integral_value(context=PRECISE) else TOO_FINE


def why_generic(line: QuickBooksInvoiceLine) -> str:
    if line.kind == GROUP:
        return BUNDLE
    if line.item_id in BOXES:
        return BOXES[line.item_id].lower()
    return UNKNOWN_ITEM if line.item_id else NO_ITEM


def generic_text(line: QuickBooksInvoiceLine) -> str:
    """The name of the item as well, since the line in Coperniq bears another one."""
    return _label(BOXES.get(line.item_id, line.item_name), line.description) or "Line without a text"


def _amount_text(line: QuickBooksInvoiceLine) -> str:
    if line.quantity is None or line.unit_price is None:
        amount = dollars(money(line.amount_cents))
        return f"{text_of(line.quantity)} for {amount}" if line.quantity is not None else amount
    return f"{text_of(line.quantity)} {TIMES} {dollars(line.unit_price)}"


def _label(name: str, description: str) -> str:
    text = description.strip()
    return text if name.casefold() in text.casefold() else ": ".join(filter(None, (name, text)))


def dollars(amount: Decimal) -> str:
    """`-$1,234.50`; more decimals only where there are."""
    exponent = amount.normalize(PRECISE).as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{'-' if amount < 0 else ''}${amount.copy_abs():,.{places}f}"
