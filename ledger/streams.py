"""Which page a fact is written on."""

from typing import Literal

from ledger.identifiers import AccountId, ChildId, Commune, HouseholdId, Stream

Kind = Literal["child", "household", "account", "town"]


def child_page(commune: Commune, child: ChildId) -> Stream:
    """The page of one child in one town, for ever."""
    return Stream(f"child/{commune}/{child}")


def household_page(commune: Commune, household: HouseholdId) -> Stream:
    """The page of one household in one town."""
    return Stream(f"household/{commune}/{household}")


def account_page(commune: Commune, account: AccountId) -> Stream:
    """The page of an account that asks to be activated, as often as it does."""
    return Stream(f"account/{commune}/{account}")


def town_page(commune: Commune) -> Stream:
    """The one page of a town: its rulebooks, closures and places."""
    return Stream(f"town/{commune}")


def kind_of(stream: Stream) -> Kind:
    """What a page is about."""
    kind, _, _ = stream.partition("/")
    if kind == "child":
        return "child"
    if kind == "household":
        return "household"
    if kind == "account":
        return "account"
    assert kind == "town", f"not a page: {stream}"
    return "town"


def commune_of(stream: Stream) -> Commune:
    """The town a page belongs to."""
    return Commune(stream.split("/", 2)[1])
