"""Every read model by name: its tables, and the version of the code that makes its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, LiteralString

PageKind = Literal["child", "household", "account", "town"]
Behind = Literal["command", "seal"]
"""Whether rows are written in the command's own transaction, or by the follower of the sealed positions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table of rows made from pages: `key` is its primary key, `pages` the kinds of page a row may come from."""

    name: LiteralString
    key: tuple[str, ...]
    pages: tuple[PageKind, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadModel:
    """What is rebuilt together. Raise `version` when the same facts give other rows than before."""

    version: int
    tables: tuple[Table, ...]
    behind: Behind = "command"


READ_MODELS: Final[Mapping[str, ReadModel]] = {
    "calendar": ReadModel(
        version=1,
        tables=(Table(name="calendar_days", key=("commune", "child", "day", "activity", "unit"), pages=("child",)),),
    ),
    "demandes": ReadModel(
        version=1, tables=(Table(name="demandes", key=("commune", "number"), pages=("child", "household")),)
    ),
    "day-sheet": ReadModel(
        version=1,
        tables=(Table(name="attendance", key=("commune", "child", "day", "activity", "unit"), pages=("child",)),),
    ),
    "families": ReadModel(
        version=1,
        tables=(
            Table(name="children", key=("commune", "child", "household"), pages=("child",)),
            Table(name="enrolments", key=("commune", "child", "enrolment"), pages=("child",)),
            Table(name="custody", key=("commune", "child", "ordinal"), pages=("child",)),
            Table(name="guardians", key=("commune", "household", "guardian"), pages=("household",)),
            Table(name="erased_people", key=("commune", "person"), pages=("child", "household")),
        ),
    ),
    "shared": ReadModel(
        version=1,
        tables=(
            Table(name="household_people", key=("commune", "household", "person"), pages=("household",)),
            Table(name="family_keys", key=("commune", "key"), pages=("household",)),
            Table(name="quotients", key=("commune", "household", "ordinal"), pages=("household",)),
            Table(name="activations", key=("commune", "activation"), pages=("account",)),
        ),
    ),
    "town": ReadModel(
        version=1,
        tables=(
            Table(name="rulebooks", key=("commune", "version"), pages=("town",)),
            Table(name="closures", key=("commune", "day", "activity", "site"), pages=("town",)),
        ),
    ),
    "past": ReadModel(
        version=1,
        tables=(
            Table(name="demande_versions", key=("commune", "number", "line"), pages=("child", "household")),
            Table(
                name="place_changes",
                key=("commune", "activity", "day", "unit", "pool", "stream", "line"),
                pages=("child",),
            ),
            Table(name="household_children", key=("commune", "household", "child"), pages=("child",)),
        ),
        behind="seal",
    ),
}
