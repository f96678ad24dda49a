"""The entities of the v3 API that are modelled, each with its known properties and what a query may filter by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.simulator.quickbooks.schema import (
    ADDRESS,
    EMAIL,
    EVERYWHERE,
    WEB,
    Property,
    amount,
    block,
    date,
    flag,
    phone,
    reference,
    text,
)

MOMENTS = frozenset({"MetaData.CreateTime", "MetaData.LastUpdatedTime"})
PERSON_FILTERS = (
    frozenset({"DisplayName", "GivenName", "MiddleName", "FamilyName", "PrintOnCheckName", "Id", "Active"})
    | MOMENTS
)


@dataclass(frozen=True)
class Entity:
    """`order` is what lists come sorted by when nobody asks; `api_writes` False: only people change it, for now."""

    name: str
    properties: Mapping[str, Property]
    filterable: frozenset[str]
    order: str
    title: str = "Name"
    api_writes: bool = False
    counted: bool = False


def _with(**own: Property) -> dict[str, Property]:
    return {**EVERYWHERE, **own}


_PERSON = {
    "DisplayName": text(500),
    "Title": text(16),
    "GivenName": text(100),
    "MiddleName": text(100),
    "FamilyName": text(100),
    "Suffix": text(16),
    "PrintOnCheckName": text(110),
    "PrimaryEmailAddr": EMAIL,
    "Active": flag(),
}
_COMPANY_CONTACT = {
    "CompanyName": text(100),
    "PrimaryPhone": phone(),
    "AlternatePhone": phone(),
    "Mobile": phone(),
    "Fax": phone(),
    "WebAddr": WEB,
    "BillAddr": ADDRESS,
    "CurrencyRef": reference(),
    "GSTIN": text(15),
    "GSTRegistrationType": text(15),
    "BusinessNumber": text(10),
    "Source": text(),
}

CUSTOMER = Entity(
    "Customer",
    _with(
        **_PERSON,
        **_COMPANY_CONTACT,
        ShipAddr=ADDRESS,
        Notes=text(2000),
        ResaleNum=text(16),
        PrimaryTaxIdentifier=text(),
        SecondaryTaxIdentifier=text(),
        ARAccountRef=reference(),
        DefaultTaxCodeRef=reference(),
        PreferredDeliveryMethod=text(),
        SalesTermRef=reference(),
        PaymentMethodRef=reference(),
        CustomerTypeRef=reference(),
        Taxable=flag(),
        TaxExemptionReasonId=text(),
        Job=flag(),
        ParentRef=reference(),
        BillWithParent=flag(),
        Balance=amount(),
        OpenBalanceDate=date(),
        BalanceWithJobs=amount(read_only=True),
        FullyQualifiedName=text(read_only=True),
        Level=text(read_only=True),
        IsProject=flag(read_only=True),
    ),
    PERSON_FILTERS | {"CompanyName", "FullyQualifiedName", "PrimaryEmailAddr", "Balance"},
    order="FullyQualifiedName",
    title="DisplayName",
    api_writes=True,
)
VENDOR = Entity(
    "Vendor",
    _with(
        **_PERSON,
        **_COMPANY_CONTACT,
        APAccountRef=reference(),
        TermRef=reference(),
        AcctNum=text(100),
        TaxIdentifier=text(20),
        Vendor1099=flag(),
        T4AEligible=flag(),
        T5018Eligible=flag(),
        HasTPAR=flag(),
        TaxReportingBasis=text(),
        CostRate=amount(),
        BillRate=amount(),
        Balance=amount(read_only=True),
        OtherContactInfo=block("ContactInfo", Type=text(), Telephone=phone()),
        VendorPaymentBankDetail=block(
            "VendorPaymentBankDetail",
            BankAccountName=text(),
            BankBranchIdentifier=text(),
            BankAccountNumber=text(),
            StatementText=text(18),
        ),
    ),
    PERSON_FILTERS | {"CompanyName", "Balance"},
    order="DisplayName",
    title="DisplayName",
    api_writes=True,
)
EMPLOYEE = Entity(
    "Employee",
    _with(
        **_PERSON,
        PrimaryAddr=ADDRESS,
        PrimaryPhone=phone(20),
        Mobile=phone(20),
        BillableTime=flag(),
        BirthDate=date(),
        HiredDate=date(),
        ReleasedDate=date(),
        SSN=text(100),
        Gender=text(),
        Organization=flag(),
        EmployeeNumber=text(100),
        CostRate=amount(),
        BillRate=amount(),
    ),
    PERSON_FILTERS,
    order="DisplayName",
    title="DisplayName",
    api_writes=True,
)
ACCOUNT = Entity(
    "Account",
    _with(
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
    _with(
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
    _with(Name=text(31), Type=text(), Active=flag()),
    MOMENTS | {"Id", "Name", "Type", "Active"},
    order="Name",
)
TERM = Entity(
    "Term",
    _with(
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

MODELLED = {one.name: one for one in (CUSTOMER, VENDOR, EMPLOYEE, ACCOUNT, ITEM, PAYMENT_METHOD, TERM)}
BY_PATH = {name.lower(): one for name, one in MODELLED.items()}
NOT_YET = frozenset(
    {
        "Attachable", "Bill", "BillPayment", "Budget", "Class", "CreditMemo", "Department", "Deposit",
        "Estimate", "Invoice", "JournalCode", "JournalEntry", "Payment", "Purchase", "PurchaseOrder", "RefundReceipt",
        "SalesReceipt", "TaxAgency", "TaxCode", "TaxRate", "TimeActivity", "Transfer", "VendorCredit",
    }
)  # fmt: skip
_SINGLE = {"companyinfo": "CompanyInfo", "preferences": "Preferences"}


def entity_of_path(segment: str) -> str:
    """The entity's own spelling for a path segment; the segment itself where it names none."""
    if segment in BY_PATH:
        return BY_PATH[segment].name
    return _SINGLE.get(segment) or next((name for name in NOT_YET if name.lower() == segment), segment)
