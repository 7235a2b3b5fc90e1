"""What the reference of a payment must not tell: it is written in the ledger, which forgets nothing."""

import re
from typing import Final

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

MOST_LETTERS: Final = 6
_NAME: Final = re.compile(f"[A-Z]{{{MOST_LETTERS + 1}}}")
_TELEPHONE: Final = re.compile(r"(?<![0-9])(?:0|(?:00)?33)[1-9][0-9]{8}(?![0-9])")
_ACCOUNT: Final = re.compile(r"(?=([A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}))")
_RIB: Final = re.compile(r"(?=([0-9]{10}[A-Z0-9]{11}[0-9]{2}))")
_SHORTEST_IBAN: Final = 15


def what_it_tells(reference: str) -> str | None:
    """Why a reference is refused, as the kind of an error. Spaces and hyphens hide nothing."""
    said = re.sub("[ -]", "", reference).upper()
    if _is_account(said):
        return "reference_of_account"
    if _TELEPHONE.search(said) or _TELEPHONE.search(reference):
        return "reference_of_telephone"
    return "reference_of_name" if _NAME.search(said) else None


def _is_account(said: str) -> bool:
    ibans = (found[:end] for found in _ACCOUNT.findall(said) for end in range(_SHORTEST_IBAN, len(found) + 1))
    ribs = (_of_rib(found) for found in _RIB.findall(said))
    return any(map(_exists, ibans)) or any(map(_exists, ribs))


def _of_rib(said: str) -> str:
    """The number of a French account with the check digits it would have as an IBAN."""
    try:
        return str(IBAN.from_bban("FR", said, validate_bban=True))
    except SchwiftyException:
        return ""


def _exists(said: str) -> bool:
    try:
        IBAN(said)
    except SchwiftyException:
        return False
    return True
