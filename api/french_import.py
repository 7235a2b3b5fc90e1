"""What is wrong in a file of families to import, beside what is wrong in any body: one list, in French."""

from typing import Final

IMPORTED_OTHERWISE: Final = "Cette famille a déjà été importée, avec d'autres personnes : elle reste comme elle est."
WRITTEN_MEANWHILE: Final = "Quelqu'un d'autre écrit dans le dossier de cette famille : relancez l'import."
SAME_FAMILY: Final = "La ligne {} est de la même famille."
SAID_BEFORE: Final = "Cet enfant est déjà décrit plus haut : seule sa référence est attendue."
TWO_HOUSEHOLDS: Final = "Un enfant est de deux foyers au plus."
