"""What a recording's RSSI looks like in figures, and a twin of tetam-office to hold beside it: same place, same walks, drawn radio."""

from dataclasses import dataclass, replace

import numpy as np

from aislecast.twin.columns import Floats, Ints
from aislecast.twin.radio import Air, Physics
from aislecast.twin.recorded_plan import plan_of
from aislecast.twin.recording import Recording, Sightings
from groundwork.contracts.ids import TenantId, VenueId

TAG_HEIGHT_M = 1.85
PACKET_MS = 447.5
"""The tag's interval as measured: the gaps of tetam-office are multiples of it."""
TAG_ON_A_POLE = Physics(body_db=0.0, handset_sd_db=0.0, hand_mps=0.0, carried_m=TAG_HEIGHT_M)
"""tetam-office's tag: one handset, no body beside it, no hand that moves it."""


@dataclass(frozen=True)
class Figures:
    """Of the sightings of some sessions, after a fit of one constant per receiver and one path-loss exponent (3-D distance)."""

    exponent: float
    constant_dbm: float
    gain_sd_db: float
    residual_sd_db: float
    within_sd_db: float
    """Of a session and receiver about their mean: reflections, when the tag stands still."""
    between_sd_db: float
    """Of those means: shadowing, when the tag stands still."""
    correlation: Floats
    """Of residuals 0.5, 1, 2, 4 and 8 s apart."""
    packet_correlation: Floats
    """Of what is left within session and receiver, 1 to 6 packets apart."""
    packets_per_s: float
    delivery: Floats
    """Share of packets heard where the mean is -86..-83, -83..-80, -80..-76, -76..-72, -72..-68 and -68..-60 dBm."""
    rssi_dbm: Floats
    """5, 50 and 95 % quantiles."""


def truth_at(recording: Recording, session: Ints, t_ms: Ints) -> tuple[Floats, Floats]:
    """Where the device truly was, interpolated."""
    truth, x, y = recording.truth, np.empty(len(t_ms)), np.empty(len(t_ms))
    for number in np.unique(session):
        rows, known = session == number, truth.session == number
        x[rows] = np.interp(t_ms[rows], truth.t_ms[known], truth.x_m[known])
        y[rows] = np.interp(t_ms[rows], truth.t_ms[known], truth.y_m[known])
    return x, y


def twin_of(recording: Recording, seed: int) -> Recording:
    """The same tag on the same ways, heard by a twin's receivers."""
    plan, rng = plan_of(recording, TenantId("t"), VenueId("v")), np.random.default_rng(seed)
    air = Air(plan.levels[0], plan.placements, 1, TAG_ON_A_POLE, rng)
    columns: list[tuple[Ints, Ints, Ints, Floats]] = []
    tag, ahead = np.zeros(1, dtype=np.int64), np.zeros(1)
    for number in range(len(recording.sessions)):
        length = int(recording.sightings.t_ms[recording.sightings.session == number].max())
        t_ms = np.arange(0, length, PACKET_MS).astype(np.int64)
        x, y = truth_at(recording, np.full(len(t_ms), number), t_ms)
        for k, at in enumerate(t_ms.tolist()):
            rssi = air.heard_dbm(rng, tag, t_ms[k : k + 1] + number * 86_400_000, x[k : k + 1], y[k : k + 1], ahead)[0]
            heard = np.flatnonzero(~np.isnan(rssi))
            columns.append((np.full(len(heard), number), np.full(len(heard), at), heard, rssi[heard]))
    session, at_ms, receiver, rssi = (np.concatenate(column) for column in zip(*columns, strict=True))
    nobody = np.zeros(len(session), dtype=np.int32)
    return replace(recording, sightings=Sightings(session.astype(np.int32), at_ms, receiver.astype(np.int32), nobody, rssi))


def figures_of(recording: Recording, kind: str) -> Figures:
    """The figures of the sessions whose name begins with `kind`."""
    heard = recording.sightings
    chosen = np.array([name.startswith(kind) for name in recording.sessions])
    rows = chosen[heard.session]
    session, t_ms = heard.session[rows].astype(np.int64), heard.t_ms[rows]
    receiver, rssi = heard.receiver[rows].astype(np.int64), heard.rssi_dbm[rows]
    count = len(recording.anchors)
    fit = np.column_stack([np.eye(count)[receiver], -10.0 * np.log10(_distance_m(recording, session, t_ms, receiver))])
    fitted, *_ = np.linalg.lstsq(fit, rssi, rcond=None)
    residual = rssi - fit @ fitted
    key = session * count + receiver
    met, place = np.unique(key, return_inverse=True)
    packets = np.bincount(place)
    mean = np.bincount(place, residual) / packets
    left = residual - mean[place]
    length_ms = np.array([np.ptp(t_ms[session == number]) for number in met // count])
    level, share = np.bincount(place, rssi) / packets, packets / (length_ms / PACKET_MS + 1.0)
    bands = zip((-86, -83, -80, -76, -72, -68), (-83, -80, -76, -72, -68, -60), strict=True)
    return Figures(
        exponent=float(fitted[-1]),
        constant_dbm=float(fitted[:-1].mean()),
        gain_sd_db=float(fitted[:-1].std()),
        residual_sd_db=float(residual.std()),
        within_sd_db=float(left.std()),
        between_sd_db=float(mean.std()),
        correlation=_correlation_over_time(key, t_ms, residual),
        packet_correlation=_correlation_over_packets(key, t_ms, left),
        packets_per_s=float(len(rssi) / count / sum(np.ptp(t_ms[session == number]) for number in np.unique(session)) * 1000),
        delivery=np.array([share[at].mean() if (at := (level >= low) & (level < high)).any() else np.nan for low, high in bands]),
        rssi_dbm=np.quantile(rssi, (0.05, 0.5, 0.95)),
    )


def _distance_m(recording: Recording, session: Ints, t_ms: Ints, receiver: Ints) -> Floats:
    x, y = truth_at(recording, session, t_ms)
    at = np.array([(anchor.x_m, anchor.y_m, anchor.z_m) for anchor in recording.anchors])[receiver]
    distance: Floats = np.sqrt((x - at[:, 0]) ** 2 + (y - at[:, 1]) ** 2 + (TAG_HEIGHT_M - at[:, 2]) ** 2)
    return np.maximum(distance, 0.5)


def _correlation_over_time(key: Ints, t_ms: Ints, residual: Floats) -> Floats:
    halves = t_ms // 500
    cells, where = np.unique(key * 1_000_000 + halves, return_inverse=True)
    mean = np.bincount(where, residual) / np.bincount(where)
    found = []
    for lag in (1, 2, 4, 8, 16):
        later = np.searchsorted(cells, cells + lag)
        both = later < len(cells)
        both[both] &= cells[later[both]] == cells[both] + lag
        found.append(np.corrcoef(mean[both], mean[later[both]])[0, 1])
    return np.array(found)


def _correlation_over_packets(key: Ints, t_ms: Ints, left: Floats) -> Floats:
    order = np.lexsort((t_ms, key))
    key, left = key[order], left[order]
    pairs = ((left[:-lag][key[:-lag] == key[lag:]], left[lag:][key[:-lag] == key[lag:]]) for lag in range(1, 7))
    return np.array([np.corrcoef(before, after)[0, 1] for before, after in pairs])


def centroid_errors_m(recording: Recording, kind: str, window_ms: int) -> Floats:
    """Median, 75 and 95 % quantile of the weighted centroid's error: the eight strongest receivers of a window, weighted by amplitude."""
    heard, truth = recording.sightings, recording.truth
    at = np.array([(anchor.x_m, anchor.y_m) for anchor in recording.anchors])
    errors: list[float] = []
    for number in np.flatnonzero([name.startswith(kind) for name in recording.sessions]):
        rows = heard.session == number
        t_ms, receiver, rssi = heard.t_ms[rows], heard.receiver[rows], heard.rssi_dbm[rows]
        for known in np.flatnonzero((truth.session == number) & (truth.t_ms >= window_ms)):
            within = slice(*np.searchsorted(t_ms, (truth.t_ms[known] - window_ms, truth.t_ms[known]), side="right"))
            packets = np.bincount(receiver[within], minlength=len(at))
            level = np.where(packets > 0, np.bincount(receiver[within], rssi[within], len(at)) / np.maximum(packets, 1), -200.0)
            best = np.argsort(-level, kind="stable")[:8]
            weight = 10.0 ** (level[best] / 20.0)
            x, y = weight @ at[best] / weight.sum()
            errors.append(float(np.hypot(x - truth.x_m[known], y - truth.y_m[known])))
    return np.quantile(errors, (0.5, 0.75, 0.95))
