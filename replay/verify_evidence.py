"""Verifies a family's evidence, as `ardoise export` writes it: one file, the standard library, nothing of Ardoise.

    python3 verify_evidence.py evidence.json --key 'town.example/villars+1a2b3c4d+AT…' --checkpoint kept.txt

Exit code 0: OK; 1: REFUSED, with the reason; 2: the command was not well typed, or a file could not be read; 3: the
file is consistent, and nothing says whose it is: neither a key nor a checkpoint that was kept was given.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

FORMAT = "ardoise-evidence/1"
MOST_BYTES, MOST_ENTRIES, MOST_HASHES, MOST_NOTE = 32 * 2**20, 100_000, 64, 16_384
MOST_TYPED, MOST_NUMBER = 2**32, 2**53 - 1
SIGNATURE_LENGTH = 92
"""Of the base64 of four bytes that name the key, and of the 64 of an Ed25519 signature."""
FILE = {"format": str, "commune": str, "household": str, "exported_at": str, "key": str, "checkpoint": str,
        "consistency": list, "pages": list, "entries": list}  # fmt: skip
LINE = {"actor": str, "client": str, "command": str, "commune": str, "correlation": str, "fact": dict,
        "happened_at": str, "previous": str, "recorded_at": str, "role": str, "stream": str, "type": str,
        "version": int}  # fmt: skip
BELONGS = {"child": ("child_registered", "child_joined_household"), "account": ("activation_granted",)}
"""The facts that make a page one of the household's."""
UNPROVEN = (
    "every page of the family is here: compare the pages with those the town says there are",
    "no line was written after the last one of a page: ask for the evidence again under a later checkpoint",
    "what is written is true: only that it was written, in this order, and not changed since",
)
NOBODYS = (
    "consistent, not attributed: anybody can write such a file: give the key of the town with --key, or a checkpoint"
    " you kept with --checkpoint"
)


class RefusedError(Exception):
    """The evidence does not prove what it says; the message says where."""


class Checkpoint(NamedTuple):
    """What a town says its tree is: how many leaves, and the root above them."""

    origin: str
    size: int
    root: bytes
    body: bytes
    signatures: list[tuple[str, str]]


class Key(NamedTuple):
    """An Ed25519 key of checkpoints, as `name+identifier+base64` writes it."""

    name: str
    ident: bytes
    public: bytes


def refuse(reason: str) -> NoReturn:
    """Ends the verification."""
    raise RefusedError(reason)


# Strict reading ------------------------------------------------------------------------------------------------------


def parsed(text: str, where: str) -> Any:
    """JSON with each key once, whole numbers below 2^53 and nothing else that two readers could read differently."""

    def number(digits: str) -> int:
        small = len(digits) <= 17 and digits != "-0" and abs(int(digits)) <= MOST_NUMBER
        return int(digits) if small else refuse(f"{where}: a number is too large")

    def whole(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        once = len({name for name, _ in pairs}) == len(pairs)
        return dict(pairs) if once else refuse(f"{where}: a key stands twice in the same object")

    def never(_: str) -> Any:
        refuse(f"{where}: a number is not a whole one")

    try:
        return json.loads(text, parse_int=number, parse_float=never, parse_constant=never, object_pairs_hook=whole)
    except ValueError:
        refuse(f"{where}: not JSON")
    except RecursionError:
        refuse(f"{where}: nested too deep")


def shaped(value: Any, shape: Mapping[str, type], where: str) -> dict[str, Any]:
    """An object of exactly these keys and types; true and false are no numbers."""
    if type(value) is not dict or set(value) != set(shape):
        refuse(f"{where}: not an object of {', '.join(shape)}")
    for name, kind in shape.items():
        if type(value[name]) is not kind:
            refuse(f"{where}: {name} is not of its type")
    return value


def unpacked(text: Any, length: int, where: str) -> bytes:
    """So many bytes, from the one base64 text there is of them."""
    if (
        type(text) is str
        and len(text) <= 2 * length
        and re.fullmatch("(?:[A-Za-z0-9+/]{4})*[A-Za-z0-9+/]{2,4}=*", text)
    ):
        found = base64.b64decode(text + "==")
        if len(found) == length and base64.b64encode(found).decode() == text:
            return found
    refuse(f"{where}: not {length} bytes in base64")


def path_of(texts: list[Any], where: str) -> list[bytes]:
    """The hashes of a proof."""
    if len(texts) > MOST_HASHES:
        refuse(f"{where}: the proof is too long")
    return [unpacked(text, 32, where) for text in texts]


def checkpoint_of(text: str, where: str) -> Checkpoint:
    """A checkpoint, from its signed note (C2SP tlog-checkpoint)."""
    shape = r"(([!-~]+)\n(0|[1-9][0-9]{0,15})\n([!-~]+)\n(?:[ -~]+\n)*)\n((?:— [!-~]+ [!-~]+\n)+)"
    note = re.fullmatch(shape, text) if len(text) <= MOST_NOTE else None
    if note is None or int(note[3]) > MOST_NUMBER:
        refuse(f"{where}: not a signed checkpoint")
    signatures = [(name, code) for _, name, code in (signed.split(" ") for signed in note[5].split("\n")[:-1])]
    return Checkpoint(note[2], int(note[3]), unpacked(note[4], 32, where), note[1].encode(), signatures)


def key_of(text: str, where: str = "key") -> Key:
    """A key, from its text."""
    parts = re.fullmatch(r"([!-*,-~]{1,255})\+([0-9a-f]{8})\+(\S{44})", text)
    if parts is None:
        refuse(f"{where}: not a key written as name+identifier+base64")
    packed = unpacked(parts[3], 33, where)
    ident = hashlib.sha256(parts[1].encode() + b"\n" + packed).digest()[:4]
    if packed[0] != 1 or ident.hex() != parts[2]:
        refuse(f"{where}: not an Ed25519 key, or its identifier is another's")
    return Key(parts[1], ident, packed[1:])


# The tree: RFC 9162, 2.1.3.2 and 2.1.4.2 -----------------------------------------------------------------------------


def climbed(node: int, last: int, start: bytes, path: list[bytes]) -> tuple[bytes, bytes] | None:
    """The roots of the smaller and of the larger tree above a node; None unless the path is as long as it must be."""
    before = after = start
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            before, after = (hashlib.sha256(b"\x01" + sibling + root).digest() for root in (before, after))
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            after = hashlib.sha256(b"\x01" + after + sibling).digest()
        node, last = node >> 1, last >> 1
    return None if last else (before, after)


def grew(first: Checkpoint, second: Checkpoint, path: list[bytes]) -> bool:
    """Whether a consistency proof shows that the first tree only grew into the second."""
    if not 0 < first.size < second.size or not path:
        return False
    path = path if first.size & (first.size - 1) else [first.root, *path]
    node, last = first.size - 1, second.size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    return climbed(node, last, path[0], path[1:]) == (first.root, second.root)


# Ed25519: RFC 8032, 5.1. Public values only: nothing here needs to take constant time --------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)
BASE_Y = (4 * pow(5, -1, P) % P).to_bytes(32, "little")


def _add(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Of points (x, y, z, t): x/z and y/z are the coordinates, t is xy/z."""
    left, right = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0])
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = (right - left) % P, d - c, d + c, (right + left) % P
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(scalar: int, point: tuple[int, ...]) -> tuple[int, ...]:
    total: tuple[int, ...] = (0, 1, 1, 0)
    for bit in f"{scalar:b}":
        total = _add(total, total)
        total = _add(total, point) if bit == "1" else total
    return total


def _point(packed: bytes) -> tuple[int, ...] | None:
    odd, y = divmod(int.from_bytes(packed, "little"), 2**255)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * ROOT % P
    if y >= P or x * x % P != square or (x == 0 and odd):
        return None
    x = x if x & 1 == odd else P - x
    return x, y, 1, x * y % P


def ed25519_verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature is good; a key of small order and a number that is not reduced are refused."""
    key, base, scalar = _point(public), _point(BASE_Y), int.from_bytes(signature[32:], "little")
    if (
        key is None
        or base is None
        or (len(public), len(signature)) != (32, 64)
        or scalar >= ORDER
        or _times(8, key)[0] == 0
    ):
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    minus = (P - key[0], key[1], 1, P - key[3])
    x, y, z, _ = _add(_times(scalar, base), _times(int.from_bytes(digest, "little") % ORDER, minus))
    x, y = x * pow(z, -1, P) % P, y * pow(z, -1, P) % P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


# The evidence --------------------------------------------------------------------------------------------------------


def verified(content: bytes, keys: list[Key], kept: list[Checkpoint]) -> dict[str, Any]:
    """What an evidence file proves. Raises RefusedError; a file that fills the memory raises MemoryError."""
    try:
        said = shaped(parsed(content.decode(), "file"), FILE, "file")
    except UnicodeDecodeError:
        refuse("file: not UTF-8")
    checkpoint = checkpoint_of(said["checkpoint"], "checkpoint")
    if said["format"] != FORMAT or len(said["entries"]) > MOST_ENTRIES or len(said["pages"]) > MOST_ENTRIES:
        refuse(f"file: not {FORMAT}, or too much of it")
    if not re.fullmatch("[a-z0-9-]{1,48}", said["commune"]) or checkpoint.origin.split("/")[-1] != said["commune"]:
        refuse("checkpoint: of another town")
    signed_by = _signed(checkpoint, keys or ([key_of(said["key"])] if said["key"] else []))
    for other in kept:
        _compared(checkpoint, other, said["consistency"])
    lines, pages = _entries(said, checkpoint)
    told = [shaped(page, {"stream": str, "lines": int, "later": int}, "pages") for page in said["pages"]]
    counts = [(page["stream"], page["lines"]) for page in told if page["lines"]]
    if counts != sorted(pages.items()) or any(page["later"] < 0 for page in told):
        refuse("pages: not those of the entries, in order")
    root = base64.b64encode(checkpoint.root).decode()
    return {"origin": checkpoint.origin, "size": checkpoint.size, "root": root, "pages": pages,
            "signed_by": signed_by, "key": "given" if keys else "of the file" if signed_by else "none",
            "kept": len(kept), "later": sum(page["later"] for page in told), "lines": lines}  # fmt: skip


def _signed(checkpoint: Checkpoint, keys: list[Key]) -> str:
    for key in keys:
        named = [code for name, code in checkpoint.signatures if name == key.name and len(code) == SIGNATURE_LENGTH]
        mine = [code for code in (unpacked(code, 68, "signature") for code in named) if code[:4] == key.ident]
        if mine and all(ed25519_verifies(key.public, checkpoint.body, code[4:]) for code in mine):
            return key.name
    return refuse("checkpoint: not signed by the key") if keys else ""


def _compared(checkpoint: Checkpoint, kept: Checkpoint, proofs: list[Any]) -> None:
    where = f"kept checkpoint of {kept.size} entries"
    if kept.origin != checkpoint.origin:
        refuse(f"{where}: of another tree")
    if kept.size > checkpoint.size:
        refuse(f"{where}: later than that of the file: export again")
    if kept.size == checkpoint.size and kept.root != checkpoint.root:
        refuse(f"{where}: another root for the same size: two histories were told")
    told = [shaped(proof, {"size": int, "proof": list}, "consistency") for proof in proofs[:MOST_HASHES]]
    paths = [path_of(proof["proof"], "consistency") for proof in told if proof["size"] == kept.size]
    if kept.size < checkpoint.size and not paths:
        refuse(f"{where}: the file has no proof of consistency with it: export again with --kept")
    if kept.size < checkpoint.size and not any(grew(kept, checkpoint, path) for path in paths):
        refuse(f"{where}: the tree did not grow from it: two histories were told")


def _entries(said: dict[str, Any], checkpoint: Checkpoint) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The lines, all under the root and of the household, and how many there are of each page."""
    lines: list[dict[str, Any]] = []
    heads: dict[str, str] = {}
    pages: dict[str, int] = {}
    own = {f"{kind}/{said['commune']}/{said['household']}" for kind in ("household", "payer")}
    own |= {f"{kind}/{said['commune']}" for kind in ("town", "regie")}
    for number, entry in enumerate(said["entries"], start=1):
        shaped(entry, {"position": int, "stored": str, "proof": list}, f"entry {number}")
        position, stored = entry["position"], entry["stored"]
        where = f"entry {number}, position {position}"
        if not (lines[-1]["position"] if lines else 0) < position <= checkpoint.size:
            refuse(f"{where}: positions go up, each once, as far as the checkpoint")
        line = _line(stored, said["commune"], where)
        stream, version = line["stream"], line["version"]
        where = f"{where}, {stream} line {version}"
        leaf = hashlib.sha256(b"\x00" + stored.encode()).digest()
        roots = climbed(position - 1, checkpoint.size - 1, leaf, path_of(entry["proof"], where))
        if roots is None or roots[1] != checkpoint.root:
            refuse(f"{where}: not under the root of the checkpoint")
        pages[stream] = pages.get(stream, 0) + 1
        if version != pages[stream]:
            refuse(f"{where}: line {pages[stream]} of this page should stand here")
        if line["previous"] != heads.get(stream, "00" * 32):
            refuse(f"{where}: does not follow the line before it")
        heads[stream] = hashlib.sha256(stored.encode()).hexdigest()
        kind, said_of = line["type"].split(".")[0], line["fact"].get("household")
        if kind in BELONGS.get(stream.split("/")[0], ()) and said_of == said["household"]:
            own.add(stream)
        lines.append({"position": position, **line})
    for stream in pages:
        if stream not in own:
            refuse(f"{stream}: nothing says that it is of the household")
    if f"household/{said['commune']}/{said['household']}" not in pages:
        refuse("file: no line of the household")
    return lines, pages


def _line(stored: str, commune: str, where: str) -> dict[str, Any]:
    """A line, from the text that was hashed."""
    line = shaped(parsed(stored, where), LINE, where)
    try:
        written = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        written.encode()
    except (RecursionError, UnicodeEncodeError):
        written = ""
    if written != stored:
        refuse(f"{where}: not in the form the ledger writes")
    page = rf"(?:town|regie)/{commune}|(?:child|household|account|payer)/{commune}/[!-~]{{1,255}}"
    if line["commune"] != commune or not re.fullmatch(page, line["stream"]):
        refuse(f"{where}: not of a page of this town")
    return line


# The command ---------------------------------------------------------------------------------------------------------


def _read(name: str, most_bytes: int) -> bytes:
    with open(name, "rb") as file:  # noqa: PTH123 - the same on every Python
        content = file.read(most_bytes + 1)
    return content if len(content) <= most_bytes else refuse(f"file: more than {most_bytes} bytes")


def _told(found: dict[str, Any], lines: int) -> list[str]:
    """What was found, for people."""
    signed = {
        "given": f"by the key of {found['signed_by']} that you gave",
        "of the file": "by the key in the file, which proves nothing: compare it with the one the town publishes",
        "none": "not checked: there is no key",
    }
    return [
        *([] if _attributed(found) else [NOBODYS]),
        f"checkpoint: {found['origin']}, {found['size']} entries, root {found['root']}",
        f"signature: {signed[found['key']]}",
        *([f"checkpoints you kept: {found['kept']} agree"] if found["kept"] else []),
        f"entries: {lines} under the root, the lines of each page chained from the first",
        *(f"  {stream}: {count}" for stream, count in found["pages"].items()),
        f"not under the checkpoint yet, as the file says: {found['later']}",
        *(f"not proven: that {what}" for what in UNPROVEN),
        "OK" if _attributed(found) else "consistent, not attributed",
    ]


def _attributed(found: dict[str, Any]) -> bool:
    """Whether something that does not come with the file says that it is the town's."""
    return found["key"] == "given" or bool(found["kept"])


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit code."""
    asked = argparse.ArgumentParser(description="Verifies the evidence of a family, as `ardoise export` writes it.")
    asked.add_argument("evidence", help="the file to verify")
    asked.add_argument("--key", action="append", default=[], help="a key the town publishes, got by another way")
    asked.add_argument("--checkpoint", action="append", default=[], help="a checkpoint you kept, in a file")
    asked.add_argument("--max-bytes", type=int, default=MOST_BYTES, help=f"of a file: {MOST_BYTES} unless told")
    asked.add_argument("--list", action="store_true", help="print the lines that are proven")
    asked.add_argument("--json", action="store_true", help="print one JSON object")
    options = asked.parse_args(arguments)
    if not 0 < options.max_bytes <= MOST_TYPED:
        asked.error(f"--max-bytes: from 1 to {MOST_TYPED}")
    try:
        keys = [key_of(text, "--key") for text in options.key]
        kept = [checkpoint_of(_read(name, MOST_NOTE).decode(), "--checkpoint") for name in options.checkpoint]
    except (OSError, RefusedError, UnicodeDecodeError) as error:
        asked.error(ascii(str(error)))
    found: dict[str, Any] = {}
    reason = ""
    try:
        found = verified(_read(options.evidence, options.max_bytes), keys, kept)
    except OSError as error:
        asked.error(ascii(str(error)))
    except RefusedError as error:
        reason = str(error)
    except MemoryError:
        reason = "file: it does not fit in the memory"
    lines = found.pop("lines", [])
    sure = not reason and _attributed(found)
    word = "OK" if sure else "consistent"
    verdict = {"verdict": "REFUSED", "reason": reason} if reason else {"verdict": word, **found, "unproven": UNPROVEN}
    told = [json.dumps(line) for line in lines] if options.list else []
    if options.json:
        told.append(json.dumps(verdict))
    else:
        told += [f"REFUSED: {reason}"] if reason else _told(found, len(lines))
    sys.stdout.write("".join(f"{line}\n" for line in told).encode("ascii", "backslashreplace").decode())
    return 1 if reason else 0 if sure else 3


if __name__ == "__main__":
    sys.exit(main())
