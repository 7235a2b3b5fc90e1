"""A question to a read model: plain SQL and its values. Asked of the live tables, or of rows folded in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, LiteralString


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """SQL that names unqualified tables, so that the same question may be asked of the past."""

    sql: LiteralString
    values: Mapping[str, Any] = field(default_factory=dict)
