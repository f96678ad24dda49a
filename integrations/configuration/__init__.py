"""What a company can set: one table of keys for the command, the form of all settings and the small forms.

sheet         the settings of one connection, as they are and as they would be
keys          the table: how each key is read and written; money_keys those of invoices and payments
lists         what can be chosen from QuickBooks' items and accounts
learning      what a vendor is asked before a value is refused
changing      checked as a whole, then stored as a whole, each change with who made it
consequences  what a change sets going: a period of invoice syncing, held runs that start afresh
pinning       which QuickBooks item a catalog item is, where a person says so
"""

from integrations.configuration.changing import configuration_of, configure, rehearse

__all__ = ["configuration_of", "configure", "rehearse"]
