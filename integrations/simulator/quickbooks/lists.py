"""Accounts, items, payment methods and terms: read and asked through the API, entered by people."""

from __future__ import annotations

from integrations.simulator.quickbooks.entity import MOMENTS, Entity, with_common
from integrations.simulator.quickbooks.schema import amount, date, flag, reference, text

ACCOUNT = Entity(
    "Account",
    with_common(
        Name=text(100),
        AcctNum=text(),
        Description=text(100),
        AccountType=text(),
        AccountSubType=text(),
        AccountAlias=text(),
        TxnLocationType=text(),
        Active=flag(),
        CurrencyRef=reference(),
        ParentRef=reference(),
        TaxCodeRef=reference(),
        SubAccount=flag(read_only=True),
        Classification=text(read_only=True),
        FullyQualifiedName=text(read_only=True),
        CurrentBalance=amount(read_only=True),
        CurrentBalanceWithSubAccounts=amount(read_only=True),
    ),
    MOMENTS
    | {
        "Id",
        "Name",
        "AccountType",
        "AccountSubType",
        "Classification",
        "FullyQualifiedName",
        "Active",
        "CurrentBalance",
    },
    order="Name",
)
ITEM = Entity(
    "Item",
    with_common(
        Name=text(100),
        Type=text(),
        Sku=text(100),
        Description=text(4000),
        PurchaseDesc=text(1000),
        UnitPrice=amount(),
        PurchaseCost=amount(),
        Active=flag(),
        Taxable=flag(),
        TrackQtyOnHand=flag(),
        QtyOnHand=amount(),
        InvStartDate=date(),
        IncomeAccountRef=reference(),
        ExpenseAccountRef=reference(),
        AssetAccountRef=reference(),
        ParentRef=reference(),
        SubItem=flag(),
        SalesTaxCodeRef=reference(),
        ClassRef=reference(),
        FullyQualifiedName=text(read_only=True),
        Level=text(read_only=True),
        DeferredRevenue=flag(read_only=True),
    ),
    MOMENTS | {"Id", "Name", "Type", "Sku", "Active", "FullyQualifiedName", "UnitPrice"},
    order="Name",
)
PAYMENT_METHOD = Entity(
    "PaymentMethod",
    with_common(Name=text(31), Type=text(), Active=flag()),
    MOMENTS | {"Id", "Name", "Type", "Active"},
    order="Name",
)
TERM = Entity(
    "Term",
    with_common(
        Name=text(31),
        Type=text(),
        Active=flag(),
        DueDays=amount(),
        DiscountDays=amount(),
        DiscountPercent=amount(),
        DayOfMonthDue=amount(),
        DueNextMonthDays=amount(),
        DiscountDayOfMonth=amount(),
    ),
    MOMENTS | {"Id", "Name", "Type", "Active", "DueDays"},
    order="Name",
)
