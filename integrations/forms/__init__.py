"""The settings of a company: one form for each group, for the page, the admin and `manage.py configure` alike.

settings        the single row of settings: matching, invoices and payments
triggers        the phase of a workflow that starts a push
mapping         what feeds a field of the QuickBooks customer
base, fields    what these forms share
draft           all forms that some keys of `configure` touch
refresh         reads a vendor's lists again before a value is refused
apply           validates all, then stores all, each change with who made it
presets         settings that belong together, and what they would change
side_effects    effects of a change: a period of invoice syncing, held runs that are queued again
item_overrides  QuickBooks items that a person chose for catalog items

A new setting is a column with its label, help and choices, the migration, a name in one of the groups of `settings`,
and the code that uses it.
"""

from integrations.forms.apply import configuration_of, configure

__all__ = ["configuration_of", "configure"]
