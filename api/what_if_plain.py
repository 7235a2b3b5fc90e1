"""What a what-if found, as JSON: the same figures as the page, and what is needed to make them again."""

from typing import Any

from api.french_what_if import Made
from replay.what_if.effects import Money


def plain(made: Made) -> dict[str, Any]:
    """Amounts in cents, quotients too; who gains pays less. Nobody is named."""
    report = made.report
    return {
        "commune": made.commune,
        "rulebook": {"version": report.version, "title": report.title, "digest": made.digest},
        "position": report.position,
        "from": report.months[0][0],
        "to": report.months[-1][0],
        "reconsidered": list(made.reconsidered),
        "total": _money(report.total),
        "months": [{"month": month, **_money(money)} for month, money in report.months],
        "asked": {
            "days": report.asked,
            "refused": report.refused,
            "granted": report.granted,
            "turned": [each._asdict() for each in report.turned],
            "came_and_refused": report.lost,
            "assumed": dict(report.assumed),
        },
        "missing": [each._asdict() for each in report.missing],
        "households": {
            "billed": report.households,
            "gainers": report.gainers,
            "losers": report.losers,
            "unchanged": report.unchanged,
            "classes": [each._asdict() for each in report.classes],
        },
        "groups": [
            {
                **_bracket(group.first_cents, group.end_cents),
                "households": group.households,
                **_money(group.money),
                "gainers": group.gainers,
                "losers": group.losers,
            }
            for group in report.groups
        ],
        "merged": {"brackets": report.merged, "without_quotient": report.unknown_merged},
        "largest": [
            {
                "rank": each.rank,
                **_bracket(each.first_cents, each.end_cents),
                "children_at_most_3": each.children,
                **_money(each.money),
            }
            for each in report.largest
        ],
    }


def _money(money: Money) -> dict[str, int]:
    return {"real_cents": money.real, "here_cents": money.here, "change_cents": money.change}


def _bracket(first_cents: int | None, end_cents: int | None) -> dict[str, int | None]:
    return {"quotient_from_cents": first_cents, "quotient_below_cents": end_cents}
