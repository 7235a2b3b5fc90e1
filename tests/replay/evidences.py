"""Evidence of a family made without a database: every fact there is, as the ledger writes it, in a tree."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain, zip_longest
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.entry import Entry
from ledger.identifiers import AccountId, Stream
from ledger.streams import account_page, child_page, household_page, payer_page
from replay.evidence import Evidence, Proven
from replay.sealing.checkpoint import Checkpoint, Head, origin_of, sign, verifier_of
from replay.sealing.merkle import Subtrees, consistency, inclusion, leaf_hash, perfect_root, root_at
from replay.verify_evidence import key_of, verified
from tests.ledger.examples import (
    ACTIVATION,
    CHILD,
    FAMILY,
    ON_ACCOUNT,
    ON_CHILD,
    ON_HOUSEHOLD,
    ON_SHARED_CHILD,
    SHARED_CHILD,
    TOWN,
    written,
)
from tests.ledger.examples_of_billing import ON_PAYER, PAYER

Json = dict[str, Any]

HOME = household_page(TOWN, FAMILY)
PAGE = child_page(TOWN, SHARED_CHILD)
ACCOUNT = account_page(TOWN, AccountId(ACTIVATION))
BOOKS = payer_page(TOWN, FAMILY)
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = origin_of("ardoise.example", TOWN)
KEY = verifier_of(ORIGIN, SIGNER.public_key()).text
TRUSTED = [key_of(KEY)]
NOW = datetime(2024, 3, 8, 9, 43, tzinfo=UTC)


def sealed() -> list[Entry]:
    """The lines of the family and of another child, in the order they were sealed: now one page, now another."""
    pages = [
        written(HOME, ON_HOUSEHOLD),
        written(child_page(TOWN, CHILD), ON_CHILD),
        written(PAGE, ON_SHARED_CHILD),
        written(ACCOUNT, ON_ACCOUNT),
        written(BOOKS, [ON_PAYER[0], ON_PAYER[6]]),
        written(payer_page(TOWN, PAYER), ON_PAYER[:1]),
    ]
    return [line for line in chain.from_iterable(zip_longest(*pages)) if line is not None]


def subtrees(leaves: Sequence[bytes]) -> Subtrees:
    """The hashes of a tree of these leaves."""
    return lambda height, index: perfect_root(leaves[index << height : (index + 1) << height])


def signed(leaves: Sequence[bytes], key: Ed25519PrivateKey = SIGNER, origin: str = ORIGIN) -> Checkpoint:
    """The checkpoint of a tree."""
    return sign(Head(origin=origin, size=len(leaves), root=root_at(len(leaves), subtrees(leaves))), key)


def evidence(lines: Sequence[Entry], *, kept: Sequence[int] = (), checkpoint: Checkpoint | None = None) -> Evidence:
    """What would be exported of the family, had the town these lines."""
    leaves = [leaf_hash(line.stored) for line in lines]
    family = {HOME, PAGE, ACCOUNT, BOOKS}
    mine = [(position, line) for position, line in enumerate(lines, start=1) if line.stream in family]
    pages: dict[Stream, tuple[int, int]] = {}
    for _, line in mine:
        pages[line.stream] = (pages.get(line.stream, (0, 0))[0] + 1, 0)
    return Evidence(
        commune=TOWN,
        household=FAMILY,
        exported_at=NOW,
        checkpoint=checkpoint or signed(leaves),
        key=KEY,
        lines=[
            Proven(
                position=position,
                stream=line.stream,
                stored=line.stored.decode(),
                proof=inclusion(position - 1, len(leaves), subtrees(leaves)),
            )
            for position, line in mine
        ],
        pages=pages,
        consistency=[(size, consistency(size, len(leaves), subtrees(leaves))) for size in kept],
    )


def document(*kept: int) -> Json:
    """The evidence of the family, to be spoiled."""
    said: Json = orjson.loads(evidence(sealed(), kept=kept).content())
    return said


def proven(said: Json) -> Json:
    """What the verifier says of it, with the town's key."""
    return verified(orjson.dumps(said), TRUSTED, [])
