"""What a company can set: one table of keys for the command, the form of all settings and the small forms.

draft           the settings of one connection, as they are and as they would be
keys            the table: how each key is read and written; money_keys those of invoices and payments
lists           what can be chosen from QuickBooks' items and accounts
refresh         reads a vendor's lists again before a value is refused
apply           validates all, then stores all, each change with who made it
side_effects    what a change leads to: a period of invoice syncing, held runs that start again
item_overrides  which QuickBooks item a catalog item is, where a person says so
"""

from integrations.forms.apply import configuration_of, configure, validate

__all__ = ["configuration_of", "configure", "validate"]
