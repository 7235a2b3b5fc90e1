"""The file of direct debits a bank reads: ISO 20022 pain.008, the same bytes from the same facts."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from sepaxml import SepaDD  # type: ignore[import-untyped]
from sepaxml.validation import ValidationError, try_valid_xml  # type: ignore[import-untyped]

from commands.direct_debits import Debit
from ledger.identifiers import CollectionId, GuardianId
from rulebook.tariffs import RegieRule

SCHEMA: Final = "pain.008.001.08"
"""The version of the SEPA Direct Debit Core guidelines since 2023 (ISO 20022 of 2019); see docs/decisions/0034."""
MEDIA_TYPE: Final = "application/xml"
LONGEST_NAME: Final = 70
_SPELT: Final = str.maketrans(
    {"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
    | dict.fromkeys("’‘ʼ`´", "'")
    | dict.fromkeys("‐‑‒–—", "-")
)
_OUTSIDE: Final = re.compile(r"[^A-Za-z0-9/?:().,'+ -]+")


def in_sepa_letters(text: str) -> str:
    """A text in the letters every bank of the SEPA reads: accents go, what has no Latin letter becomes a space."""
    bare = "".join(
        letter for letter in unicodedata.normalize("NFKD", text.translate(_SPELT)) if not unicodedata.combining(letter)
    )
    return " ".join(_OUTSIDE.sub(" ", bare).split()).lstrip("/").rstrip("/").replace("//", "/")[:LONGEST_NAME].strip()


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The account to debit, as the vault has it."""

    iban: str
    holder: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """All that the file says."""

    collection: CollectionId
    made_at: datetime
    """When it was asked for, by the clock of the town hall."""
    collect_on: date
    creditor: RegieRule
    debits: Sequence[Debit]
    accounts: Mapping[GuardianId, Account]

    @property
    def name(self) -> str:
        """What the file is known by at the bank: 32 letters and digits."""
        return self.collection.replace("-", "")


class _File(SepaDD):  # type: ignore[misc]
    """The library's file, without what it draws by chance and from its own clock."""

    def __init__(self, batch: Batch, config: dict[str, Any]) -> None:
        self._batch = batch
        super().__init__(config, schema=SCHEMA, clean=False)

    def _create_header(self) -> None:
        self.msg_id = self._batch.name
        super()._create_header()
        made_at = self._xml.find("CstmrDrctDbtInitn/GrpHdr/CreDtTm")
        made_at.text = self._batch.made_at.replace(tzinfo=None).isoformat(timespec="seconds")

    def _finalize_batch(self) -> None:
        super()._finalize_batch()
        for place, named in enumerate(self._xml.iter("PmtInfId"), start=1):
            named.text = f"{self._batch.name}-{place}"


def file_of(batch: Batch) -> bytes:
    """The file, not validated."""
    creditor = batch.creditor
    config = {
        "name": in_sepa_letters(creditor.creditor_name),
        "IBAN": creditor.creditor_iban.replace(" ", ""),
        "batch": True,
        "creditor_id": creditor.creditor_id.replace(" ", ""),
        "currency": "EUR",
    }
    if creditor.creditor_bic:
        config["BIC"] = creditor.creditor_bic
    file = _File(batch, config)
    for debit in batch.debits:
        account = batch.accounts[debit.guardian]
        file.add_payment(
            {
                "name": in_sepa_letters(account.holder),
                "IBAN": account.iban,
                "amount": debit.amount_cents,
                "type": debit.sequence,
                "collection_date": batch.collect_on,
                "mandate_id": debit.mandate,
                "mandate_date": debit.signed_on,
                "description": f"Titre {debit.titre}",
                "endtoend_id": f"{debit.titre}-{batch.name[:20]}",
            }
        )
    made: bytes = file.export(validate=False)
    return made


class UnsoundFileError(Exception):
    """The schema does not let the file pass: the town said of itself what no bank reads."""


def validated(file: bytes) -> bytes:
    """The same file, once the library's schema has let it pass. Raises UnsoundFileError."""
    try:
        try_valid_xml(file, SCHEMA)
    except ValidationError as error:
        raise UnsoundFileError from error
    return file


def digest_of(file: bytes) -> str:
    """What the ledger keeps of the file."""
    return sha256(file).hexdigest()
