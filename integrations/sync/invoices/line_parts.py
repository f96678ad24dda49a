"""Split the lines of a QuickBooks invoice into parts with an amount and texts without one. Pure."""

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
"""QuickBooks' own text for a subtotal of the lines above (docs/vendors/quickbooks-online.md, 5.2)."""
_BUILT_IN_ITEMS = {"SHIPPING_ITEM_ID": "Shipping", "GRATUITY_ITEM_ID": "Gratuity"}
"""Item ids that QuickBooks uses for fields of its invoice form."""
FRACTION, TOO_FEW, TOO_FINE, UNEVEN = (
    "a fractional quantity",
    "a quantity below one",
    "a price finer than a cent",
    "an amount that is not quantity times price",
)
NO_ITEM, UNKNOWN_ITEM = "a line without an item", "an item that Coperniq does not have"
BUNDLE, TEXT_ONLY, REDUCED = "a bundle", "a line of text", "a discount"
TIMES = "\N{MULTIPLICATION SIGN}"

_MatchItem = Callable[[str], str]
"""QuickBooks item → Coperniq's catalog item, "" if there is none."""


@dataclass(frozen=True)
class TextLine:
    """A text without an amount. It is joined to the line before, or to the line after if `is_heading`."""

    text: str
    sources: tuple[str, ...]
    reason: str
    is_heading: bool = False


@dataclass(frozen=True)
class LinePart:
    """`catalog_id` is "" for a generic item. `amount_text` shows QuickBooks' quantity and price.

    `is_exact`: quantity and price are QuickBooks' own, so that the description need not show them.
    """

    item_id: str
    catalog_id: str
    quantity: int
    price_cents: int
    text: str
    amount_text: str
    is_exact: bool
    sources: tuple[str, ...]
    reasons: tuple[str, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def amount_cents(self) -> int:
        return self.quantity * self.price_cents

    @property
    def description(self) -> str:
        return self._plain_text if self.is_exact else self.text_with_amount

    @property
    def _plain_text(self) -> str:
        return "\n".join(filter(None, (*self.before, self.text, *self.after)))

    @property
    def text_with_amount(self) -> str:
        own = f"{self.text} ({self.amount_text})" if self.text else self.amount_text
        return "\n".join(filter(None, (*self.before, own, *self.after)))


def amount_part(cents: int, text: str, reason: str) -> LinePart:
    """A part of quantity one, e.g. a discount or tax, which belongs to no line."""
    return LinePart(
        "", "", 1, cents, text, dollars(money(cents)), is_exact=True, sources=(), reasons=(reason,)
    )


def parts_of_invoice(
    lines: Iterable[QuickBooksInvoiceLine], match_item: _MatchItem, within: str = ""
) -> Iterator[LinePart | TextLine]:
    """`within`: id of the bundle, for lines of a bundle that have no id of their own."""
    for line in lines:
        sources = tuple(filter(None, [line.id or within]))
        if line.kind == GROUP and line.children:
            yield TextLine(_label(line.item_name, line.description), sources, BUNDLE, is_heading=True)
            yield from parts_of_invoice(line.children, match_item, within=line.id)
        elif _is_text_line(line):
            if line.description.strip() and not INLINE_SUBTOTAL.fullmatch(line.description.strip()):
                yield TextLine(line.description.strip(), sources, TEXT_ONLY)
        elif line.kind == DISCOUNT:
            if line.amount_cents:
                yield amount_part(-line.amount_cents, _discount_text(line), REDUCED)
        elif line.kind != SUBTOTAL and not _is_unused_built_in(line):
            yield _sale_part(line, sources, match_item)


def _is_text_line(line: QuickBooksInvoiceLine) -> bool:
    """Also a line without an item and an amount. The amount of an inline subtotal is a sum, and not counted."""
    return line.kind == TEXT or not (line.item_id or line.amount_cents or line.kind in (DISCOUNT, SUBTOTAL))


def _is_unused_built_in(line: QuickBooksInvoiceLine) -> bool:
    return line.item_id in _BUILT_IN_ITEMS and not line.amount_cents


def _discount_text(line: QuickBooksInvoiceLine) -> str:
    percent = JsonReader(line.raw).child(DISCOUNT).decimal("DiscountPercent", None)
    return _label(f"Discount {text_of(percent)} %" if percent else "Discount", line.description)


def _sale_part(line: QuickBooksInvoiceLine, sources: tuple[str, ...], match_item: _MatchItem) -> LinePart:
    catalog_id = (
        match_item(line.item_id) if line.kind == SALES and line.item_id not in ("", *_BUILT_IN_ITEMS) else ""
    )
    exact = _exact_amounts(line)
    quantity, price_cents = exact or (1, line.amount_cents)
    reasons = ["" if catalog_id else _generic_reason(line), "" if exact else _folding_reason(line)]
    return LinePart(
        item_id=line.item_id,
        catalog_id=catalog_id,
        quantity=quantity,
        price_cents=price_cents,
        text=line.description.strip() if catalog_id else _generic_text(line),
        amount_text=_amount_text(line),
        is_exact=exact is not None,
        sources=sources,
        reasons=tuple(filter(None, reasons)),
    )


def _exact_amounts(line: QuickBooksInvoiceLine) -> tuple[int, int] | None:
    """Quantity and price in cents, if Coperniq can hold them. A line with an amount alone has quantity one."""
    quantity = Decimal(1) if line.quantity is None else line.quantity
    if quantity < 1 or quantity != quantity.to_integral_value():
        return None
    count = int(quantity)
    price, rest = divmod(line.amount_cents, count)
    is_exact = rest == 0 and line.unit_price in (None, money(price))
    return (count, price) if is_exact else None


def _folding_reason(line: QuickBooksInvoiceLine) -> str:
    if line.quantity is not None and line.quantity != line.quantity.to_integral_value():
        return FRACTION
    if line.quantity is not None and line.quantity < 1:
        return TOO_FEW
    if line.unit_price is None:
        return TOO_FINE
    cents = PRECISE.multiply(line.unit_price, Decimal(100))
    return UNEVEN if cents == cents.to_integral_value(context=PRECISE) else TOO_FINE


def _generic_reason(line: QuickBooksInvoiceLine) -> str:
    if line.kind == GROUP:
        return BUNDLE
    if line.item_id in _BUILT_IN_ITEMS:
        return _BUILT_IN_ITEMS[line.item_id].lower()
    return UNKNOWN_ITEM if line.item_id else NO_ITEM


def _generic_text(line: QuickBooksInvoiceLine) -> str:
    """Include the item's name, because the line in Coperniq shows that of the generic item."""
    return (
        _label(_BUILT_IN_ITEMS.get(line.item_id, line.item_name), line.description) or "Line without a text"
    )


def _amount_text(line: QuickBooksInvoiceLine) -> str:
    if line.quantity is None or line.unit_price is None:
        amount = dollars(money(line.amount_cents))
        return f"{text_of(line.quantity)} for {amount}" if line.quantity is not None else amount
    return f"{text_of(line.quantity)} {TIMES} {dollars(line.unit_price)}"


def _label(name: str, description: str) -> str:
    text = description.strip()
    return text if name.casefold() in text.casefold() else ": ".join(filter(None, (name, text)))


def dollars(amount: Decimal) -> str:
    """`-$1,234.50`; more than two decimals only if the amount has them."""
    exponent = amount.normalize(PRECISE).as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{'-' if amount < 0 else ''}${amount.copy_abs():,.{places}f}"
