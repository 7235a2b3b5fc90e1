"""What the terminal prints around the sentences that explain a line of an invoice."""

from typing import Final

OF_LINE: Final = "Ligne {line}. {heading}"
RESTING: Final = "Titre {titre}, ligne {line}. {heading}"
NOTHING_BILLED: Final = "Rien n'a été facturé d'après cette écriture."
