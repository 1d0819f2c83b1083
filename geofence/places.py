"""Places in memory: published plans, which gateway hangs where, calibrations, and older plan versions for engines that still stand on them.

Loaded through the registries' queries at start, kept fresh by the loops `app.py` builds. Nothing here decides anything.
"""

from collections.abc import Mapping

from floorplans import queries as floorplan_queries
from floorplans.model import Plan
from geofence.calibrating.known import Calibrations
from groundwork.contracts.ids import GatewayId, PlanVersionId, TenantId, VenueId
from groundwork.people import queries as people_queries
from groundwork.people.model import Gateway
from groundwork.plumbing.db import Connection, Database
from groundwork.plumbing.service import Trouble

VenueKey = tuple[TenantId, VenueId]
VersionKey = tuple[TenantId, PlanVersionId]


class PlanMissing(Trouble):
    """A plan version is not in memory yet; it passes, so nothing that needs the plan is to blame."""


class Places:
    """Answers from memory; `renew_plans` and `renew_gateways` are run by Refresh loops."""

    def __init__(self, db: Database) -> None:
        self.calibrations = Calibrations(db)
        self._db = db
        self._published: dict[VenueKey, PlanVersionId] = {}
        self._plans: dict[VersionKey, Plan] = {}
        self._subjects: dict[VersionKey, frozenset[str]] = {}
        self._gateways: dict[TenantId, dict[GatewayId, Gateway]] = {}
        self._gateway_versions: dict[TenantId, int] = {}
        self._wanted: set[VersionKey] = set()

    def published(self, tenant: TenantId, venue: VenueId) -> Plan | None:
        """The plan in force; None where nothing was published."""
        version = self._published.get((tenant, venue))
        return self._plans.get((tenant, version)) if version else None

    def placed(self, plan: Plan) -> frozenset[str]:
        """The gateways and beacons that have a placement on the plan."""
        return self._subjects[plan.venue.tenant, plan.version]

    def version(self, tenant: TenantId, version: PlanVersionId) -> Plan:
        """The plan of this version; raises PlanMissing where it is not in memory, and sees to it that `renew_plans` looks for it."""
        plan = self._plans.get((tenant, version))
        if plan is None:
            self._wanted.add((tenant, version))
            raise PlanMissing(f"plan version {version!r} of tenant {tenant!r} is not known here")
        return plan

    def gateways(self, tenant: TenantId) -> Mapping[GatewayId, Gateway]:
        """The tenant's gateways by id."""
        return self._gateways.get(tenant, {})

    @property
    def wanting(self) -> bool:
        """Whether a plan or a calibration was asked for that is not in memory."""
        return bool(self._wanted) or self.calibrations.wanting

    async def fetch(self) -> None:
        """Reads what was asked for and is not in memory."""
        if self._wanted:
            await self.renew_plans()
        if self.calibrations.wanting:
            await self.calibrations.renew()

    async def renew_plans(self) -> bool:
        """Reads which plans are in force, and those that are new or wanted; True when something changed."""
        wanted = frozenset(self._wanted)

        def work(conn: Connection) -> tuple[dict[VenueKey, PlanVersionId], dict[VersionKey, Plan | None]]:
            published = floorplan_queries.published_versions(conn)
            keys = {(tenant, version) for (tenant, _), version in published.items()} | wanted
            missing = sorted(keys - self._plans.keys())
            return published, {key: floorplan_queries.plan(conn, *key) for key in missing}

        published, found = await self._db.read(work)
        self._wanted -= wanted  # only now: a read that failed has found nothing
        loaded = {key: plan for key, plan in found.items() if plan is not None}
        changed = published != self._published or bool(loaded)
        for key, plan in loaded.items():
            self._subjects[key] = frozenset(placement.subject for placement in plan.placements)
            self._plans[key] = plan
        self._published = published
        return changed

    async def renew_gateways(self) -> bool:
        """Reads the gateways of tenants where they changed; True when so."""
        seen = dict(self._gateway_versions)

        def work(conn: Connection) -> list[tuple[TenantId, int, dict[GatewayId, Gateway]]]:
            changed = [row for row in people_queries.versions(conn) if seen.get(row.tenant) != row.gateways]
            return [(row.tenant, row.gateways, {g.id: g for g in people_queries.gateways(conn, row.tenant)}) for row in changed]

        changes = await self._db.read(work)
        for tenant, version, gateways in changes:
            self._gateways[tenant], self._gateway_versions[tenant] = gateways, version
        return bool(changes)
