"""The entities of the v3 API, property by property, as the reference and the recordings list them."""

from __future__ import annotations

from simulator.quickbooks.schema import (
    ADDRESS,
    EMAIL,
    MOMENTS,
    WEB,
    Entity,
    Property,
    amount,
    block,
    date,
    flag,
    many,
    one_of,
    phone,
    quantity,
    reference,
    text,
    with_common,
)

ACCOUNT_CLASSES = {
    "Bank": "Asset",
    "Accounts Receivable": "Asset",
    "Other Current Asset": "Asset",
    "Fixed Asset": "Asset",
    "Other Asset": "Asset",
    "Accounts Payable": "Liability",
    "Credit Card": "Liability",
    "Other Current Liability": "Liability",
    "Long Term Liability": "Liability",
    "Equity": "Equity",
    "Income": "Revenue",
    "Other Income": "Revenue",
    "Cost of Goods Sold": "Expense",
    "Expense": "Expense",
    "Other Expense": "Expense",
    "Non-Posting": "Equity",
}
# The first of each is what an account gets that names its type alone.
_SUBTYPES = {
    "Bank": ("CashOnHand", "Checking", "Savings", "MoneyMarket", "TrustAccounts", "RentsHeldInTrust"),
    "Accounts Receivable": ("AccountsReceivable",),
    "Other Current Asset": (
        "OtherCurrentAssets",
        "UndepositedFunds",
        "Inventory",
        "PrepaidExpenses",
        "Retainage",
    ),
    "Fixed Asset": ("OtherFixedAssets", "Buildings", "Vehicles", "MachineryAndEquipment"),
    "Other Asset": ("OtherLongTermAssets", "SecurityDeposits", "Goodwill"),
    "Accounts Payable": ("AccountsPayable",),
    "Credit Card": ("CreditCard",),
    "Other Current Liability": ("OtherCurrentLiabilities", "GlobalTaxPayable", "LineOfCredit", "LoanPayable"),
    "Long Term Liability": ("OtherLongTermLiabilities", "NotesPayable"),
    "Equity": ("OpeningBalanceEquity", "RetainedEarnings", "OwnersEquity"),
    "Income": (
        *("ServiceFeeIncome", "SalesOfProductIncome", "OtherPrimaryIncome", "DiscountsRefundsGiven"),
        *("NonProfitIncome", "UnappliedCashPaymentIncome"),
    ),
    "Other Income": ("OtherMiscellaneousIncome", "InterestEarned", "DividendIncome"),
    "Cost of Goods Sold": ("SuppliesMaterialsCogs", "CostOfLaborCos", "OtherCostsOfServiceCos"),
    "Expense": ("OtherBusinessExpenses", "AdvertisingPromotional", "OfficeGeneralAdministrativeExpenses"),
    "Other Expense": ("OtherMiscellaneousExpense", "Depreciation", "PenaltiesSettlements"),
}
DEFAULT_SUBTYPES = {kind: subtypes[0] for kind, subtypes in _SUBTYPES.items()}
TYPE_OF_SUBTYPE = {subtype: kind for kind, subtypes in _SUBTYPES.items() for subtype in subtypes}


_FILTERS = (
    frozenset({"DisplayName", "GivenName", "MiddleName", "FamilyName", "PrintOnCheckName", "Id", "Active"})
    | MOMENTS
)
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
    with_common(
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
    _FILTERS | {"CompanyName", "FullyQualifiedName", "PrimaryEmailAddr", "Balance"},
    order="FullyQualifiedName",
    api_writes=True,
)
VENDOR = Entity(
    "Vendor",
    with_common(
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
    _FILTERS | {"CompanyName", "Balance"},
    order="DisplayName",
    api_writes=True,
)
EMPLOYEE = Entity(
    "Employee",
    with_common(
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
    _FILTERS,
    order="DisplayName",
    api_writes=True,
)


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
    api_writes=True,
)
ITEM = Entity(
    "Item",
    with_common(
        Name=text(100),
        Type=one_of("Service", "NonInventory", "Inventory", "Group", "Category"),
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
        PrefVendorRef=reference(),
        PurchaseTaxCodeRef=reference(),
        SalesTaxIncluded=flag(),
        PurchaseTaxIncluded=flag(),
        ReorderPoint=amount(),
        ItemCategoryType=text(),
        Source=text(),
        UQCDisplayText=text(25),
        UQCId=text(),
        ServiceType=text(),
        AbatementRate=amount(),
        ReverseChargeRate=amount(),
        TaxClassificationRef=reference(),
        ItemGroupDetail=block(
            "ItemGroupDetail",
            ItemGroupLine=many(block("ItemComponentLine", Qty=quantity(), ItemRef=reference())),
        ),
        FullyQualifiedName=text(read_only=True),
        Level=text(read_only=True),
        DeferredRevenue=flag(read_only=True),
    ),
    MOMENTS | {"Id", "Name", "Type", "Sku", "Active", "FullyQualifiedName", "UnitPrice"},
    order="Name",
    api_writes=True,
)
PAYMENT_METHOD = Entity(
    "PaymentMethod",
    with_common(Name=text(31), Type=one_of("CREDIT_CARD", "NON_CREDIT_CARD"), Active=flag()),
    MOMENTS | {"Id", "Name", "Type", "Active"},
    order="Name",
    api_writes=True,
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
    api_writes=True,
)


ITEM_LINE, NOTE_LINE, DISCOUNT_LINE = "SalesItemLineDetail", "DescriptionOnly", "DiscountLineDetail"
SUBTOTAL_LINE, GROUP_LINE = "SubTotalLineDetail", "GroupLineDetail"
LINE_DETAILS = {ITEM_LINE: ITEM_LINE, DISCOUNT_LINE: DISCOUNT_LINE, GROUP_LINE: GROUP_LINE}

_LINE_LINKS = many(block("LinkedTxn", TxnId=text(), TxnType=text(), TxnLineId=text()))
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
    "LinkedTxn": _LINE_LINKS,
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
PAYMENT_LINE = block("Line", Amount=amount(), LinkedTxn=_LINE_LINKS, LineEx=Property("block", 0, True))
DEPOSIT_LINE = block("Line", Amount=amount(), LinkedTxn=_LINE_LINKS, Id=text(read_only=True))


_TAX = block("TxnTaxDetail", TxnTaxCodeRef=reference(), TotalTax=amount(), TaxLine=many(TAX_LINE))
_CUSTOM = block("CustomField", DefinitionId=text(), StringValue=text(31), Name=text(), Type=text())
_LINKED_TXN = block("LinkedTxn", TxnId=text(), TxnType=text(), TxnLineId=text())
_DELIVERY = Property("block", 0, True, {"DeliveryType": text(), "DeliveryTime": text()}, "DeliveryInfo")
_ANY_BLOCK = Property("block", 0, True)

# Known to the server by the recorded complaint about an unknown field, and by no page: taken and dropped.
_UNDOCUMENTED = {
    name: text(read_only=True)
    for name in (
        "RecurringInfo", "callToAction", "AutoDocNumber", "ECloudStatusTimeStamp", "TaxFormNum", "FOB", "InvoiceEx",
        "PONumber", "EInvoiceStatus", "SalesRepRef", "invoiceStatusLog", "TaxFormType", "LessCIS", "TxnStatus",
        "ConvenienceFeeDetail", "DiscountRate", "PaymentDetailsMessage", "RemitToRef", "Tag", "TxnApprovalInfo",
        "PaymentMethodRef", "PaymentRefNum",
    )
}  # fmt: skip

_SALE = {
    "CustomerRef": reference(),
    "Line": many(SALES_LINE),
    "CurrencyRef": reference(),
    "DocNumber": text(21),
    "TxnDate": date(),
    "PrivateNote": text(4000),
    "CustomerMemo": block("MemoRef", value=text(1000)),
    "BillEmail": EMAIL,
    "BillAddr": ADDRESS,
    "ShipAddr": ADDRESS,
    "SalesTermRef": reference(),
    "TxnTaxDetail": _TAX,
    "ApplyTaxAfterDiscount": flag(),
    "PrintStatus": one_of("NotSet", "NeedToPrint", "PrintComplete"),
    "EmailStatus": one_of("NotSet", "NeedToSend", "EmailSent"),
    "GlobalTaxCalculation": one_of("TaxExcluded", "TaxInclusive", "NotApplicable"),
    "CustomField": many(_CUSTOM),
    "LinkedTxn": many(_LINKED_TXN),
    "ExchangeRate": amount(),
    "ClassRef": reference(),
    "DepartmentRef": reference(),
    "ProjectRef": reference(),
    "TransactionLocationType": text(),
    "TotalAmt": amount(read_only=True),
    "Balance": amount(read_only=True),
    "HomeTotalAmt": amount(read_only=True),
    "HomeBalance": amount(read_only=True),
    "RecurDataRef": reference(read_only=True),
    "TaxExemptionRef": reference(read_only=True),
    "FreeFormAddress": flag(read_only=True),
}
_MONEY_FILTERS = MOMENTS | {"Id", "CustomerRef", "TxnDate", "TotalAmt"}
NEWEST = "-MetaData.LastUpdatedTime"

INVOICE = Entity(
    "Invoice",
    with_common(
        **_SALE,
        DueDate=date(),
        BillEmailCc=EMAIL,
        BillEmailBcc=EMAIL,
        ShipFromAddr=ADDRESS,
        ShipDate=date(),
        ShipMethodRef=reference(),
        TrackingNum=text(),
        TxnSource=text(),
        Deposit=amount(),
        DepositToAccountRef=reference(),
        AllowOnlineACHPayment=flag(),
        AllowOnlineCreditCardPayment=flag(),
        AllowOnlinePayment=flag(),
        AllowIPNPayment=flag(),
        DeliveryInfo=_DELIVERY,
        InvoiceLink=text(read_only=True),
        **_UNDOCUMENTED,
    ),
    _MONEY_FILTERS | {"DocNumber", "DueDate", "SalesTermRef", "Balance", "ProjectRef"},
    order=NEWEST,
    api_writes=True,
    operations=frozenset({"delete", "void"}),
    counted=True,
)
CREDIT_MEMO = Entity(
    "CreditMemo",
    with_common(
        **_SALE,
        InvoiceRef=reference(),
        PaymentMethodRef=reference(read_only=True),
        RemainingCredit=amount(read_only=True),
    ),
    _MONEY_FILTERS | {"DocNumber", "Balance", "SalesTermRef", "ProjectRef"},
    order=NEWEST,
)
PAYMENT = Entity(
    "Payment",
    with_common(
        CustomerRef=reference(),
        TotalAmt=amount(),
        Line=many(PAYMENT_LINE),
        CurrencyRef=reference(),
        PaymentMethodRef=reference(),
        PaymentRefNum=text(),
        DepositToAccountRef=reference(),
        ARAccountRef=reference(),
        TxnDate=date(),
        PrivateNote=text(4000),
        ExchangeRate=amount(),
        ProjectRef=reference(),
        TxnSource=text(),
        TransactionLocationType=text(),
        UnappliedAmt=amount(read_only=True),
        CreditCardPayment=_ANY_BLOCK,
        ProcessPayment=flag(read_only=True),
        LinkedTxn=many(_LINKED_TXN, read_only=True),
        TaxExemptionRef=reference(read_only=True),
    ),
    _MONEY_FILTERS | {"PaymentRefNum", "PaymentMethodRef", "ProjectRef"},
    order=NEWEST,
    api_writes=True,
    operations=frozenset({"delete", "include=void"}),
)
DEPOSIT = Entity(
    "Deposit",
    with_common(
        DepositToAccountRef=reference(),
        Line=many(DEPOSIT_LINE),
        CurrencyRef=reference(),
        TxnDate=date(),
        PrivateNote=text(4000),
        TotalAmt=amount(read_only=True),
    ),
    MOMENTS | {"Id", "TxnDate", "TotalAmt", "DepositToAccountRef"},
    order=NEWEST,
    counted=True,
)


_LISTS = (CUSTOMER, VENDOR, EMPLOYEE, ACCOUNT, ITEM, PAYMENT_METHOD, TERM)
MODELLED = {one.name: one for one in (*_LISTS, INVOICE, PAYMENT, CREDIT_MEMO, DEPOSIT)}
BY_PATH = {name.lower(): one for name, one in MODELLED.items()}
NOT_YET = frozenset(
    {
        "Attachable", "Bill", "BillPayment", "Budget", "Class", "Department", "Estimate", "JournalCode",
        "JournalEntry", "Purchase", "PurchaseOrder", "RefundReceipt", "SalesReceipt", "TaxAgency", "TaxCode",
        "TaxRate", "TimeActivity", "Transfer", "VendorCredit",
    }
)  # fmt: skip
_SINGLE = {"companyinfo": "CompanyInfo", "preferences": "Preferences"}


def entity_of_path(segment: str) -> str:
    """The entity's own spelling for a path segment; the segment itself where it names none."""
    if segment in BY_PATH:
        return BY_PATH[segment].name
    return _SINGLE.get(segment) or next((name for name in NOT_YET if name.lower() == segment), segment)
