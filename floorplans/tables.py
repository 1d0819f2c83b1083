"""Rows of places: venues, and the levels, zones and placements of each plan version.

A plan version is written once and never changed; `venue.published` points at the one that is in force. Geometry is JSON text in
plan-frame metres, in the shape of `model.Polygon`. Nothing outside this package touches these rows but through `queries/`.
"""

from sqlalchemy import BigInteger, Float, ForeignKeyConstraint, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from groundwork.plumbing.db import Base


class VenueRow(Base):
    """One shop or centre, as it is now; `published` names the plan version in force, None before the first."""

    __tablename__ = "venue"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name_ar: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    time_zone: Mapped[str] = mapped_column(String(64))
    country: Mapped[str] = mapped_column(String(2))
    policy: Mapped[str] = mapped_column(Text)  # model.Policy as JSON: a new choice needs a default there and no migration
    published: Mapped[str | None] = mapped_column(String(64))  # no foreign key: venue and version would then each need the other first
    created_ms: Mapped[int] = mapped_column(BigInteger)
    premises: Mapped[str | None] = mapped_column(Text)  # outline on the earth, hours, category and address as JSON; None: all unsaid


class PlanVersionRow(Base):
    """One version of a venue's plan. `digest` recognises the same version published again, and refuses another one under its name."""

    __tablename__ = "plan_version"
    __table_args__ = (ForeignKeyConstraint(["tenant", "venue_id"], ["venue.tenant", "venue.id"]),)
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(64))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_ms: Mapped[int] = mapped_column(BigInteger)
    published_ms: Mapped[int] = mapped_column(BigInteger)  # the last time it was put in force


class LevelRow(Base):
    """One floor of a plan version; `seq` keeps the order the plan was given in."""

    __tablename__ = "level"
    __table_args__ = (ForeignKeyConstraint(["tenant", "version"], ["plan_version.tenant", "plan_version.id"]),)
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer)
    ordinal: Mapped[int] = mapped_column(Integer)
    name_ar: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    outline: Mapped[str] = mapped_column(Text)
    obstacles: Mapped[str] = mapped_column(Text)
    frame: Mapped[str | None] = mapped_column(Text)  # anchor, heights, building as JSON; None: all unsaid


class ZoneRow(Base):
    """One zone of a plan version."""

    __tablename__ = "zone"
    __table_args__ = (ForeignKeyConstraint(["tenant", "version", "level_id"], ["level.tenant", "level.version", "level.id"]),)
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer)
    level_id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(32))
    name_ar: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    polygons: Mapped[str] = mapped_column(Text)
    parent: Mapped[str | None] = mapped_column(String(64))
    category: Mapped[str | None] = mapped_column(String(64))


class PlacementRow(Base):
    """Where a gateway or a fixed beacon hangs in a plan version; one that was moved has a row for each `from_ms`."""

    __tablename__ = "placement"
    __table_args__ = (ForeignKeyConstraint(["tenant", "version", "level_id"], ["level.tenant", "level.version", "level.id"]),)
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject: Mapped[str] = mapped_column(String(128), primary_key=True)
    from_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    seq: Mapped[int] = mapped_column(Integer)
    level_id: Mapped[str] = mapped_column(String(64))
    x_m: Mapped[float] = mapped_column(Float)
    y_m: Mapped[float] = mapped_column(Float)
    z_m: Mapped[float] = mapped_column(Float)
    facing_deg: Mapped[float | None] = mapped_column(Float)


class PlanPartRow(Base):
    """All fixtures of a plan version, or all its openings, points, links, buildings, details or products on shelves, as JSON.

    They are drawn and walked around, all at once; nothing asks the database for one of them.
    """

    __tablename__ = "plan_part"
    __table_args__ = (ForeignKeyConstraint(["tenant", "version"], ["plan_version.tenant", "plan_version.id"]),)
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(64), primary_key=True)
    part: Mapped[str] = mapped_column(String(16), primary_key=True)
    body: Mapped[str] = mapped_column(Text)


class DraftRow(Base):
    """The one editable draft of a venue: how far its commands go, and what they came to at `body_revision`, so that few are read again."""

    __tablename__ = "draft"
    __table_args__ = (ForeignKeyConstraint(["tenant", "venue_id"], ["venue.tenant", "venue.id"]),)
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer)
    body_revision: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)


class DraftCommandRow(Base):
    """One acknowledged command; each makes one revision. `id` is the sender's, by which a repeat is known again."""

    __tablename__ = "draft_command"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "venue_id"], ["draft.tenant", "draft.venue_id"]),
        UniqueConstraint("tenant", "venue_id", "id"),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)
    of_revision: Mapped[int | None] = mapped_column(Integer)  # which command an undo took back, or a redo did again
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))  # of what was asked: the same id for something else is refused
    changes: Mapped[str] = mapped_column(Text)


class PublicationRow(Base):
    """A version on its way: put in force when `due_ms` has come, by whichever process sees it first. A conditional UPDATE does it once."""

    __tablename__ = "publication"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "venue_id"], ["venue.tenant", "venue.id"]),
        ForeignKeyConstraint(["tenant", "version"], ["plan_version.tenant", "plan_version.id"]),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), index=True)
    due_ms: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(String(64))
    asked_ms: Mapped[int] = mapped_column(BigInteger)
    done_ms: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(String(500))
    restores: Mapped[str | None] = mapped_column(String(64))  # the earlier version it goes back to
    premises: Mapped[str | None] = mapped_column(Text)  # what the draft said of the venue, for the registry once it is in force
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class SheetRow(Base):
    """The picture that a level is drawn over, encoded by us. It helps who draws and is no part of the plan: one a level, the newest."""

    __tablename__ = "sheet"
    __table_args__ = (ForeignKeyConstraint(["tenant", "venue_id"], ["venue.tenant", "venue.id"]),)
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    level_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    digest: Mapped[str] = mapped_column(String(32))  # of the picture: its ETag
    media: Mapped[str] = mapped_column(String(16))
    unit: Mapped[str] = mapped_column(String(8))
    width: Mapped[float] = mapped_column(Float)
    height: Mapped[float] = mapped_column(Float)
    placing: Mapped[str] = mapped_column(Text)  # sheets.Placing as JSON
    picture: Mapped[bytes] = mapped_column(LargeBinary)
    actor: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)


class PlanImportRow(Base):
    """How far the reading of a file is; whichever process reads it writes here, and any may be asked. Old ones are taken away."""

    __tablename__ = "plan_import"
    __table_args__ = (ForeignKeyConstraint(["tenant", "venue_id"], ["venue.tenant", "venue.id"]),)
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    step: Mapped[str] = mapped_column(String(32))
    at_ms: Mapped[int] = mapped_column(BigInteger, index=True)
