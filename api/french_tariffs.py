"""The words of tariffs that are about a family: where it lives, what scheme it is of."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ledger.events import Regime, Residence

RESIDENCES: Final[Mapping[Residence, str]] = MappingProxyType(
    {"town": "Habite la commune", "outside": "Habite hors de la commune"}
)
REGIMES: Final[Mapping[Regime, str]] = MappingProxyType({"caf": "CAF", "msa": "MSA", "other": "Autre régime"})
