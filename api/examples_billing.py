"""What the régie's months, titres and lines look like, as /openapi.json shows them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from api import schemas_billing, schemas_why
from api.schemas_prices import EXAMPLE_LINE

_HOUSEHOLD: Final = "1b4e28ba-2fa1-4ad2-883f-0016d3cca427"
_BY: Final = {"nature": "meal", "nature_label": "Repas", "amount_cents": 5_511}
_CLOSED: Final = {
    "month": "2022-09",
    "state": "closed",
    "state_label": "Clôturé",
    "position": 18_342,
    "asked_at": None,
    "ended_at": None,
    "households": None,
    "households_done": None,
    "error": None,
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "titres": 1,
    "issued": 1,
    "first_number": "2022-000017",
    "lines": 1,
    "total_cents": 5_511,
    "by_nature": [_BY],
    "by_code": [{"code": "7067", "amount_cents": 5_511}],
    "regularised_cents": 0,
    "missing": [],
    "meanwhile": [],
    "left_out": 0,
    "issued_on": "2022-10-03",
    "due_on": "2022-11-02",
    "closed_at": "2022-10-03T08:00:00Z",
}
_DRAFT: Final = {
    **_CLOSED,
    "month": "2022-10",
    "state": "draft",
    "state_label": "Projet de facturation",
    "asked_at": "2022-11-02T08:00:00Z",
    "ended_at": "2022-11-02T08:00:04Z",
    "households": 212,
    "households_done": 212,
    "issued": 0,
    "first_number": None,
    "missing": [{"why": "attendance", "why_label": "Présence à noter", "days": 3}],
    "issued_on": None,
    "due_on": None,
    "closed_at": None,
}
_LINE: Final = {
    **{name: value for name, value in EXAMPLE_LINE.items() if name != "sentences"},
    "titre": "2022-000017",
    "line": 1,
    "household": _HOUSEHOLD,
    "quantity": 1,
    "amount_cents": 327,
    "days": [{**EXAMPLE_LINE["days"][0], "lines": [5, 6, 9]}],
    "regularises": None,
    "causes": [],
}
_TITRE: Final = {
    "titre": "2022-000017",
    "household": _HOUSEHOLD,
    "month": "2022-10",
    "total_cents": 327,
    "position": 18_342,
    "issued_on": "2022-11-03",
    "due_on": "2022-12-03",
    "issued_at": "2022-11-03T08:00:00Z",
    "lines": 1,
}
_ENTRY: Final = {
    "page": "child",
    "line": 5,
    "position": 17_004,
    "type": "reservation_requested.v1",
    "role": "guardian",
    "role_label": "Responsable",
    "actor": None,
    "happened_at": "2022-09-24T16:05:00Z",
    "recorded_at": "2022-09-24T16:05:00Z",
}
_ASKED: Final = "Réservé le 24 septembre 2022 à 18 h 05 par vous (demande n° 12)."
_CORRECTED: Final = {
    "titre": "2022-000031",
    "line": 2,
    "quantity": -1,
    "amount_cents": -327,
    "days": ["2022-10-03"],
}
_OF_DAY: Final = (
    f"Lundi 3 octobre 2022 : 1 repas à 3,27 €. {_ASKED} Depuis : rectifié sur le titre 2022-000031 (−3,27 €)."
)
_MISSING: Final = {
    "child": EXAMPLE_LINE["child"],
    "activity": "restauration-scolaire",
    "unit": "repas",
    "day": "2022-10-03",
    "why": "attendance",
    "why_label": "Présence à noter",
    "article": "7",
    "billed": False,
}

EXAMPLES: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        schemas_billing.Months: {"months": [_CLOSED, _DRAFT]},
        schemas_billing.MonthKnown: _CLOSED,
        schemas_billing.DraftUnderWay: {
            "month": "2022-10",
            "state": "drafting",
            "state_label": "Projet en préparation",
            "asked_at": "2022-11-02T08:00:00Z",
        },
        schemas_billing.Closing: {
            "month": "2022-10",
            "state": "closing",
            "state_label": "Clôturé, titres en cours d'émission",
            "position": 18_342,
        },
        schemas_billing.MissingDays: {
            "month": "2022-10",
            "households": [{"household": _HOUSEHOLD, "days": [_MISSING]}],
            "next": None,
        },
        schemas_billing.Lines: {"month": "2022-10", "lines": [_LINE], "next": None},
        schemas_billing.Titre: {**_TITRE, "lines": [{**_LINE, "corrected_by": [_CORRECTED]}]},
        schemas_billing.Titres: {"titres": [_TITRE], "next": None},
        schemas_billing.TitresOfHousehold: {"household": _HOUSEHOLD, "titres": [_TITRE]},
        schemas_billing.RestingOn: {"child": EXAMPLE_LINE["child"], "line": 5, "invoice_lines": [_LINE]},
        schemas_why.Why: {
            **_LINE,
            "quotient": {
                **EXAMPLE_LINE["quotient"],
                "entry": {
                    **_ENTRY,
                    "page": "household",
                    "line": 4,
                    "role": "agent",
                    "role_label": "Agent de la commune",
                },
            },
            "days": [
                {
                    **EXAMPLE_LINE["days"][0],
                    "lines": [5],
                    "entries": [{**_ENTRY, "demande": 12, "sentence": _ASKED}],
                    "corrected_by": [_CORRECTED],
                    "sentence": _OF_DAY,
                }
            ],
            "corrected_by": [_CORRECTED],
            "grouped": [{"days": ["2022-10-03"], "sentence": _OF_DAY}],
            "in_short": [*EXAMPLE_LINE["sentences"]],
            "sentences": [*EXAMPLE_LINE["sentences"]],
        },
    }
)
