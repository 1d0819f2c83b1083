"""Places in the database: the only SQL of this package. `plans` keeps venues and versions, `drafts` drafts and publications."""

from floorplans.queries.plans import (
    UnsoundPlan,
    VersionTaken,
    add_venue,
    all_venues,
    keep_version,
    placed_elsewhere,
    plan,
    publish,
    published_plan,
    published_version,
    published_versions,
    put_in_force,
    venue,
    venues,
)

__all__ = [
    "UnsoundPlan",
    "VersionTaken",
    "add_venue",
    "all_venues",
    "keep_version",
    "placed_elsewhere",
    "plan",
    "publish",
    "published_plan",
    "published_version",
    "published_versions",
    "put_in_force",
    "venue",
    "venues",
]
