"""What to say of a wrong field: a stable code and a sentence, never with the value that was sent."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

FIELD_SENTENCES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "missing": ("required", "Ce champ est obligatoire."),
        "extra_forbidden": ("unknown_field", "Ce champ n'existe pas ici."),
        "string_type": ("text_expected", "Un texte est attendu."),
        "string_too_short": ("too_short", "Ce texte est trop court."),
        "string_too_long": ("too_long", "Ce texte est trop long."),
        "string_pattern_mismatch": ("wrong_form", "Ce texte n'a pas la forme attendue."),
        "int_type": ("integer_expected", "Un nombre entier est attendu."),
        "int_parsing": ("integer_expected", "Un nombre entier est attendu."),
        "int_parsing_size": ("too_large", "Ce nombre est trop grand."),
        "int_from_float": ("integer_expected", "Un nombre entier est attendu."),
        "bool_type": ("boolean_expected", "La valeur true ou false est attendue."),
        "bool_parsing": ("boolean_expected", "La valeur true ou false est attendue."),
        "greater_than": ("too_small", "Ce nombre est trop petit."),
        "greater_than_equal": ("too_small", "Ce nombre est trop petit."),
        "less_than": ("too_large", "Ce nombre est trop grand."),
        "less_than_equal": ("too_large", "Ce nombre est trop grand."),
        "literal_error": ("not_a_choice", "Cette valeur ne fait pas partie des choix possibles."),
        "enum": ("not_a_choice", "Cette valeur ne fait pas partie des choix possibles."),
        "union_tag_invalid": ("not_a_choice", "Cette valeur ne fait pas partie des choix possibles."),
        "union_tag_not_found": ("required", "Ce champ est obligatoire."),
        "list_type": ("list_expected", "Une liste est attendue."),
        "tuple_type": ("list_expected", "Une liste est attendue."),
        "set_type": ("list_expected", "Une liste est attendue."),
        "too_short": ("too_few", "Cette liste est trop courte."),
        "too_long": ("too_many", "Cette liste est trop longue."),
        "dict_type": ("object_expected", "Un objet est attendu."),
        "model_type": ("object_expected", "Un objet est attendu."),
        "model_attributes_type": ("object_expected", "Un objet est attendu."),
        "date_type": ("day_expected", "Un jour est attendu, par exemple 2024-03-27."),
        "date_parsing": ("day_expected", "Un jour est attendu, par exemple 2024-03-27."),
        "date_from_datetime_parsing": ("day_expected", "Un jour est attendu, par exemple 2024-03-27."),
        "day_expected": ("day_expected", "Un jour est attendu, par exemple 2024-03-27."),
        "instant_expected": (
            "instant_expected",
            "Un instant avec son fuseau est attendu, par exemple 2024-03-07T18:30:00Z.",
        ),
        "month_expected": ("month_expected", "Un mois est attendu, par exemple 2024-03."),
        "slug_expected": ("wrong_form", "Un identifiant court est attendu : minuscules, chiffres et traits d'union."),
        "id_expected": ("wrong_form", "Un identifiant est attendu."),
        "week_expected": ("wrong_form", "Une semaine est attendue, par exemple 2024-W13."),
        "period_choice": ("period_choice", "Donnez soit from et to, soit week, soit month."),
        "asked_twice": ("asked_twice", "Un même jour et une même formule sont demandés deux fois."),
        "not_expected": (
            "not_expected",
            "Cette commande n'attend pas de version : elle porte sur plusieurs dossiers, ou un autre foyer y écrit.",
        ),
        "telephone_expected": ("wrong_form", "Un numéro est attendu : dix chiffres, ou + et l'indicatif du pays."),
        "email_expected": ("wrong_form", "Un courriel est attendu, par exemple camille@exemple.fr."),
        "postcode_expected": ("wrong_form", "Un code postal est attendu : cinq chiffres en France."),
        "iban_expected": ("wrong_form", "Cet IBAN n'existe pas : vérifiez-le sur le RIB."),
        "iban_outside_sepa": ("wrong_form", "Ce compte est dans un pays où les prélèvements SEPA n'existent pas."),
        "holder_expected": ("wrong_form", "Le titulaire s'écrit en lettres latines, comme sur le RIB."),
        "reference_expected": ("wrong_form", "Une référence contient au moins un chiffre ; ce n'est pas un nom."),
        "reference_of_account": (
            "wrong_form",
            "Un IBAN ou un RIB n'est pas une référence : il resterait pour toujours.",
        ),
        "reference_of_telephone": ("wrong_form", "Un numéro de téléphone n'est pas une référence de paiement."),
        "reference_of_name": (
            "wrong_form",
            "Une référence a 6 lettres de suite au plus, par exemple 0001234 ou VIR-2022-0417 ; ce n'est pas un nom.",
        ),
        "item_twice": ("asked_twice", "Un même mot de la liste est donné deux fois."),
        "protocol_not_in_list": ("inconsistent", "Un protocole va avec individual_protocol dans la liste."),
        "in_the_future": ("in_the_future", "Cet instant n'est pas encore venu."),
        "value_error": ("inconsistent", "Ces champs ne vont pas ensemble."),
        "from_after_to": ("inconsistent", "from ne peut pas dépasser to."),
        "child_apart": ("inconsistent", "child ne va ni avec household, ni avec person."),
        "whole_stream": (
            "inconsistent",
            "Ce paramètre ne va pas avec l'en-tête Accept: application/x-ndjson, qui demande l'histoire entière.",
        ),
        "period_expected": ("wrong_period", "La fin de la période précède son début."),
        "period_too_long": ("wrong_period", "La période ne peut pas dépasser 400 jours."),
        "json_invalid": ("invalid_json", "Ce document JSON n'est pas lisible."),
    }
)
"""What a validator refuses, as our stable code and a sentence; never with the value that was sent."""

WRONG_FIELD: Final = ("wrong_value", "Cette valeur n'est pas acceptée.")

QUERY_FORBIDDEN_CHARACTER: Final = "Ce paramètre contient un caractère interdit."
QUERY_REPEATED: Final = "Ce paramètre est donné plusieurs fois."
QUERY_TOO_LONG: Final = "Ce paramètre est trop long."
IF_MATCH_EXPECTED: Final = 'If-Match attend une version telle que "42".'


def field_sentence(kind: str, choices: Sequence[str] = ()) -> tuple[str, str]:
    """A stable code and a French sentence for one kind of validation error; the choices there are, where it is one."""
    code, sentence = FIELD_SENTENCES.get(kind, WRONG_FIELD)
    if code == "not_a_choice" and choices:
        sentence = f"{sentence.removesuffix('.')} : {', '.join(choices)}."
    return code, sentence


def accepted_parameters(names: list[str]) -> str:
    """Say which query parameters exist, without repeating the one that does not."""
    return f"Paramètre inconnu. Paramètres acceptés : {', '.join(names) or 'aucun'}."
