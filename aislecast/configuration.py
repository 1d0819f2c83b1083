"""Every package's settings, read together: environment over `aislecast.toml` in the data folder over defaults."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from floorplans.settings import Settings as FloorplansSettings
from geofence.outdoor.settings import Settings as OutdoorSettings
from geofence.settings import Settings as GeofenceSettings
from groundwork.people.settings import Retention
from groundwork.people.settings import Settings as PeopleSettings
from groundwork.plumbing.server_settings import ServerSettings
from groundwork.plumbing.settings import check_sections, load
from notifier.settings import Settings as NotifierSettings

FILE: Final = "aislecast.toml"
"""The settings file's name in the data folder."""

SECTIONS: Final[dict[str, type[msgspec.Struct]]] = {
    "floorplans": FloorplansSettings,
    "geofence": GeofenceSettings,
    "notifier": NotifierSettings,
    "outdoor": OutdoorSettings,
    "people": PeopleSettings,
    "retention": Retention,
    "server": ServerSettings,
}
"""The sections of the file, each with the type that says what may stand in it."""


class Configuration(NamedTuple):
    """What the server was told."""

    floorplans: FloorplansSettings = FloorplansSettings()
    geofence: GeofenceSettings = GeofenceSettings()
    notifier: NotifierSettings = NotifierSettings()
    outdoor: OutdoorSettings = OutdoorSettings()
    people: PeopleSettings = PeopleSettings()
    retention: Retention = Retention()
    server: ServerSettings = ServerSettings()


def configuration(environment: Mapping[str, str], file: Path | None) -> Configuration:
    """The settings; `file` may be missing. Raises SettingError naming the key, its value, where it stands and what was expected."""
    if file is not None and not file.exists():
        file = None
    if file is not None:
        check_sections(file, SECTIONS)
    return Configuration(
        floorplans=load(FloorplansSettings, "floorplans", environment, file),
        geofence=load(GeofenceSettings, "geofence", environment, file),
        notifier=load(NotifierSettings, "notifier", environment, file),
        outdoor=load(OutdoorSettings, "outdoor", environment, file),
        people=load(PeopleSettings, "people", environment, file),
        retention=load(Retention, "retention", environment, file),
        server=load(ServerSettings, "server", environment, file),
    )
