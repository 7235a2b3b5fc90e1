"""The formalities of a town, read from [demarches]."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from rulebook.formalities import DEFAULTS, PAPERS, Formality, FormalityKind, Paper
from rulebook.tables import Table
from rulebook.words import INSTRUCTION_WORDS

FORMALITY_WORDS: Final[Mapping[str, FormalityKind]] = MappingProxyType(
    {
        "adresse": "address",
        "contact": "contact",
        "situation": "situation",
        "inscription": "enrolment",
        "quotient": "quotient",
        "membre": "member",
        "personne_a_contacter": "contact_person",
    }
)
PAPER_WORDS: Final[Mapping[str, Paper]] = MappingProxyType(
    {"obligatoire": "required", "facultatif": "optional", "aucun": "none"}
)


def read_formalities(top: Table) -> Mapping[FormalityKind, Formality]:
    """Every formality of the town; what it does not write is left as it is without [demarches]."""
    section = top.table("demarches")
    if section is None:
        return DEFAULTS
    section.text("article", "")
    found = {kind: _formality(section, word, kind) for word, kind in FORMALITY_WORDS.items()}
    section.close()
    return MappingProxyType(found)


def _formality(section: Table, word: str, kind: FormalityKind) -> Formality:
    own = section.table(word)
    if own is None:
        return Formality(instruction="agent", document=PAPERS[kind], article=section.article)
    formality = Formality(
        instruction=own.choice("instruction", INSTRUCTION_WORDS, "agent"),
        document=own.choice("justificatif", PAPER_WORDS, PAPERS[kind]),
        article=own.text("article", own.article or "") or None,
    )
    own.close()
    return formality
