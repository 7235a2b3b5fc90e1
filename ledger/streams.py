"""Which page a fact is written on."""

from typing import Final, Literal, get_args

from ledger.identifiers import AccountId, ChildId, Commune, HouseholdId, Stream

Kind = Literal["child", "household", "account", "town", "payer", "regie"]
_KINDS: Final[frozenset[Kind]] = frozenset(get_args(Kind))


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


def payer_page(commune: Commune, household: HouseholdId) -> Stream:
    """The page of what a household owes and pays."""
    return Stream(f"payer/{commune}/{household}")


def regie_page(commune: Commune) -> Stream:
    """The one page of a town's régie: the months it closed."""
    return Stream(f"regie/{commune}")


def kind_of(stream: Stream) -> Kind:
    """What a page is about."""
    kind, _, _ = stream.partition("/")
    assert kind in _KINDS, f"not a page: {stream}"
    return kind


def commune_of(stream: Stream) -> Commune:
    """The town a page belongs to."""
    return Commune(stream.split("/", 2)[1])
