"""One answer of each kind about households, keys and activations, as /openapi.json shows it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from api import schemas_families as schemas
from api.french_families import ACTIVATION_STATES, HOLDER, KEY_STATES

_HOUSEHOLD: Final = "1b4e28ba-2fa1-4ad2-883f-0016d3cca427"
_CHILD: Final = "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b"
_PERSON: Final = "6fa459ea-ee8a-4ca4-894e-db77e160355e"
_OTHER: Final = "16fd2706-8baf-433b-82eb-8c7fada847da"
_KEY: Final = "7d793037-a076-4e6c-8f3b-2d0f5f3a8d1e"
_CAMILLE: Final = {"given_name": "Camille", "family_name": "Exemple", "birth_date": None}
_MATTEO: Final = {"given_name": "Matteo", "family_name": "Exemple", "birth_date": "2015-02-03"}
_GUARDIAN: Final = {
    "guardian": _PERSON,
    "subject": "idp|parent-0001",
    "holder": True,
    "holder_label": HOLDER,
    "standing": "active",
}
_CONTACT_PERSON: Final = {"person": _OTHER, "collects": True}
_LISTED: Final = {
    "household": _HOUSEHOLD,
    "guardians": [_GUARDIAN],
    "children": [_CHILD],
    "identities": {_PERSON: _CAMILLE, _CHILD: _MATTEO},
}
_ISSUED: Final = {
    "key": _KEY,
    "guardian": None,
    "uses": 2,
    "used": 0,
    "issued_at": "2024-03-08T09:43:00Z",
    "expires_at": "2024-05-07T22:00:00Z",
    "state": "open",
    "state_label": KEY_STATES["open"],
}
_WAITING: Final = {
    "activation": _KEY,
    "requested_at": "2024-03-08T16:00:00Z",
    "due_at": "2024-03-12T16:00:00Z",
    "status": "waiting",
    "status_label": ACTIVATION_STATES["waiting"],
    "decided_at": None,
    "reason": None,
    "reason_label": None,
}

EXAMPLES: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        schemas.Guardian: _GUARDIAN,
        schemas.Guardians: {"guardians": [_GUARDIAN], "identities": {_PERSON: _CAMILLE}},
        schemas.Member: {"person": _OTHER},
        schemas.Members: {"members": [{"person": _OTHER}], "identities": {_OTHER: _CAMILLE}},
        schemas.ContactPerson: _CONTACT_PERSON,
        schemas.Contacts: {"contacts": [_CONTACT_PERSON], "identities": {_OTHER: _CAMILLE}},
        schemas.Household: {**_LISTED, "members": [], "contacts": [_CONTACT_PERSON]},
        schemas.Households: {"households": [_LISTED], "next": None},
        schemas.GuardianGone: {"guardian": _PERSON, "holder": _OTHER},
        schemas.PersonGone: {"person": _OTHER},
        schemas.FamilyKey: _ISSUED,
        schemas.IssuedKey: {**_ISSUED, "text": "7KQ2-M4XD-0PZR"},
        schemas.FamilyKeys: {"keys": [_ISSUED]},
        schemas.Linked: {"linked": True},
        schemas.OwnActivation: _WAITING,
        schemas.OwnActivations: {"activations": [_WAITING]},
        schemas.WaitingActivations: {
            "activations": [
                {
                    "activation": _KEY,
                    "subject": "idp|parent-0001",
                    "requested_at": "2024-03-08T16:00:00Z",
                    "due_at": "2024-03-12T16:00:00Z",
                    "overdue": False,
                    "working_hours_left": 31,
                    "told": {
                        "identity": _CAMILLE,
                        "contact": {"telephone": "0612345678", "email": None},
                        "children": [_MATTEO],
                    },
                    "known_as": [],
                }
            ],
            "next": None,
        },
        schemas.DecidedActivation: {
            "activation": _KEY,
            "status": "granted",
            "household": _HOUSEHOLD,
            "guardian": _PERSON,
            "reason": None,
        },
    }
)
