"""What a company can set: one table of keys for the command, the form of all settings and the small forms.

sheet     the settings of one connection, as they are and as they would be
keys      the table: how each key is read and written
changing  checked as a whole, then stored as a whole, each change with who made it
"""

from integrations.configuration.changing import configuration_of, configure

__all__ = ["configuration_of", "configure"]
