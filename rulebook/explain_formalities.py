"""The formalities of a town said back in French."""

from collections.abc import Iterator, Mapping
from typing import Final

from rulebook.formalities import Formality, FormalityKind, Paper
from rulebook.french_dates import join
from rulebook.rulebook import Rulebook

NAMES: Final[Mapping[FormalityKind, str]] = {
    "address": "changement d'adresse",
    "contact": "changement de téléphone ou de courriel",
    "situation": "changement de situation familiale",
    "enrolment": "inscription à une activité",
    "quotient": "quotient familial",
    "member": "nouveau membre du foyer",
    "contact_person": "nouvelle personne à contacter",
}
PAPERS: Final[Mapping[Paper, str]] = {
    "required": "justificatif obligatoire",
    "optional": "justificatif facultatif",
    "none": "",
}


def formalities_sentences(rulebook: Rulebook) -> Iterator[str]:
    """Which formalities an agent decides and which the rule accepts at once, with the papers they take."""
    for instruction, begins in (("agent", "Un agent décide"), ("rule", "Acceptées aussitôt par la règle")):
        named = [_named(kind, each) for kind, each in rulebook.formalities.items() if each.instruction == instruction]
        if named:
            yield f"Démarches — {begins} : {join(named)}."


def _named(kind: FormalityKind, formality: Formality) -> str:
    article = f"article {formality.article}" if formality.article else ""
    notes = ", ".join(filter(None, (PAPERS[formality.document], article)))
    return f"{NAMES[kind]} ({notes})" if notes else NAMES[kind]
