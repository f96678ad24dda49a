"""The lines of sales forms, payments and deposits: one class for all kinds, as Intuit's own schema has it."""

from __future__ import annotations

from simulator.quickbooks.schema import (
    Property,
    amount,
    block,
    date,
    flag,
    many,
    one_of,
    quantity,
    reference,
    text,
)

ITEM_LINE, NOTE_LINE, DISCOUNT_LINE = "SalesItemLineDetail", "DescriptionOnly", "DiscountLineDetail"
SUBTOTAL_LINE, GROUP_LINE = "SubTotalLineDetail", "GroupLineDetail"
DETAILS = {ITEM_LINE: ITEM_LINE, DISCOUNT_LINE: DISCOUNT_LINE, GROUP_LINE: GROUP_LINE}

_LINKED = many(block("LinkedTxn", TxnId=text(), TxnType=text(), TxnLineId=text()))
_MARKUP = block(
    "MarkupInfo",
    PriceLevelRef=reference(),
    Percent=amount(),
    MarkUpIncomeAccountRef=reference(read_only=True),
)
_ITEM_DETAIL = block(
    "SalesItemLineDetail",
    ItemRef=reference(),
    Qty=quantity(),
    UnitPrice=amount(),
    TaxCodeRef=reference(),
    ServiceDate=date(),
    ClassRef=reference(),
    DiscountRate=amount(),
    DiscountAmt=amount(),
    TaxInclusiveAmt=amount(),
    MarkupInfo=_MARKUP,
    ItemAccountRef=reference(read_only=True),
    TaxClassificationRef=reference(read_only=True),
)
_COMMON = {
    "Id": text(),
    "LineNum": amount(),
    "Description": text(4000),
    "Amount": amount(),
    "DetailType": one_of(ITEM_LINE, NOTE_LINE, DISCOUNT_LINE, SUBTOTAL_LINE, GROUP_LINE),
    "LinkedTxn": _LINKED,
    "CustomExtensions": many(Property("block", 0, True), read_only=True),
    ITEM_LINE: _ITEM_DETAIL,
    "DescriptionLineDetail": block("DescriptionLineDetail", TaxCodeRef=reference(), ServiceDate=date()),
}
_INNER = block("Line", **_COMMON)
SALES_LINE = block(
    "Line",
    **_COMMON,
    DiscountLineDetail=block(
        "DiscountLineDetail",
        PercentBased=flag(),
        DiscountPercent=amount(),
        DiscountAccountRef=reference(),
        TaxCodeRef=reference(),
        ClassRef=reference(),
    ),
    SubTotalLineDetail=block("SubTotalLineDetail", ItemRef=reference()),
    GroupLineDetail=block(
        "GroupLineDetail", GroupItemRef=reference(), Quantity=quantity(), Line=many(_INNER)
    ),
)
TAX_LINE = block(
    "Line",
    Amount=amount(),
    DetailType=one_of("TaxLineDetail"),
    TaxLineDetail=block(
        "TaxLineDetail",
        TaxRateRef=reference(),
        PercentBased=flag(),
        TaxPercent=amount(),
        NetAmountTaxable=amount(),
        TaxInclusiveAmount=amount(),
        OverrideDeltaAmount=amount(),
    ),
)
LINE_EX = "LineEx"
PAYMENT_LINE = block("Line", Amount=amount(), LinkedTxn=_LINKED, LineEx=Property("block", 0, True))
DEPOSIT_LINE = block("Line", Amount=amount(), LinkedTxn=_LINKED, Id=text(read_only=True))
