"""Radio: how strongly each fixed radio and each phone hear one another, with what spoils real measurements and no simple simulator has.

    RSSI = power at 1 m + handset + radio's gain - path loss - shelves between - body between - shadowing + multipath, rounded; or nothing

The constants are fitted to real recordings (`tetam-office` and `uji-library`, development parts), so that what works in the twin has a
chance in a shop; `tests/aislecast/twin/test_radio.py` holds the twin to tetam-office. Pure: a generator is handed in for every draw.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from aislecast.twin.columns import Floats, Indices, Ints
from aislecast.twin.walkways import shape_of
from floorplans.model import Level, Placement

CHANNELS = 3
"""BLE advertises on channels 37, 38 and 39, 24 and 54 MHz apart: each has reflections of its own."""
MAP_CELL_M = 0.5
"""Shelves and shadowing are kept on a grid and interpolated; they change over metres, so half a metre loses nothing."""
WAVES = 64
"""Plane waves that make up a shadowing field; below 30 one sees their stripes."""


@dataclass(frozen=True, slots=True)
class Physics:
    """What the air does. Defaults are a shop with phones in hands; `tetam` marks the fit to tetam-office, `uji` that to uji-library."""

    power_dbm: float = -58.8
    """RSSI at 1 m before reflections, which take 1 to 2 dB. tetam: -60 to -61 with them. Lower ones thin out the far side of the shop."""
    exponent: float = 1.6
    """Path-loss exponent beside shelves. tetam: 1.55 standing, 1.65 walking (3-D distance). Above 2.5 only near gateways matter."""
    shelf_db: float = 1.6
    """Loss per shelf or counter crossed. uji: 1.6. At 0 neighbouring aisles sound alike, above 5 the aisle is trivially told."""
    body_db: float = 5.1
    """Loss behind the body against before it. uji: cosine of 2.4 to 2.6 dB amplitude over the facing. 0 for a tag on a pole (tetam)."""
    handset_sd_db: float = 6.0
    """Between phones. Two handsets of uji differ by 17.8 dB, which is two sigma of a difference; above 8 half the phones go silent."""
    gain_sd_db: float = 2.6
    """Between receivers. tetam: 2.1 standing, 2.9 walking over 12 receivers, a spread of 9.5 to 12.5 dB."""
    beacon_sd_db: float = 1.5
    """Between fixed beacons of one make. uji: 1.5."""
    shadow_db: float = 3.3
    """Shadowing, sd. tetam: place means have 4.0 dB, of which 0.6 of the variance falls off with distance."""
    shadow_m: float = 3.0
    """Distance over which shadowing decorrelates to 1/e. tetam: correlation .46 at 1.3 m, .27 at 2.6 m, .09 at 5 m."""
    rician_k: float = 1.6
    """Power of the steady over the scattered part, per channel. tetam: sd of 3.8 dB between channels at a place; 0 is Rayleigh (5.6 dB)."""
    coherence_m: float = 0.06
    """Half a wavelength at 2.44 GHz: a step away, reflections add up anew (Clarke's model)."""
    hand_mps: float = 0.02
    """How fast a hand-held phone moves when its owner stands still, so that reflections change within seconds. 0 for a tag on a tripod."""
    noise_db: float = 1.0
    """What is left from packet to packet on one channel, beside rounding. tetam: about 1."""
    scan_ms: int = 900
    """How long a receiver listens on one channel, a quarter more or less. tetam: packets correlate by -.27 after 1 s, .11 after 2.3 s."""
    carried_m: float = 1.1
    """Height of what is carried: a phone in a hand or on a trolley. 1.85 for tetam's tag."""
    delivery: float = 0.92
    """Share of the strongest packets that arrive. tetam: .89 to .91 above -68 dBm; the rest meet a busy radio."""
    floor_dbm: float = -103.0
    """Where half of the packets are lost. tetam: rows down to -107 dBm, 1 % below -92."""
    floor_width_db: float = 9.0
    """How gradually. tetam: delivery .87 at -74, .81 at -82, .79 at -88. A hard threshold would make silence a distance measure."""
    scan_heard: float = 0.62
    """Share of strong beacons that a phone's 1 s scan catches. uji: 8 to 16 of 24 in a scan that hears any."""
    scan_empty: float = 0.12
    """Share of a phone's scans that hear nothing at all. uji: .12."""


class Air:
    """The air between `people` phones and the fixed `radios` of a level: fields drawn once from `rng`, and the state of the reflections."""

    def __init__(self, level: Level, radios: Sequence[Placement], people: int, physics: Physics, rng: np.random.Generator) -> None:
        self.physics = physics
        self._at = np.array([(radio.x_m, radio.y_m, radio.z_m) for radio in radios]).reshape(-1, 3)
        spread = [physics.beacon_sd_db if radio.kind == "beacon" else physics.gain_sd_db for radio in radios]
        self.gain_db: Floats = rng.normal(0.0, 1.0, len(radios)) * spread
        self.handset_db: Floats = rng.normal(0.0, physics.handset_sd_db, people)
        self._scan_ms: Ints = np.rint(rng.uniform(0.75, 1.25, len(radios)) * physics.scan_ms).astype(np.int64)
        self._scan_phase_ms: Ints = rng.integers(0, CHANNELS * self._scan_ms)
        self._map = _Map(level, self._at, physics, rng)
        self._scattered = _complex(rng, (people, len(radios), CHANNELS))
        self._was = np.full((people, 3), np.nan)  # x, y, at_ms of each person's last packet

    def mean_dbm(self, person: Ints, x_m: Floats, y_m: Floats, facing_rad: Floats) -> Floats:
        """RSSI without reflections and noise, shape (n, radios), for the n people's places and facings."""
        across, up = self._at[None, :, :2] - np.stack([x_m, y_m], axis=-1)[:, None], self._at[:, 2] - self.physics.carried_m
        flat_m = np.hypot(across[..., 0], across[..., 1])
        distance_m = np.maximum(np.hypot(flat_m, up), 0.5)  # nearer than half a metre the far-field formula means nothing
        cosine = (across[..., 0] * np.cos(facing_rad)[:, None] + across[..., 1] * np.sin(facing_rad)[:, None]) / distance_m
        path_db = 10.0 * self.physics.exponent * np.log10(distance_m)
        body_db = self.physics.body_db * (1.0 - cosine) / 2.0
        own_db = self.physics.power_dbm + self.gain_db + self.handset_db[person][:, None]
        mean: Floats = own_db - path_db - body_db - self._map.loss_db(x_m, y_m)
        return mean

    def heard_dbm(self, rng: np.random.Generator, person: Ints, at_ms: Ints, x_m: Floats, y_m: Floats, facing_rad: Floats) -> Floats:
        """RSSI of one packet of each of n people at each radio, whole dBm, shape (n, radios); NaN where it was lost.

        No person may stand twice in one call: her reflections carry over from packet to packet.
        """
        channel = ((at_ms[:, None] + self._scan_phase_ms) // self._scan_ms % CHANNELS).astype(np.int32)
        rssi: Floats = self._faded(rng, person, at_ms, x_m, y_m, channel) + self.mean_dbm(person, x_m, y_m, facing_rad)
        return self._caught(rng, rssi, self.physics.delivery)

    def scanned_dbm(self, rng: np.random.Generator, person: Ints, at_ms: Ints, x_m: Floats, y_m: Floats, facing_rad: Floats) -> Floats:
        """As `heard_dbm`, for one second's scan by each phone: what it reports of each fixed beacon."""
        channel = rng.integers(0, CHANNELS, (len(person), len(self._at))).astype(np.int32)
        rssi = self._faded(rng, person, at_ms, x_m, y_m, channel) + self.mean_dbm(person, x_m, y_m, facing_rad)
        caught = self._caught(rng, rssi, self.physics.scan_heard)
        caught[rng.random(len(person)) < self.physics.scan_empty] = np.nan
        return caught

    def _faded(self, rng: np.random.Generator, person: Ints, at_ms: Ints, x_m: Floats, y_m: Floats, channel: Indices) -> Floats:
        """Reflections and noise in dB, mean power 0: Rician fading that decorrelates with the way gone since the last packet."""
        now = np.stack([x_m, y_m, at_ms.astype(np.float64)], axis=-1)
        gone = now - self._was[person]
        self._was[person] = now
        way_m = np.hypot(gone[:, 0], gone[:, 1]) + self.physics.hand_mps * gone[:, 2] / 1000.0
        kept = np.exp(-np.where(np.isnan(way_m), np.inf, way_m) / self.physics.coherence_m)[:, None, None]
        fresh = _complex(rng, (len(person), len(self._at), CHANNELS))
        self._scattered[person] = kept * self._scattered[person] + np.sqrt(1.0 - kept**2) * fresh
        scattered = np.take_along_axis(self._scattered[person], channel[..., None], axis=-1)[..., 0]
        k = self.physics.rician_k
        amplitude = np.abs(np.sqrt(k / (k + 1.0)) + scattered * np.sqrt(1.0 / (k + 1.0)))
        faded: Floats = 20.0 * np.log10(np.maximum(amplitude, 1e-3)) + rng.normal(0.0, self.physics.noise_db, amplitude.shape)
        return faded

    def _caught(self, rng: np.random.Generator, rssi_dbm: Floats, share: float) -> Floats:
        """The packets that arrive, as whole dBm: `share` of the strong ones, fewer and fewer of the weak."""
        chance = share / (1.0 + np.exp((self.physics.floor_dbm - rssi_dbm) / self.physics.floor_width_db))
        return np.where(rng.random(rssi_dbm.shape) < chance, np.rint(rssi_dbm), np.nan)


class _Map:
    """What stands between a place and each radio, shelves and shadowing, in dB of loss on a grid."""

    def __init__(self, level: Level, at: Floats, physics: Physics, rng: np.random.Generator) -> None:
        self._left, self._bottom, right, top = shape_of(level.outline).bounds
        columns, rows = (int(np.ceil(span / MAP_CELL_M)) + 1 for span in (right - self._left, top - self._bottom))
        x, y = np.meshgrid(self._left + MAP_CELL_M * np.arange(columns), self._bottom + MAP_CELL_M * np.arange(rows))
        points = np.stack([x.reshape(-1), y.reshape(-1)], axis=-1)
        layers = [physics.shelf_db * _crossed(level, points, radio[:2]) - _shadow(points, physics, rng) for radio in at]
        self._loss = np.array(layers).reshape(len(at), rows, columns)

    def loss_db(self, x_m: Floats, y_m: Floats) -> Floats:
        """Loss at n places towards each radio, shape (n, radios), interpolated between grid points."""
        rows, columns = self._loss.shape[1:]
        across = np.clip((x_m - self._left) / MAP_CELL_M, 0.0, columns - 1.001)
        up = np.clip((y_m - self._bottom) / MAP_CELL_M, 0.0, rows - 1.001)
        column, row = across.astype(np.int64), up.astype(np.int64)
        right, above = across - column, up - row
        below = self._loss[:, row, column] * (1.0 - right) + self._loss[:, row, column + 1] * right
        over = self._loss[:, row + 1, column] * (1.0 - right) + self._loss[:, row + 1, column + 1] * right
        mixed: Floats = below * (1.0 - above) + over * above
        return mixed.T


def _crossed(level: Level, points: Floats, radio: Floats) -> Floats:
    """How many obstacles the straight line from each point to the radio crosses, shape (points,)."""
    crossed = np.zeros(len(points))
    if not level.obstacles:
        return crossed
    lines = shapely.linestrings(np.stack([points, np.broadcast_to(radio, points.shape)], axis=1))
    for obstacle in level.obstacles:
        shape = shape_of([obstacle])
        shapely.prepare(shape)
        crossed += shapely.intersects(shape, lines)
    return crossed


def _shadow(points: Floats, physics: Physics, rng: np.random.Generator) -> Floats:
    """A Gaussian field of sd `shadow_db` and correlation exp(-distance / shadow_m) at `points`, shape (points,).

    Plane waves with wave numbers drawn from the field's spectrum (random Fourier features; Rahimi and Recht, NIPS 2007). In two
    dimensions the exponential's spectrum is Cauchy's: |k| = sqrt(1 / u^2 - 1) / length for even u in (0, 1].
    """
    if not physics.shadow_db:
        return np.zeros(len(points))
    length = np.sqrt(1.0 / (1.0 - rng.random(WAVES)) ** 2 - 1.0) / physics.shadow_m
    heading, phase = rng.uniform(0.0, 2.0 * np.pi, (2, WAVES))
    waves = np.cos(points @ (length * np.stack([np.cos(heading), np.sin(heading)])) + phase)
    field: Floats = physics.shadow_db * np.sqrt(2.0 / WAVES) * waves.sum(axis=1)
    return field


def _complex(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.complex128]:
    """Complex Gaussians of mean power 1."""
    values: NDArray[np.complex128] = (rng.normal(size=shape) + 1j * rng.normal(size=shape)) * np.sqrt(0.5)
    return values
