"""What is said again and again in every town: a parent asks for days, an agent answers."""

from collections.abc import Sequence

from api.demo.cast import Cast
from api.demo.stage import AGENT, Json


def wanted(activity: str, unit: str, days: Sequence[str]) -> Json:
    """The days of a demande, without the child."""
    return {"activity": activity, "reserve": [{"day": day, "unit": unit} for day in days]}


def submit(cast: Cast, when: str, name: str, body: Json) -> Json:
    """The parent of a child asks; gives the demande."""
    child = cast.child(name)
    cast.town.at(when)
    demande: Json = cast.town.tell(child.parent, "/demandes", {"child": child.id, **body}).body["demandes"][0]
    return demande


def decide(cast: Cast, when: str, number: int, decision: Json, status: str) -> Json:
    """An agent answers one demande, which then has this status."""
    cast.town.at(when)
    said = cast.town.tell(AGENT, f"/demandes/{number}/decision", decision, expect=200).body
    label = said["status_label"]
    cast.town.check(said["status"] == status, f"la demande n° {number} devait être {status}, elle est « {label} »")
    return said


def decide_all(cast: Cast, when: str, numbers: Sequence[int]) -> None:
    """An agent accepts a whole queue, and nothing is left out."""
    cast.town.at(when)
    decisions = [{"number": number, "approve": "all"} for number in numbers]
    said = cast.town.tell(AGENT, "/decisions", {"decisions": decisions}, expect=200).body
    decided = {demande["number"]: demande["status_label"] for demande in said["demandes"]}
    accepted = dict.fromkeys(numbers, "Traitée positivement")
    cast.town.check(decided == accepted, f"le {when}, toute la file devait être acceptée, et non {decided}")
