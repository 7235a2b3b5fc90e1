"""What answers about the seal look like, for /openapi.json alone; the tests hold what orjson dumped to it."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import Field
from typing_extensions import TypedDict  # the one pydantic reads before Python 3.12

from api import french_checkpoints as french
from api.schemas import Count, Digest, exact

Position = Annotated[int, Field(ge=1, examples=[4812], description=french.POSITION)]
Base64 = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$", description="32 octets, en base64.")]
Proof = Annotated[list[Base64], Field(max_length=53, description=french.PROOF)]


@exact
class SignedHead(TypedDict):
    """The tree of the town as it was signed last."""

    origin: str
    size: Count
    root: Base64
    checkpoint: Annotated[str, Field(description=french.NOTE)]
    key: Annotated[str, Field(description=french.KEY)]


@exact
class ConsistencyProof(TypedDict):
    """That the tree only grew between two sizes."""

    from_size: Position
    to_size: Position
    from_root: Base64
    to_root: Base64
    proof: Proof


@exact
class InclusionProof(TypedDict):
    """That a line is in the tree of a size."""

    position: Position
    size: Position
    leaf: Annotated[Base64, Field(description="SHA-256 de l'octet 0 suivi de l'écriture.")]
    root: Base64
    proof: Proof
    checkpoint: Annotated[str | None, Field(description=french.NOTE + " Celui de cette taille, si c'est le dernier.")]


@exact
class SealedEntry(TypedDict):
    """A line of the ledger, where it is sealed."""

    position: Position
    stream: Annotated[
        str | None,
        Field(description=french.OF_A_FAMILY, examples=["child/villars/8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b"]),
    ]
    version: Annotated[int | None, Field(ge=1)]
    type: Annotated[str | None, Field(examples=["child_registered.v1"])]
    recorded_at: datetime | None
    digest: Annotated[Digest, Field(description="SHA-256 de `stored`, en hexadécimal.")]
    stored: Annotated[str | None, Field(description=french.STORED)]


@exact
class SealedEntries(TypedDict):
    """Lines in the order they are sealed."""

    entries: list[SealedEntry]
    next: Annotated[
        Count, Field(description="Ce qu'il faut donner à `after` pour lire la suite, maintenant ou plus tard.")
    ]


_ROOT: Final = "fqkavT4d1iVplE1ApIJ9ZH5lcjyVMMVcb8a7qJ992CU="
_BEFORE: Final = "m3VwvyXHqeSa1271O11z7S7qClHvgLOpedsMhGrbBD8="
_LEAF: Final = "UQaT6RWbO24h4le6hpqyyx31jkWXF0jia5fy7LICmLI="
_PATH: Final = ["YcoROfaBWEHVuvLQ0tm9nf7pfImN1ve6DAqpQe5sAes=", "WkdmL9ijF9lgSaP59HxV3GfKZgUbqjaD27GbL+CaB7A="]
_NOTE: Final = (
    f"ardoise.example.fr/villars\n4\n{_ROOT}\n\n\u2014 ardoise.example.fr/villars "
    "veGuMgC5PAytAwqRamY15AeGlBa3iNZ8bGtSPGBJYYaeZbES94u+OBPQFG8ZhO/Q3HXPBw7BQS7WB6XXoyahHRT6/wk=\n"
)
_STORED: Final = (
    '{"actor":"idp|agent-7","client":"guichet","command":"4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a05","commune":"villars",'
    '"correlation":"4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a06","fact":{"household":"1b4e28ba-2fa1-4ad2-883f-0016d3cca427"},'
    '"happened_at":"2024-03-07T18:12:00.000000Z",'
    '"previous":"0000000000000000000000000000000000000000000000000000000000000000",'
    '"recorded_at":"2024-03-07T18:12:00.000042Z","role":"agent",'
    '"stream":"household/villars/1b4e28ba-2fa1-4ad2-883f-0016d3cca427","type":"household_opened.v1","version":1}'
)
"""The third of four lines: the other examples are its tree, and verify."""
EXAMPLES: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        SignedHead: {
            "origin": "ardoise.example.fr/villars",
            "size": 4,
            "root": _ROOT,
            "checkpoint": _NOTE,
            "key": "ardoise.example.fr/villars+bde1ae32+AUvq3isjNDC5cYuqzs8P4FHLIqILbXmlqfxa2HOI4vc8",
        },
        ConsistencyProof: {
            "from_size": 3,
            "to_size": 4,
            "from_root": _BEFORE,
            "to_root": _ROOT,
            "proof": [_LEAF, *_PATH],
        },
        InclusionProof: {
            "position": 3,
            "size": 4,
            "leaf": _LEAF,
            "root": _ROOT,
            "proof": _PATH,
            "checkpoint": _NOTE,
        },
        SealedEntries: {
            "entries": [
                {
                    "position": 3,
                    "stream": "household/villars/1b4e28ba-2fa1-4ad2-883f-0016d3cca427",
                    "version": 1,
                    "type": "household_opened.v1",
                    "recorded_at": "2024-03-07T18:12:00.000042Z",
                    "digest": "2c8778c5221239dcea9e2284abd5db4d5cd6b5ee5330dc7c80ec3e40aaa18d18",
                    "stored": _STORED,
                }
            ],
            "next": 3,
        },
    }
)
