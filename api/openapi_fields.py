"""What /openapi.json says of one field: a French sentence where its name does not say it, and a word that fits it."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "commune": "villennes-sur-seine",
        "activity": "alsh-mercredis",
        "unit": "journee",
        "units": "matinee",
        "excludes": "matinee",
        "requires": "journee",
        "expected_by_unit": "journee",
        "site": "l-ile-aux-enfants",
        "group": "les-winners",
        "reason": "complet",
        "derogation": "erreur-du-service",
        "DemandeAsked.reason": "maladie",
        "ClosureAsked.reason": "pont",
        "Closure.reason": "pont",
    }
)
"""A slug of the rulebook by the name of its field, or by its schema and its name."""

_LATE: Final = "Après la date limite : le règlement l'accepte encore, ou une dérogation en décide."
_SURCHARGE: Final = "En retard, et le règlement prévoit un supplément."
_POOL: Final = (
    "Entre qui ces places sont comptées : un site, un groupe, les deux, ou vide quand c'est pour tous. "
    "À reprendre tel quel de la liste des places."
)
SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "DemandeAsked.partial": "`true` prend ce qui est possible, le reste est dans `left_out` ; sinon, tout ou rien.",
        "DemandeAsked.counter": "Ce qu'un agent seul peut ajouter, quand il saisit la demande d'une famille.",
        "partial": "Une partie des jours est acceptée, et le reste ne l'est pas.",
        "decided_at": "L'instant où la demande a été traitée, ou retirée ; null tant qu'elle attend.",
        "late": _LATE,
        "surcharge": _SURCHARGE,
        "pool": _POOL,
        "places_left": "Les places qui restent ce jour ; null quand la commune ne les publie ou ne les limite pas.",
    }
)
"""What to say of a field by its name, or by its schema and its name."""


def tell(schema: dict[str, Any], name: str, *, owner: str = "") -> None:
    """Give one property, or one parameter, its sentence and an example that it could hold."""
    sentence = SENTENCES.get(f"{owner}.{name}", SENTENCES.get(name))
    if sentence is not None:
        schema["description"] = sentence
    word = WORDS.get(f"{owner}.{name}", WORDS.get(name))
    for part in _slugs(schema):
        if word is not None:
            part["examples"] = [word]


def _slugs(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for part in (schema, schema.get("items"), schema.get("propertyNames"), *schema.get("anyOf", ())):
        if isinstance(part, dict) and part.get("maxLength") == 48 and "pattern" in part:
            yield part
