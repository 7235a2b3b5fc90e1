"""The Clé Enfance: an agent issues it, a parent types it, and their account speaks for a guardian."""

import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import orjson
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import access, openapi, schemas_families
from api.answers import JSONAnswer
from api.attempts import Attempts
from api.door import doors
from api.family_bodies import KeyAsked, KeyTyped
from api.fields import IdText
from api.french_families import KEY_STATES
from api.households import of_household
from api.office import AtCounter, AtInstant, Counter, Office, Said
from api.once import kept_once, sent
from api.problems import Problem, retry_later
from api.refusals import answer_of
from api.sealing import AtVault
from commands.execute import Result
from commands.family_keys import IssueKey, RedeemKey, RevokeKey
from ledger.identifiers import GuardianId, HouseholdId, KeyId, PersonId, new_id
from ledger.store import Answer, Kept
from projections import families, shared
from vault.people import Erased, Vault

router = doors("clés")

Row = Mapping[str, Any]
CREATED: Final = 201


def _state(row: Row, now: datetime) -> schemas_families.KeyState:
    if row["revoked"]:
        return "revoked"
    if row["used"] >= row["uses"]:
        return "used_up"
    return "open" if now < row["expires_at"] else "expired"


def _said(row: Row, now: datetime) -> dict[str, Any]:
    """A key as answers show it: never its text."""
    state = _state(row, now)
    names = ("key", "guardian", "uses", "used", "issued_at", "expires_at")
    return {**{name: row[name] for name in names}, "state": state, "state_label": KEY_STATES[state]}


@router.post(
    "/households/{household}/keys",
    status_code=CREATED,
    summary="Délivrer une Clé Enfance",
    responses=openapi.answered(CREATED, schemas_families.IssuedKey)
    | openapi.documented("guardian_suspended", "already_linked", "expiry_out_of_reach"),
)
async def issue(household: IdText, asked: KeyAsked, at: AtCounter, vault: AtVault) -> Response:
    """Issues a key and tells its text, which is kept nowhere: the same command sent again tells it again."""
    office, ring = at.office, vault.ring
    key = KeyId(new_id())
    command = IssueKey(
        household=HouseholdId(household),
        key=key,
        digest=ring.key_digests(office.commune, ring.key_text(office.commune, key))[0],
        uses=asked.uses,
        expires_on=asked.expires_on,
        guardian=GuardianId(asked.guardian) if asked.guardian else None,
    )

    def issued(result: Result) -> Said:
        row = result.row_of("family_keys")
        return Said(status=CREATED, content=_said(row, office.now))

    kept = await at.kept(command, issued)
    return sent(office.request, await _with_text(office, vault, kept))


async def _with_text(at: Office, vault: Vault, kept: Kept) -> Kept:
    """The answer with the text of its key, worked out again: what is kept under the command's key does not hold it."""
    if kept.answer.status != CREATED:
        return kept
    said = orjson.loads(kept.answer.body)
    key = KeyId(said["key"])
    [[row]] = await at.reader.ask(at.commune, shared.key_digest(at.commune, key))
    text = vault.ring.key_text(at.commune, key, digest=row["digest"])
    return replace(kept, answer=replace(kept.answer, body=orjson.dumps({**said, "text": text})))


@router.get(
    "/households/{household}/keys",
    summary="Les Clés Enfance d'un foyer",
    responses=openapi.answered(200, schemas_families.FamilyKeys),
)
async def keys(household: IdText, at: AtInstant) -> JSONAnswer:
    """The keys of a household and what became of them."""
    known = HouseholdId(household)
    _, [rows] = await of_household(at, known, shared.keys_of(at.commune, known))
    return JSONAnswer({"keys": [_said(row, at.now) for row in rows]})


@router.delete(
    "/households/{household}/keys/{key}",
    summary="Révoquer une Clé Enfance",
    responses=openapi.answered(200, schemas_families.FamilyKey) | openapi.documented("nothing_to_do"),
)
async def revoke(household: IdText, key: IdText, at: AtCounter) -> Response:
    """The key opens nothing any more."""
    now = at.office.now

    def revoked(result: Result) -> Said:
        row = result.row_of("family_keys")
        return Said(status=200, content=_said(row, now))

    return await at.run(RevokeKey(household=HouseholdId(household), key=KeyId(key)), revoked)


@router.post(
    "/me/key",
    summary="Saisir une Clé Enfance",
    responses=openapi.answered(200, schemas_families.Linked)
    | openapi.documented("too_many_attempts", "key_refused", "guardian_to_choose", "already_linked"),
)
async def redeem(asked: KeyTyped, at: AtCounter, vault: AtVault) -> Response:
    """Ties the caller's account to the guardian the key names. The answer names nobody: `/me` tells what opened."""
    at, office = _keyed(at, vault), at.office
    await _count(at)
    digests = list(vault.ring.key_digests(office.commune, asked.key))
    [found] = await office.reader.ask(office.commune, shared.keys_with(office.commune, digests))
    row = found[0] if found else None
    command = RedeemKey(
        subject=office.caller.subject,
        household=HouseholdId(row["household"]) if row else None,
        key=KeyId(row["key"]) if row else None,
        guardian=GuardianId(asked.guardian) if asked.guardian else None,
    )
    kept = await at.kept(command, lambda _: Said(status=200, content={"linked": True}))
    return sent(office.request, await _with_names(office, vault, kept, row))


def _keyed(at: Counter, vault: Vault) -> Counter:
    """The counter with a fingerprint of what was typed that nobody can make again without the keys of the vault.

    Under the oldest of them, so that a rotation does not turn a command that is sent again into another one.
    """
    oldest = list(vault.ring.keys)[-1]
    secret = vault.ring.pepper("idempotency", key=oldest)
    return replace(at, key=replace(at.key, fingerprint=hmac.digest(secret, at.key.fingerprint, "sha256")))


async def _count(at: Counter) -> None:
    """Refuses the sixth attempt of an hour before anything is looked at. Nothing is kept of that refusal."""
    caller, attempts = at.office.caller, at.office.request.app.state.attempts
    assert isinstance(attempts, Attempts)
    once = kept_once(caller, at.key)
    seconds = await run_in_threadpool(attempts.seconds_to_wait, caller.commune, once, at.office.now)
    if seconds is not None:
        raise retry_later("too_many_attempts", seconds=seconds)


async def _with_names(at: Office, vault: Vault, kept: Kept, row: Row | None) -> Kept:
    """The choice with the given names of whom may be chosen, as long as the key opens something for the caller.

    A choice that was left open may be asked for again later: by then the key may be used up, or the caller suspended.
    """
    said = orjson.loads(kept.answer.body)
    if said.get("code") != "guardian_to_choose":
        return kept
    [standings] = await at.reader.ask(at.commune, families.standings_of(at.commune, [at.caller.subject]))
    if row is None or _state(row, at.now) != "open" or any(own["household"] == row["household"] for own in standings):
        return replace(kept, answer=answer_of(Problem("key_refused")))
    guardians = [PersonId(error["guardian"]) for error in said["errors"]]
    known = await run_in_threadpool(vault.people, at.commune, guardians, kinds=["identity"])
    at.saw(row["household"], *guardians)
    await access.note(at.request, at.caller, at.rights, "own_file")
    for error in said["errors"]:
        details = known[PersonId(error["guardian"])]
        if not isinstance(details, Erased) and "identity" in details:
            error["given_name"] = details["identity"]["given_name"]
    answer = Answer(status=kept.answer.status, headers=kept.answer.headers, body=orjson.dumps(said))
    return replace(kept, answer=answer)
