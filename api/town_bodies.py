"""What an administrator or an agent sends about the town."""

from typing import Annotated

from pydantic import ConfigDict, Field

from api.fields import Day, SlugText, StrictModel

MOST_DAYS = 366
LARGEST_RULEBOOK = 60_000
"""Characters: a body holds 64 KiB."""


class RulebookText(StrictModel):
    """The text of a rulebook, as `ardoise rulebook check` accepts it."""

    content: Annotated[
        str, Field(min_length=1, max_length=LARGEST_RULEBOOK, json_schema_extra={"pattern": r"^[^\u0000]*$"})
    ]

    model_config = ConfigDict(json_schema_extra={"examples": [{"content": 'commune = "villars"\nnom = "Villars"\n…'}]})


class ClosureAsked(StrictModel):
    """A day to close: the whole town, an activity, or a site."""

    day: Day
    reason: SlugText
    activity: SlugText | None = None
    site: SlugText | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"day": "2024-05-10", "reason": "pont", "activity": "alsh-mercredis"}]}
    )


class CapacityAsked(StrictModel):
    """Places from now on, on each of these days; null lifts the limit."""

    activity: SlugText
    unit: SlugText
    days: Annotated[list[Day], Field(min_length=1, max_length=MOST_DAYS)]
    places: Annotated[int, Field(ge=0, le=100_000)] | None
    pool: Annotated[
        str, Field(max_length=97, examples=["les-winners"], json_schema_extra={"pattern": r"^[^\u0000]*$"})
    ] = ""
    """Who shares them, as `/activities/{activity}/places` tells it; empty when everybody does."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "activity": "alsh-mercredis",
                    "unit": "journee",
                    "days": ["2024-03-27"],
                    "places": 26,
                    "pool": "les-winners",
                }
            ]
        }
    )
