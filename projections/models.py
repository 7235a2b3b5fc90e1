"""Every read model by name: its tables, and the version of the code that makes its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, LiteralString, NamedTuple

PageKind = Literal["child", "household", "account", "town", "payer", "regie"]
Behind = Literal["command", "seal"]
"""Whether rows are written in the command's own transaction, or by the follower of the sealed positions."""


class Source(NamedTuple):
    """Which rows of a table are of a page: those whose column names it, or whom it is about."""

    kind: PageKind | None
    """Of the page named by what it is about; None when the column holds the page's own name."""
    column: LiteralString
    only: LiteralString = "true"


CHILDS: Final = (Source("child", "child"),)
HOUSEHOLDS: Final = (Source("household", "household"),)
PAYERS: Final = (Source("payer", "household"),)
OWN_NAME: Final = (Source(None, "stream"),)
OF_NOBODY: Final[tuple[Source, ...]] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table of rows made from pages: `key` is its primary key, `pages` the kinds of page a row may come from."""

    name: LiteralString
    key: tuple[str, ...]
    pages: tuple[PageKind, ...]
    rows: tuple[Source, ...]
    """How its rows say which page they are of. Where they do not, a verification compares the table whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadModel:
    """What is rebuilt together. Raise `version` when the same facts give other rows than before."""

    version: int
    tables: tuple[Table, ...]
    behind: Behind = "command"


READ_MODELS: Final[Mapping[str, ReadModel]] = {
    "calendar": ReadModel(
        version=1,
        tables=(
            Table(
                name="calendar_days", key=("commune", "child", "day", "activity", "unit"), pages=("child",), rows=CHILDS
            ),
        ),
    ),
    "demandes": ReadModel(
        version=1,
        tables=(
            Table(
                name="demandes",
                key=("commune", "number"),
                pages=("child", "household"),
                rows=(Source("child", "child", "child IS NOT NULL"), Source("household", "household", "child IS NULL")),
            ),
        ),
    ),
    "day-sheet": ReadModel(
        version=1,
        tables=(
            Table(
                name="attendance", key=("commune", "child", "day", "activity", "unit"), pages=("child",), rows=CHILDS
            ),
        ),
    ),
    "families": ReadModel(
        version=1,
        tables=(
            Table(name="children", key=("commune", "child", "household"), pages=("child",), rows=CHILDS),
            Table(name="enrolments", key=("commune", "child", "enrolment"), pages=("child",), rows=CHILDS),
            Table(name="custody", key=("commune", "child", "ordinal"), pages=("child",), rows=CHILDS),
            Table(name="meals_brought", key=("commune", "child", "ordinal"), pages=("child",), rows=CHILDS),
            Table(name="guardians", key=("commune", "household", "guardian"), pages=("household",), rows=HOUSEHOLDS),
            Table(name="erased_people", key=("commune", "person"), pages=("child", "household"), rows=OF_NOBODY),
        ),
    ),
    "shared": ReadModel(
        version=1,
        tables=(
            Table(
                name="household_people", key=("commune", "household", "person"), pages=("household",), rows=HOUSEHOLDS
            ),
            Table(name="family_keys", key=("commune", "key"), pages=("household",), rows=HOUSEHOLDS),
            Table(name="quotients", key=("commune", "household", "ordinal"), pages=("household",), rows=HOUSEHOLDS),
            Table(
                name="tariff_statuses", key=("commune", "household", "ordinal"), pages=("household",), rows=HOUSEHOLDS
            ),
            Table(name="activations", key=("commune", "activation"), pages=("account",), rows=OF_NOBODY),
        ),
    ),
    "town": ReadModel(
        version=1,
        tables=(
            Table(name="rulebooks", key=("commune", "version"), pages=("town",), rows=OF_NOBODY),
            Table(name="closures", key=("commune", "day", "activity", "site"), pages=("town",), rows=OF_NOBODY),
        ),
    ),
    "billing": ReadModel(
        version=1,
        tables=(
            Table(name="titres", key=("commune", "titre"), pages=("payer",), rows=PAYERS),
            Table(name="invoice_lines", key=("commune", "titre", "line"), pages=("payer",), rows=PAYERS),
            Table(name="payments", key=("commune", "payment"), pages=("payer",), rows=PAYERS),
            Table(name="mandates", key=("commune", "mandate"), pages=("payer",), rows=PAYERS),
            Table(name="direct_debits", key=("commune", "collection", "titre"), pages=("payer",), rows=PAYERS),
            Table(name="payers", key=("commune", "household"), pages=("payer",), rows=PAYERS),
            Table(name="closed_months", key=("commune", "month"), pages=("regie",), rows=OF_NOBODY),
            Table(name="collections", key=("commune", "collection"), pages=("regie",), rows=OF_NOBODY),
        ),
    ),
    "past": ReadModel(
        version=1,
        tables=(
            Table(
                name="demande_versions", key=("commune", "number", "line"), pages=("child", "household"), rows=OWN_NAME
            ),
            Table(
                name="place_changes",
                key=("commune", "activity", "day", "unit", "pool", "stream", "line"),
                pages=("child",),
                rows=OWN_NAME,
            ),
            Table(name="household_children", key=("commune", "household", "child"), pages=("child",), rows=CHILDS),
        ),
        behind="seal",
    ),
}
