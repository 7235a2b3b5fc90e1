"""The few places that were left, as one command hands them out."""

from collections.abc import Iterable, Mapping

from ledger.holdings import PlaceKey


class Remaining:
    """Only slots that were found short are counted: any other has places enough for this command."""

    def __init__(self, left: Mapping[PlaceKey, int]) -> None:
        self._left = dict(left)

    def take(self, places: Iterable[PlaceKey]) -> bool:
        """Takes one of each; takes nothing when one of them is missing."""
        counted = [place for place in places if place in self._left]
        if any(self._left[place] < 1 for place in counted):
            return False
        for place in counted:
            self._left[place] -= 1
        return True

    def give(self, places: Iterable[PlaceKey]) -> None:
        """Takes back places that this command frees."""
        for place in places:
            if place in self._left:
                self._left[place] += 1

    def copy(self) -> "Remaining":
        """The same places, for a decision that may be dropped."""
        return Remaining(self._left)

    def follow(self, kept: "Remaining") -> None:
        """Takes what was taken from a copy."""
        self._left = dict(kept._left)
