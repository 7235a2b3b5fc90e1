"""How a month of the régie is shown: open, drafted, closing or closed."""

from collections.abc import Mapping
from typing import Any

from api.asking import Rows
from api.french_billing import DRAFT_ERRORS, DRAFT_FAILED, MISSING, STATES
from api.french_bills import NATURES
from projections.billing import drafts


def nothing_of(month: str) -> dict[str, Any]:
    """A month of which nothing was billed."""
    return {
        "month": month,
        "state": "open",
        "state_label": STATES["open"],
        "position": None,
        "asked_at": None,
        "ended_at": None,
        "households": 0,
        "households_done": 0,
        "error": None,
        "digest": None,
        "titres": 0,
        "issued": 0,
        "first_number": None,
        "lines": 0,
        "total_cents": 0,
        "by_nature": [],
        "by_code": [],
        "regularised_cents": 0,
        "missing": [],
        "meanwhile": [],
        "left_out": 0,
        "issued_on": None,
        "due_on": None,
        "closed_at": None,
    }


def closed_shown(row: Mapping[str, Any], issued: int) -> dict[str, Any]:
    """A month that is closed; `closing` until its last titre is issued."""
    state = "closed" if issued >= row["titres"] else "closing"
    shown = ("position", "digest", "titres", "total_cents", "left_out", "issued_on", "due_on", "closed_at")
    return {
        **nothing_of(row["month"]),
        **{name: row[name] for name in shown},
        "state": state,
        "state_label": STATES[state],
        "issued": issued,
        "first_number": f"{row['year']}-{row['first_number']:06d}" if row["titres"] else None,
        # What its draft was worked out from is not kept; what its lines come to is told by `totals_shown` alone.
        **dict.fromkeys(("households", "households_done", "lines", "by_nature", "by_code", "regularised_cents")),
    }


def drafted_shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A month that has a draft, or waits for one; one that failed is open, and says why."""
    state = {"ready": "draft", "failed": "open"}.get(row["state"], "drafting")
    shown = ("asked_at", "ended_at", "households", "households_done")
    said = {**nothing_of(row["month"]), **{name: row[name] for name in shown}, "error": _error(row["error"])}
    if state == "draft":
        said |= {"position": row["position"], "digest": row["digest"], **_summed(row["summary"])}
    return {**said, "state": state, "state_label": STATES[state]}


def _error(sentence: str | None) -> dict[str, Any] | None:
    if not sentence:
        return None
    code = next((code for part, code in DRAFT_ERRORS.items() if part in sentence), "draft_failed")
    return {"code": code, "detail": DRAFT_FAILED[code], "for_operator": sentence}


def _summed(summary: drafts.Summary) -> dict[str, Any]:
    return {
        "titres": summary["bills"],
        "lines": summary["lines"],
        "total_cents": summary["total_cents"],
        "by_nature": [
            {"nature": nature, "nature_label": NATURES[nature], "amount_cents": cents}  # type: ignore[index]
            for nature, cents in summary["by_nature"].items()
        ],
        "by_code": [{"code": code, "amount_cents": cents} for code, cents in summary["by_code"].items()],
        "regularised_cents": summary["regularised_cents"],
        "missing": _reasons(summary["missing"]),
        "meanwhile": _reasons(summary["meanwhile"]),
    }


def _reasons(counted: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {"why": why, "why_label": MISSING[why], "days": days}  # type: ignore[index]
        for why, days in sorted(counted.items())
    ]


def totals_shown(rows: Rows) -> dict[str, Any]:
    """What a closed month comes to, as its titres were issued."""
    by_nature: dict[str, int] = {}
    by_code: dict[str, int] = {}
    for row in rows:
        by_nature[row["nature"]] = by_nature.get(row["nature"], 0) + row["amount_cents"]
        by_code[row["code"]] = by_code.get(row["code"], 0) + row["amount_cents"]
    return {
        "by_nature": [
            {"nature": nature, "nature_label": NATURES[nature], "amount_cents": cents}  # type: ignore[index]
            for nature, cents in sorted(by_nature.items())
        ],
        "by_code": [{"code": code, "amount_cents": cents} for code, cents in sorted(by_code.items())],
        "regularised_cents": sum(row["amount_cents"] for row in rows if row["regularises"] is not None),
    }
