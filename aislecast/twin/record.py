"""Writing recordings: the common form that `recording.py` reads, from any recording or from a run of the twin, and adverts for a gateway.

What is written depends on the recording alone: the same run gives the same bytes.
"""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from aislecast.twin.columns import Floats, Ints
from aislecast.twin.recorded_plan import advert_bytes
from aislecast.twin.recording import Anchor, Outline, Recording, Role, Sightings, Steps, Truth, session_start_ms
from aislecast.twin.shop import Shelved
from aislecast.twin.twin import Heard, Twin, beacon_phones, ranging_phones
from floorplans.model import Level, Placement, Plan, Point

PART = "run"
"""What a twin's run calls its one part."""


def run_to_recording(
    plan: Plan, seed: int, shoppers: int, minutes: float, out: Path, *, shelved: Sequence[Shelved] = (), ranging: bool = False
) -> Recording:
    """Runs the twin for `minutes` as one session and writes the recording to `out`; with `ranging` the phones range fixed beacons.

    Strangers' adverts are heard in the run and left out of the recording, which knows its devices.
    """
    start_ms = session_start_ms(0, plan.venue.time_zone)
    twin = Twin(plan, seed, ranging_phones(shoppers) if ranging else beacon_phones(shoppers), start_ms, shelved=shelved)
    heard = twin.advance(start_ms + round(minutes * 60_000))
    recording = recorded(plan, heard, start_ms, name=out.name, session=f"twin-{seed}", ranging=ranging)
    write_recording(out, recording)
    return recording


def recorded(plan: Plan, heard: Heard, start_ms: int, *, name: str, session: str, ranging: bool) -> Recording:
    """What a twin gave, as a recording of one session: its adverts or, with `ranging`, its scans."""
    anchors = anchors_of(plan, ranging=ranging)
    rows = _ranged_rows(heard) if ranging else _advert_rows(heard)
    fixed = {anchor.id: number for number, anchor in enumerate(anchors)}
    moving: dict[str, int] = {}
    carried = np.array([moving.setdefault(_phone(phone), len(moving)) for phone, _, _, _ in rows], dtype=np.int32)
    anchor = np.array([fixed[radio] for _, radio, _, _ in rows], dtype=np.int32)
    t_ms = np.array([at - start_ms for _, _, at, _ in rows], dtype=np.int64)
    rssi_dbm = np.array([rssi for _, _, _, rssi in rows], dtype=np.float64)
    truth = heard.truth
    device = np.array([moving.setdefault(_phone(phone), len(moving)) for phone in truth.phone.tolist()], dtype=np.int32)
    alone = np.zeros(len(rows), dtype=np.int32)
    return Recording(
        name=name,
        part=PART,
        anchors=anchors,
        zones=zones_of(plan),
        floors=floors_of(plan),
        sessions=(session,),
        receivers=tuple(moving if ranging else fixed),
        devices=tuple(fixed if ranging else moving),
        zone_names=tuple(zone.id for zone in plan.zones),
        floor_names=tuple(dict.fromkeys(anchor.floor for anchor in anchors)),
        sightings=Sightings(alone, t_ms, carried if ranging else anchor, anchor if ranging else carried, rssi_dbm),
        truth=Truth(
            np.zeros(len(device), dtype=np.int32), truth.at_ms - start_ms, device, truth.x_m, truth.y_m, truth.zone, np.zeros_like(device)
        ),
        steps=Steps(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64), np.empty(0)),
    )


def anchors_of(plan: Plan, *, ranging: bool = False) -> tuple[Anchor, ...]:
    """The plan's gateways or, with `ranging`, its fixed beacons, where it places them last."""
    role: Role = "beacon" if ranging else "receiver"
    hung: dict[str, Placement] = {}
    for place in plan.placements:
        known = hung.get(place.subject)
        if place.kind == ("beacon" if ranging else "gateway") and (known is None or place.from_ms >= known.from_ms):
            hung[place.subject] = place
    return tuple(Anchor(place.subject, role, place.x_m, place.y_m, place.z_m, place.level) for place in hung.values())


def zones_of(plan: Plan) -> tuple[Outline, ...]:
    """The plan's zones as `zones.geojson` has them."""
    return tuple(Outline(zone.id, zone.kind, zone.level, zone.polygons) for zone in plan.zones)


def floors_of(plan: Plan) -> tuple[Outline, ...]:
    """The plan's floors and what stands on them, as `floor.geojson` has them."""
    return tuple(outline for level in plan.levels for outline in _floor(level))


def write_recording(folder: Path, recording: Recording) -> None:
    """Writes `recording` so that `read_recording(folder)` gives it back: places to a tenth of a millimetre, times to the millisecond."""
    inside = folder / recording.part
    inside.mkdir(parents=True, exist_ok=True)
    anchors = ((a.id, a.role, _metres(a.x_m), _metres(a.y_m), _metres(a.z_m), a.floor, a.side) for a in recording.anchors)
    _write_csv(folder / "anchors.csv", ("anchor_id", "role", "x_m", "y_m", "z_m", "floor", "side"), anchors)
    for name, outlines in (("zones.geojson", recording.zones), ("floor.geojson", recording.floors)):
        if outlines:
            (folder / name).write_text(json.dumps(_geojson(outlines), ensure_ascii=False), encoding="utf-8")
    heard, truth, steps = recording.sightings, recording.truth, recording.steps
    names, seconds = recording.sessions, _seconds(heard.t_ms)
    receivers, devices = _named(recording.receivers, heard.receiver), _named(recording.devices, heard.device)
    rows = zip(_named(names, heard.session), seconds, receivers, devices, _numbers(heard.rssi_dbm), strict=True)
    _write_csv(inside / "sightings.csv.gz", ("session", "t_s", "receiver_id", "device_id", "rssi_dbm"), rows)
    carried, zones = _named(recording.carried, truth.device), _named((*recording.zone_names, ""), truth.zone)
    places = zip(map(_metres, truth.x_m), map(_metres, truth.y_m), strict=True)
    told = zip(_named(names, truth.session), _seconds(truth.t_ms), carried, places, zones, strict=True)
    floors = _named(recording.floor_names, truth.floor)
    truths = ((*who, x, y, floor, zone) for (*who, (x, y), zone), floor in zip(told, floors, strict=True))
    _write_csv(inside / "truth.csv.gz", ("session", "t_s", "device_id", "x_m", "y_m", "floor", "zone"), truths)
    if len(steps.t_ms):
        felt = zip(_named(names, steps.session), _seconds(steps.t_ms), _numbers(steps.heading_deg), strict=True)
        _write_csv(inside / "steps.csv.gz", ("session", "t_s", "heading_deg"), felt)


def write_adverts_jsonl(recording: Recording, path: Path, time_zone: str = "Asia/Riyadh") -> int:
    """Writes what gateways heard as JSON lines for `beacon-gateway run`, in order of time; returns how many.

    A line is `{"gateway", "at_ms", "rssi_dbm", "data"}`, `data` being the hex of the device's test beacon. Session i starts at 10:00 on
    day i. Raises ValueError where phones ranged beacons: then no gateway heard anything.
    """
    if recording.ranged:
        raise ValueError(f"in {recording.name} phones range beacons, so there are no adverts heard by gateways to write")
    heard = recording.sightings
    starts = np.array([session_start_ms(number, time_zone) for number in range(len(recording.sessions))], dtype=np.int64)
    at_ms = (starts[heard.session] + heard.t_ms).tolist()
    gateways = [json.dumps(name) for name in recording.receivers]
    payloads = [advert_bytes(name).hex() for name in recording.devices]
    rows = zip(heard.receiver.tolist(), at_ms, heard.rssi_dbm.tolist(), heard.device.tolist(), strict=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for receiver, at, rssi, device in rows:
            file.write(f'{{"gateway":{gateways[receiver]},"at_ms":{at},"rssi_dbm":{rssi!r},"data":"{payloads[device]}"}}\n')
    return len(at_ms)


def _advert_rows(heard: Heard) -> list[tuple[int, str, int, float]]:
    """(phone, gateway, at_ms, rssi) of the adverts of our own phones."""
    both = zip(heard.adverts, heard.carriers, strict=True)
    return [(phone, advert.gateway, advert.at_ms, advert.rssi_dbm) for advert, phone in both if phone >= 0]


def _ranged_rows(heard: Heard) -> list[tuple[int, str, int, float]]:
    return [(one.phone, one.beacon, one.at_ms, one.rssi_dbm) for one in heard.ranged]


def _phone(number: int) -> str:
    return f"phone-{number + 1:02d}"


def _floor(level: Level) -> Iterable[Outline]:
    yield Outline("", "floor", level.id, level.outline)
    yield from (Outline("", "shelf", level.id, (obstacle,)) for obstacle in level.obstacles)


def _geojson(outlines: Sequence[Outline]) -> dict[str, object]:
    return {"type": "FeatureCollection", "features": [_feature(outline) for outline in outlines]}


def _feature(outline: Outline) -> dict[str, object]:
    nested = [[_closed(polygon.outer), *map(_closed, polygon.holes)] for polygon in outline.polygons]
    geometry = {"type": "Polygon", "coordinates": nested[0]} if len(nested) == 1 else {"type": "MultiPolygon", "coordinates": nested}
    said = {name: text for name, text in (("zone", outline.zone), ("aisle", outline.aisle)) if text}
    return {"type": "Feature", "properties": {**said, "kind": outline.kind, "floor": outline.floor}, "geometry": geometry}


def _closed(ring: Sequence[Point]) -> list[Point]:
    return [*ring, ring[0]]


def _named(names: Sequence[str], indices: Iterable[int]) -> list[str]:
    """The name at each index; -1 is the last one."""
    return [names[index] for index in indices]


def _seconds(t_ms: Ints) -> list[str]:
    return [f"{t / 1000:.3f}" for t in t_ms.tolist()]


def _metres(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.4f}"


def _numbers(values: Floats) -> list[str]:
    return ["" if np.isnan(value) else f"{value:.10g}" for value in values.tolist()]


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Writes a CSV file, compressed where it is named `.gz`, without the time stamp that would make equal runs differ."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    raw = text.getvalue().encode()
    path.write_bytes(gzip.compress(raw, mtime=0) if path.suffix == ".gz" else raw)
