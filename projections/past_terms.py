"""What a town keeps beyond the terms of its rulebook: counted, for whoever is to forget it."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, LiteralString

from ledger.identifiers import Commune
from projections.question import Question

_COUNTS: Final[Mapping[str, LiteralString]] = MappingProxyType(
    {
        "file": """
            SELECT count(DISTINCT c.household) AS count FROM children c
            WHERE c.commune = %(commune)s AND NOT c.erased
              AND EXISTS (SELECT FROM enrolments e WHERE e.commune = c.commune AND e.child = c.child)
              AND NOT EXISTS (
                  SELECT FROM children s JOIN enrolments e ON e.commune = s.commune AND e.child = s.child
                  WHERE s.commune = c.commune AND s.household = c.household AND e.last_day >= %(before)s::date)
        """,
        "documents": """
            SELECT count(*) AS count FROM vault.documents WHERE commune = %(commune)s AND kept_at < %(before)s
        """,
        "health": """
            SELECT count(*) AS count FROM vault.records v
            WHERE v.commune = %(commune)s AND v.kind = 'health' AND v.changed_at < %(before)s
              AND NOT EXISTS (
                  SELECT FROM enrolments e
                  WHERE e.commune = v.commune AND e.child = v.person AND e.last_day >= %(before)s::date)
        """,
        "answers": """
            SELECT count(*) AS count FROM answers WHERE commune = %(commune)s AND answered_at < %(before)s
        """,
    }
)
"""By the term of `rulebook.retention.Retention` each is past. Files need an archivist's agreement to be forgotten."""

TERMS: Final = tuple(_COUNTS)


def past(commune: Commune, term: str, before: datetime) -> Question:
    """How many of what a term is about are older than it."""
    return Question(sql=_COUNTS[term], values={"commune": commune, "before": before})


def forget_refused(commune: Commune, before: datetime, now: datetime) -> Question:
    """Forgets what people said of themselves whose activation was refused before then: nothing was made of it."""
    return Question(
        sql="""
            SELECT count(*) AS count FROM (
                SELECT vault.forget(%(commune)s, k.person, %(now)s)
                FROM vault.keys k JOIN activations a ON a.commune = k.commune AND a.activation = k.person
                WHERE k.commune = %(commune)s AND k.wrapped IS NOT NULL
                  AND a.status = 'refused' AND a.decided_at < %(before)s
            ) AS forgotten
        """,
        values={"commune": commune, "before": before, "now": now},
    )


def drop_attempts(commune: Commune, before: datetime) -> Question:
    """Drops the attempts at a Clé Enfance that no longer count."""
    return Question(
        sql="""
            WITH gone AS (DELETE FROM key_attempts WHERE commune = %(commune)s AND tried_at < %(before)s RETURNING 1)
            SELECT count(*) AS count FROM gone
        """,
        values={"commune": commune, "before": before},
    )
