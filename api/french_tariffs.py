"""The words of tariffs that are about a family: where it lives, what scheme it is of."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ledger.events import Regime, Residence

RESIDENCES: Final[Mapping[Residence, str]] = MappingProxyType(
    {"town": "Habite la commune", "outside": "Habite hors de la commune"}
)
MEAL_BROUGHT: Final[Mapping[bool, str]] = MappingProxyType(
    {True: "L'enfant apporte son repas", False: "L'enfant n'apporte plus son repas"}
)
REGIMES: Final[Mapping[Regime, str]] = MappingProxyType({"caf": "CAF", "msa": "MSA", "other": "Autre régime"})
