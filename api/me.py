"""Who the caller is, and what they may do."""

from typing import Any, Final

from api import openapi
from api.answers import JSONAnswer
from api.door import doors
from api.office import AtOffice
from api.schemas import Parent, Staff
from projections import families

router = doors("moi")


@router.get("/me", summary="Qui je suis, et ce que je peux faire", responses=openapi.answered(200, Staff | Parent))
async def me(at: AtOffice) -> JSONAnswer:
    """The caller, the children they may act for and the households they speak for."""
    caller = at.caller
    said: dict[str, Any] = {"subject": caller.subject, "role": caller.role, "commune": caller.commune}
    if caller.role == "guardian":
        children, households = await at.reader.ask(
            at.commune,
            families.children_of_subject(at.commune, caller.subject),
            families.households_of_subject(at.commune, caller.subject),
        )
        said |= {"children": children, "households": households}
        at.saw(*(row["child"] for row in children))
        at.saw(*(seen for row in households for seen in (row["household"], row["guardian"])))
    said["may"] = MAY[caller.role]
    return JSONAnswer(said)


MAY: Final[dict[str, list[str]]] = {
    "guardian": [
        "read_own_children",
        "submit_demandes",
        "withdraw_demandes",
        "hand_in_documents",
        "use_a_family_key",
        "ask_for_activation",
    ],
    "agent": [
        "read_families",
        "register_families",
        "link_accounts",
        "suspend_guardians",
        "agree_custody",
        "enrol_children",
        "submit_demandes",
        "withdraw_demandes",
        "decide_demandes",
        "record_attendance",
        "close_days",
        "change_capacities",
    ],
    "auditor": ["read_families", "read_erasures"],
    "billing": [
        "read_town",
        "draft_months",
        "close_months",
        "read_bills",
        "record_payments",
        "record_mandates",
        "collect_direct_debits",
    ],
    "admin": ["read_town", "adopt_rulebooks", "erase_families"],
    "portal": ["read_town"],
}
"""What each role may do, so that a portal draws only the buttons that work."""
