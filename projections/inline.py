"""The read models written in the command's own transaction, so that a family reads what it just did."""

from collections.abc import Iterable

from ledger.entry import Entry
from ledger.rows import Change, State
from projections import calendar, day_sheet, demandes, families, shared, town

_READ_MODELS = (families.changes, shared.changes, town.changes, demandes.changes, calendar.changes, day_sheet.changes)


def project(entry: Entry, state: State) -> Iterable[Change]:
    """Every row an entry changes, given its page as it stands after the entry."""
    for changes in _READ_MODELS:
        yield from changes(entry, state)
