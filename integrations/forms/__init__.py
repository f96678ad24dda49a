"""The settings of a company: one form for each group, for the page, the admin and `manage.py configure` alike.

settings        what stands in the one row of settings: matching, invoices and payments
triggers        the phase of a workflow that starts a push
mapping         what feeds a field of the QuickBooks customer
base, fields    what these forms share
draft           all forms that some keys of `configure` touch
refresh         reads a vendor's lists again before a value is refused
apply           validates all, then stores all, each change with who made it
side_effects    what a change leads to: a period of invoice syncing, held runs that are queued again
item_overrides  which QuickBooks item a catalog item is, where a person says so

A new setting is a column with its label, help and choices, the migration, a name in one of the groups of `settings`,
and the code that obeys it.
"""

from integrations.forms.apply import configuration_of, configure

__all__ = ["configuration_of", "configure"]
