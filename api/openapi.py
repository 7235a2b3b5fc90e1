"""What /openapi.json says: one problem schema, the token, and every status a door can answer."""

from importlib.metadata import version
from typing import Any, Final

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api import french
from api.examples import EXAMPLES
from api.fields import VISIBLE
from api.openapi_fields import tell
from api.problems import CONTENT_TYPE, STATUS, URN

VERSION: Final = version("ardoise")
SUMMARY: Final = "Le registre des réservations des familles : rien ne s'y efface."
DESCRIPTION: Final = """\
*Ardoise* keeps the reservations of a town's family portal as facts that are never changed.

**Identification** : un jeton `at+jwt` (RFC 9068) par `Authorization: Bearer`.
**Commandes** : chacune exige `Idempotency-Key`; la même clé redonne la même réponse.
**Refus** : toujours un problème (RFC 9457), avec un `code` stable, et un titre et un détail en français.
**Inconnu ou interdit** : la même réponse 404.
"""
BEARER: Final = "bearer"
ALWAYS: Final = (
    "unauthenticated",
    "not_found",
    "invalid_request",
    "altered_line",
    "unexpected",
    "overloaded",
    "database_unavailable",
    "vault_unavailable",
    "identity_unavailable",
)
WITH_BODY: Final = ("invalid_json", "body_too_slow", "body_too_large", "unsupported_media_type")
WITH_FILE: Final = ("body_too_slow", "document_too_large", "document_type_refused")
WITH_KEY: Final = (
    "idempotency_key_missing",
    "idempotency_key_invalid",
    "idempotency_key_reused",
    "idempotency_in_progress",
    "conflict",
)
WITHOUT_BODY: Final = ("unexpected_body",)
REASONS: Final = {
    400: "Requête illisible",
    401: "Identification requise",
    404: "Inconnu, ou interdit",
    405: "Méthode non autorisée",
    406: "Format de réponse indisponible",
    408: "Demande trop lente",
    409: "Refus d'une règle, ou conflit",
    412: "Le dossier a changé",
    413: "Demande trop volumineuse",
    415: "Format non accepté",
    422: "À corriger",
    429: "Trop d'essais",
    431: "En-têtes trop volumineux",
    500: "Erreur inattendue",
    503: "À réessayer plus tard",
}
SUCCESSES: Final = {200: "Fait", 201: "Enregistré", 202: "Accepté, et fait aussitôt que possible"}
RETRY_AFTER: Final = {
    "description": "Secondes à attendre avant de réessayer.",
    "schema": {"type": "integer", "minimum": 1},
}
CHALLENGE: Final = {"description": "RFC 6750.", "required": True, "schema": {"type": "string", "pattern": "^Bearer"}}
ETAG: Final = {
    "description": (
        "La version du dossier, à rendre dans `If-Match`. Pour un responsable, d'un enfant en garde alternée : "
        "l'empreinte de la réponse, qui ne se rend pas ; ses commandes n'en donnent pas."
    ),
    "required": False,
    "schema": {"type": "string", "pattern": '^"[0-9a-f]+"$'},
}
LOCATION: Final = {"description": "Où le lire.", "required": True, "schema": {"type": "string", "pattern": "^/v1/"}}
HIT: Final = {
    "description": "Présent quand la réponse est celle d'un premier envoi de la même commande.",
    "schema": {"type": "string", "enum": ["true"]},
}
CORRELATION: Final = {
    "description": "Le numéro à transmettre à l'exploitant ; celui du client s'il en a donné un.",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
}

COMMUNE: Final = {
    "name": "commune",
    "in": "path",
    "required": True,
    "description": "La commune du jeton : une autre n'existe pas.",
    "schema": {
        "type": "string",
        "pattern": "^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$",
        "maxLength": 48,
        "examples": ["villennes-sur-seine"],
    },
}

TEXT: Final = {"type": "string"}
PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457.",
    "required": ["type", "status", "title", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri", "examples": [f"{URN}deadline_passed"]},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "title": TEXT,
        "detail": TEXT,
        "code": {"type": "string", "enum": sorted(STATUS)},
        "article": {"type": "string", "description": "L'article du règlement, quand une règle refuse."},
        "correlation": {"type": "string", "description": "Le numéro à transmettre à l'exploitant."},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemError"}},
    },
}
PROBLEM_ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "title": "ProblemError",
    "description": "Un champ à corriger (`in`, `field`), un jour refusé (`day`), ou une demande refusée (`number`).",
    "required": ["code", "detail"],
    "properties": {
        "in": {"type": "string", "enum": ["body", "query", "header"]},
        "field": {"type": "string", "examples": ["reserve[0].day"]},
        "number": {"type": "integer", "description": "La demande à instruire."},
        "child": TEXT,
        "day": {"type": "string", "format": "date"},
        "unit": TEXT,
        "action": TEXT,
        "guardian": {**TEXT, "description": "Un responsable à choisir."},
        "given_name": {**TEXT, "description": "Son prénom."},
        "units": {"type": "array", "items": TEXT, "description": "Les autres formules du jour dont il s'agit."},
        "code": TEXT,
        "title": TEXT,
        "detail": TEXT,
        "deadline": {"type": "string", "format": "date-time"},
        "opens_at": {"type": "string", "format": "date-time"},
        "article": TEXT,
    },
}


def example(code: str) -> dict[str, Any]:
    """One problem as it would be answered."""
    said = {
        "type": URN + code,
        "status": STATUS[code],
        "title": french.title(code),
        "detail": french.detail(code),
        "code": code,
    }
    return {"summary": french.title(code), "value": said}


def answered(status: int, model: Any, *, etag: bool = False, located: bool = False) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route: what it answers when it does not refuse.

    The example travels as text until `complete`: FastAPI takes what is null out of the document it makes.
    """
    response: dict[str, Any] = {
        "description": SUCCESSES[status],
        "model": model,
        "content": {"application/json": {"example": orjson.dumps(EXAMPLES[model]).decode()}},
    }
    headers = {"ETag": ETAG} if etag else {}
    if located:
        headers["Location"] = LOCATION
    if headers:
        response["headers"] = headers
    return {status: response}


def documented(*codes: str) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route: the codes its own rules may answer, beside those every door documents by itself."""
    responses: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        add(responses, code, STATUS[code])
    return responses


def add(responses: dict[Any, dict[str, Any]], code: str, status: int | str) -> None:
    """Document one code, beside the other codes of the same status."""
    number = int(status)
    response = responses.setdefault(status, {"description": REASONS[number]})
    content = response.setdefault("content", {}).setdefault(
        CONTENT_TYPE, {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
    )
    content.setdefault("examples", {})[code] = example(code)
    if number in (409, 429, 503):
        response["headers"] = {"Retry-After": {**RETRY_AFTER, "required": number != 409}}
    if number == 401:
        response["headers"] = {"WWW-Authenticate": CHALLENGE}


def complete(path: str, operation: dict[str, Any]) -> None:
    """Give one operation the statuses its door can answer."""
    responses = operation.setdefault("responses", {})
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    if not path.startswith("/v1/"):
        codes: tuple[str, ...] = ("not_ready",) if path == "/readyz" else ()
    else:
        operation["security"] = [{BEARER: []}]
        operation["parameters"] = [COMMUNE, *operation.get("parameters", ())]
        names = {parameter["name"] for parameter in operation.get("parameters", ())}
        content = operation.get("requestBody", {}).get("content", ())
        codes = ALWAYS + (WITH_BODY if "application/json" in content else WITH_FILE if content else WITHOUT_BODY)
        codes += WITH_KEY if "Idempotency-Key" in names else ()
        codes += ("version_changed",) if "If-Match" in names else ()
        codes += ("invalid_cursor",) if "cursor" in names else ()
        codes += ("past_not_ready",) if "as_of" in names else ()
    for code in codes:
        add(responses, code, str(STATUS[code]))
    for response in responses.values():
        response.setdefault("headers", {})["X-Request-Id"] = CORRELATION
        said = response.get("content", {}).get("application/json", {})
        if "example" in said:
            said["example"] = orjson.loads(said["example"])
    for parameter in operation.get("parameters", ()):
        tell(parameter["schema"], parameter["name"])
        if parameter["name"] == "Idempotency-Key":
            for response in responses.values():
                response["headers"]["Idempotency-Hit"] = HIT
            parameter["required"] = True
            parameter["schema"] = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": VISIBLE}


def schema_of(app: FastAPI) -> dict[str, Any]:
    """The whole document."""
    document = get_openapi(
        title=app.title, version=VERSION, summary=SUMMARY, description=DESCRIPTION, routes=app.routes
    )
    for path, operations in document["paths"].items():
        for operation in operations.values():
            complete(path, operation)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for owner, schema in schemas.items():
        for name, field in schema.get("properties", {}).items():
            tell(field, name, owner=owner)
    schemas["Problem"], schemas["ProblemError"] = PROBLEM, PROBLEM_ERROR
    components["securitySchemes"] = {
        BEARER: {"type": "http", "scheme": "bearer", "bearerFormat": "at+jwt", "description": "RFC 9068."}
    }
    return document


def describe(app: FastAPI) -> None:
    """Make an application answer this document, built once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = schema_of(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
