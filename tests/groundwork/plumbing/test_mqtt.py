"""The line to a broker: back after trouble with a growing pause, nothing acknowledged by itself, and TLS that means something."""

import asyncio
import gc
import random
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from groundwork.plumbing.clock import Clock, ManualClock, SystemClock
from groundwork.plumbing.mqtt import Broker as Address
from groundwork.plumbing.mqtt import Line, Published, broker_address, tls_of
from tests.broker import LOGIN, PASSWORD, Broker, until


def line_to(broker: Broker, clock: Clock | None = None, *, tls: ssl.SSLContext | None = None, stale_s: float | None = None) -> Line:
    host = "localhost" if tls else "127.0.0.1"
    address = Address(host, broker.port, "rooms/+", "a-lasting-id", LOGIN, PASSWORD, tls, stale_s)
    return Line(address, clock or SystemClock(), random.Random(7))


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    started = Broker(tmp_path)
    await started.start()
    yield started
    started.stop()


async def _taken(line: Line, count: int) -> list[Published]:
    await until(lambda: line.waiting >= count)
    return line.take(1_000)


async def test_what_is_published_waits_to_be_taken_in_order(broker: Broker) -> None:
    line = line_to(broker)
    line.open()
    await until(lambda: line.connected)
    await broker.publish("rooms/a", b"1", b"2", qos=1)
    await broker.publish("rooms/b", b"3", qos=0)
    await broker.publish("elsewhere", b"4", qos=0)
    taken = await _taken(line, 3)
    assert [(one.topic, one.payload, one.number > 0, one.retained) for one in taken] == [
        ("rooms/a", b"1", True, False),
        ("rooms/a", b"2", True, False),
        ("rooms/b", b"3", False, False),
    ]
    await line.close()


async def test_what_was_not_acknowledged_comes_again_and_what_was_does_not(broker: Broker) -> None:
    line = line_to(broker)
    line.open()
    await until(lambda: line.connected)
    await broker.publish("rooms/a", b"1", b"2")
    first, second = await _taken(line, 2)
    line.acknowledge(first)
    await broker.publish("rooms/a", b"3", qos=0)  # after the acknowledgement, on the same connection of another client
    await _taken(line, 1)
    await line.close()
    again = line_to(broker)
    again.open()
    (back,) = await _taken(again, 1)
    assert (back.payload, back.number) == (second.payload, second.number)
    again.acknowledge(second)  # of another line's connection: means nothing
    again.acknowledge(back)
    await again.close()


async def test_an_acknowledgement_of_an_earlier_connection_is_left_undone(broker: Broker) -> None:
    line = line_to(broker)
    line.acknowledge(Published("rooms/a", b"1", 0, number=1, connection=1))  # before there was any
    line.open()
    await until(lambda: line.connected)
    line.acknowledge(Published("rooms/a", b"1", 0, number=1, connection=0))
    assert line.connected
    await line.close()


async def test_the_pause_grows_with_jitter_to_a_minute_and_is_short_again_after_a_connection(tmp_path: Path) -> None:
    broker, clock = Broker(tmp_path), ManualClock(0)
    line = line_to(broker, clock)
    line.open()
    pauses = []
    for _ in range(9):
        await until(lambda: clock.sleepers == 1)
        before = clock.monotonic_s()
        while clock.sleepers:
            clock.advance(0.25)
        pauses.append(clock.monotonic_s() - before)
        await asyncio.sleep(0)
    assert all(0.5 * pause - 0.26 <= waited <= pause + 0.26 for waited, pause in zip(pauses, (1, 2, 4, 8, 16, 32, 60, 60, 60), strict=True))
    assert "refused" in line.trouble.lower()
    await broker.start()
    while not line.connected:
        clock.advance(1)
        await asyncio.sleep(0.01)
    assert line.trouble == ""
    broker.stop()
    await until(lambda: clock.sleepers == 1)
    before = clock.monotonic_s()
    while clock.sleepers:
        clock.advance(0.25)
    assert clock.monotonic_s() - before <= 1.25
    await line.close()


async def test_a_wrong_password_is_a_trouble_and_no_end(broker: Broker) -> None:
    clock = ManualClock(0)
    line = Line(Address("127.0.0.1", broker.port, "rooms/+", "id", LOGIN, "wrong"), clock, random.Random(1))
    line.open()
    await until(lambda: bool(line.trouble))
    assert not line.connected
    assert PASSWORD not in repr(Address("h", 1, "t", "c", LOGIN, PASSWORD))
    await line.close()


async def test_what_waited_too_long_is_thrown_away_at_the_broker(broker: Broker) -> None:
    line = line_to(broker)
    line.open()
    await until(lambda: line.connected)
    await line.close()
    await broker.publish("rooms/a", b"old")
    fresh = line_to(broker, stale_s=5.0)  # how long nobody listened is not known
    fresh.open()
    await until(lambda: fresh.connected)
    await broker.publish("rooms/a", b"new")
    assert [one.payload for one in await _taken(fresh, 1)] == [b"new"]
    await fresh.close()


@pytest.fixture
async def secure(tmp_path: Path) -> AsyncIterator[tuple[Broker, str]]:
    """A broker over TLS, with the certificate of its authority."""
    certificate, key = _self_signed(tmp_path)
    started = Broker(tmp_path, tls=(certificate, key))
    await started.start()
    yield started, certificate.read_text()
    started.stop()


async def test_tls_trusts_the_named_authority(secure: tuple[Broker, str]) -> None:
    line = line_to(secure[0], tls=tls_of(secure[1]))
    line.open()
    await until(lambda: line.connected)
    await line.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the library leaves the refused socket to the collector
async def test_tls_trusts_no_other_authority(secure: tuple[Broker, str]) -> None:
    line = line_to(secure[0], ManualClock(0), tls=tls_of(""))
    line.open()
    await until(lambda: bool(line.trouble))
    assert "certificate" in line.trouble.lower()
    await line.close()
    gc.collect()  # here, where the warning is expected


def _self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for `localhost` that is its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    began = datetime(2020, 1, 1, tzinfo=UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(began).not_valid_after(began + timedelta(days=36_500))
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate, secret = folder / "broker.pem", folder / "broker.key"
    certificate.write_bytes(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return certificate, secret


def test_addresses_of_brokers_are_read_with_their_usual_ports() -> None:
    assert broker_address("mqtt://broker.shop") == ("broker.shop", 1883, False)
    assert broker_address("mqtts://broker.shop/") == ("broker.shop", 8883, True)
    assert broker_address("mqtt://[::1]:1884") == ("::1", 1884, False)


@pytest.mark.parametrize("url", ["http://x", "mqtt://", "mqtt://x:99999", "mqtt://who@x", "mqtt://x/path", "mqtt://x?y", "x:1883", ""])
def test_what_is_no_brokers_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected `mqtt://host:1883`"):
        broker_address(url)


def test_authorities_that_are_no_certificates_are_refused() -> None:
    with pytest.raises(ValueError, match="PEM"):
        tls_of("no certificate")
