"""The chart of accounts: types, their classes, and the subtypes seen in documents and recordings."""

from __future__ import annotations

CLASSES = {
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
