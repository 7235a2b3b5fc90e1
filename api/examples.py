"""One answer of each kind, as /openapi.json shows it; the tests hold each to its schema."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from api import (
    examples_billing,
    examples_families,
    french,
    schemas,
    schemas_access,
    schemas_checkpoints,
    schemas_custody,
    schemas_erasure,
    schemas_formalities,
    schemas_history,
    schemas_people,
    schemas_prices,
    schemas_tariffs,
    schemas_town,
)
from api.billing import schemas_collections, schemas_papers, schemas_payments

CHILD: Final = "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b"
HOUSEHOLD: Final = "1b4e28ba-2fa1-4ad2-883f-0016d3cca427"
GUARDIAN: Final = "6fa459ea-ee8a-4ca4-894e-db77e160355e"
ENROLMENT: Final = "886313e1-3b8a-4372-9b90-0c9aee199e5d"
DIGEST: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

_DAY: Final = {
    "day": "2024-03-27",
    "unit": "journee",
    "action": "reserve",
    "outcome": "pending",
    "rulebook": "2023-09",
    "article": "4.1",
    "deadline": "2024-03-12T22:59:59.999999Z",
    "late": False,
    "surcharge": False,
    "reason": None,
}
_DEMANDE: Final = {
    "number": 43513,
    "kind": "reservation",
    "kind_label": "Réservation",
    "status": "en_cours",
    "status_label": french.status_label("en_cours"),
    "child": CHILD,
    "household": None,
    "activity": "alsh-mercredis",
    "origin": "family",
    "submitted_at": "2024-03-08T09:43:00Z",
    "decided_at": None,
    "partial": False,
    "derogation": None,
    "reason": None,
    "document": None,
    "documents": [],
    "wanted": None,
    "proposed": None,
    "refusal": None,
    "rulebook": "2023-09",
    "days": [_DAY],
}
_ACCEPTED: Final = {
    **_DEMANDE,
    "status": "traitee_positivement",
    "status_label": french.status_label("traitee_positivement"),
    "decided_at": "2024-03-08T10:05:12Z",
    "days": [{**_DAY, "outcome": "approved"}],
}
_LATE: Final = {
    "child": CHILD,
    "day": "2024-03-13",
    "unit": "journee",
    "action": "reserve",
    "code": "deadline_passed",
    "title": french.title("deadline_passed"),
    "detail": "Pour le mercredi 13 mars 2024, la date limite était le mardi 27 février 2024 à 23 h 59.",
    "deadline": "2024-02-27T22:59:59.999999Z",
    "article": "4.1",
}
_BOX: Final = {
    "day": "2024-03-27",
    "week": 13,
    "activity": "alsh-mercredis",
    "unit": "journee",
    "state": "awaiting_add",
    "editable": False,
    "code": "already_awaiting",
    "title": french.title("already_awaiting"),
    "detail": "Une demande attend déjà une réponse pour le mercredi 27 mars 2024.",
    "deadline": "2024-03-12T22:59:59.999999Z",
    "opens_at": None,
    "article": "4.1",
    "late": False,
    "surcharge": False,
    "demande": 43513,
    "absence": None,
    "places_left": None,
    "custody": None,
}
_ENROLMENT: Final = {
    "enrolment": ENROLMENT,
    "activity": "alsh-mercredis",
    "site": "l-ile-aux-enfants",
    "group": "les-winners",
    "first_day": "2023-09-06",
    "last_day": "2024-07-06",
}
_VERSION: Final = {
    "version": "2023-09",
    "in_force_from": "2023-09-01",
    "adopted_at": "2023-06-28T18:30:00Z",
    "digest": DIGEST,
}
_CLOSURE: Final = {
    "day": "2024-05-10",
    "activity": "alsh-mercredis",
    "site": None,
    "reason": "pont",
    "announced": False,
}

EXAMPLES: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        schemas.Demande: _ACCEPTED,
        schemas.Submitted: {"demandes": [_DEMANDE], "left_out": [_LATE]},
        schemas_prices.Previewed: {
            "possible": True,
            "demandes": [
                {**_DEMANDE, "number": None, "price": dict(schemas_prices.EXAMPLE_PRICE), "price_absent": None}
            ],
            "errors": [_LATE],
        },
        schemas.DemandeList: {"demandes": [_ACCEPTED], "next": None},
        schemas.QueueDecided: {
            "demandes": [_ACCEPTED],
            "left_out": [
                {
                    "number": 43495,
                    "code": "already_decided",
                    "title": french.title("already_decided"),
                    "detail": french.detail("already_decided"),
                }
            ],
        },
        schemas.CalendarOf: {
            "child": CHILD,
            "erased": False,
            "name": "Matteo Exemple",
            "from": "2024-03-27",
            "to": "2024-03-27",
            "days": [_BOX],
        },
        schemas.Enrolment: _ENROLMENT,
        schemas.EnrolmentEnded: {**_ENROLMENT, "cancelled": []},
        schemas.Enrolments: {"enrolments": [_ENROLMENT]},
        schemas.RegisteredChild: {"child": CHILD, "household": HOUSEHOLD},
        schemas.Child: {
            "child": CHILD,
            "household": HOUSEHOLD,
            "households": [HOUSEHOLD],
            "custody": False,
            "erased": False,
            "name": "Matteo Exemple",
            "enrolments": [_ENROLMENT],
        },
        **examples_families.EXAMPLES,
        schemas.Staff | schemas.Parent: {
            "subject": "idp|parent-0001",
            "role": "guardian",
            "commune": "villennes-sur-seine",
            "children": [{"child": CHILD, "household": HOUSEHOLD}],
            "households": [{"household": HOUSEHOLD, "guardian": GUARDIAN}],
            "may": [
                "read_own_children",
                "submit_demandes",
                "withdraw_demandes",
                "hand_in_documents",
                "use_a_family_key",
                "ask_for_activation",
            ],
        },
        schemas_town.DaySheet: {
            "activity": "alsh-mercredis",
            "day": "2024-03-27",
            "expected": 1,
            "expected_by_unit": {"journee": 1},
            "children": [
                {
                    "child": CHILD,
                    "name": "Camille",
                    "erased": False,
                    "unit": "journee",
                    "site": "l-ile-aux-enfants",
                    "group": "les-winners",
                    "state": "reserved",
                    "demande": 43513,
                    "expected": True,
                    "absence": None,
                    "presence": "present",
                    "arrived_at": None,
                    "left_at": None,
                }
            ],
        },
        schemas_town.Recorded: {"recorded": [CHILD]},
        schemas_town.RulebookVersion: _VERSION,
        schemas_town.RulebookVersions: {"versions": [_VERSION]},
        schemas_town.RulebookContent: {**_VERSION, "content": 'commune = "villennes-sur-seine"\n…'},
        schemas_town.RulebookInForce: {
            **_VERSION,
            "name": "Villennes-sur-Seine",
            "title": "Règlement intérieur 2023-2024",
            "zone": "C",
            "timezone": "Europe/Paris",
            "reasons": {
                "refusal": {"complet": "Il ne reste plus de place"},
                "derogation": {},
                "absence": {"maladie": "Enfant malade"},
                "closure": {"pont": "Pont"},
            },
            "formalities": {
                "address": {
                    "label": "Changement d'adresse",
                    "instruction": "agent",
                    "document": "required",
                    "article": "8.2",
                }
            },
            "sentences": ["ALSH Mercredis : on réserve et on annule jusqu'à 15 jours avant, à 23 h 59."],
        },
        schemas_town.Activities: {
            "activities": [
                {
                    "activity": "alsh-mercredis",
                    "name": "ALSH Mercredis",
                    "category": "alsh",
                    "instruction": "agent",
                    "article": "4",
                    "units": [
                        {
                            "unit": "journee",
                            "name": "Journée",
                            "starts_at": "07:30",
                            "ends_at": "19:00",
                            "excludes": [],
                            "requires": [],
                        }
                    ],
                    "sites": [{"site": "l-ile-aux-enfants", "name": "Centre de Loisirs l'île aux enfants"}],
                    "groups": [{"group": "les-winners", "name": "Les Winners (8-10 ans)"}],
                }
            ]
        },
        schemas_town.ActivityPlaces: {
            "activity": "alsh-mercredis",
            "places": [
                {
                    "day": "2024-03-27",
                    "unit": "journee",
                    "pool": "les-winners",
                    "capacity": 24,
                    "taken": 23,
                    "left": 1,
                    "excess": 0,
                    "set_by_town": False,
                }
            ],
        },
        schemas_town.Closure: _CLOSURE,
        schemas_town.Closures: {"closures": [_CLOSURE]},
        schemas_town.Reopened: {"day": "2024-05-10", "activity": "alsh-mercredis", "site": None, "closed": False},
        schemas_town.Capacity: {
            "activity": "alsh-mercredis",
            "unit": "journee",
            "days": ["2024-03-27"],
            "places": 26,
            "pool": "les-winners",
        },
        **schemas_people.EXAMPLES,
        **schemas_payments.EXAMPLES,
        **schemas_collections.EXAMPLES,
        **schemas_papers.EXAMPLES,
        **schemas_formalities.EXAMPLES,
        **schemas_access.EXAMPLES,
        **schemas_checkpoints.EXAMPLES,
        **schemas_custody.EXAMPLES,
        **schemas_tariffs.EXAMPLES,
        **schemas_erasure.EXAMPLES,
        **schemas_history.EXAMPLES,
        **examples_billing.EXAMPLES,
        **schemas_prices.EXAMPLES,
        schemas_town.Alive: {"status": "alive"},
        schemas_town.Ready: {"status": "ready", "schema": 9, "warnings": []},
    }
)
