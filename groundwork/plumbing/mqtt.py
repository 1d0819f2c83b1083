"""MQTT: a subscription that stays, for whoever must hear what others publish. The one door to aiomqtt; version 3.1.1 of the protocol.

A `Line` connects, subscribes with QoS 1 under a lasting client id, and tries again with a growing, jittered pause whenever the broker is
not there. What comes in waits for `take`. What came with QoS 1 is acknowledged only when its taker says so (`acknowledge`): the broker
delivers it again, to this process or the next, until then. What came with QoS 0 is gone with whoever loses it; no subscriber can help that.

Messages that a broker has kept while nobody listened may be of no use hours later; with `stale_s` they are thrown away at the broker, by a
fresh connection under the same id, before the lasting one is taken up again.
"""

import asyncio
import contextlib
import logging
import random
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import aiomqtt

from groundwork.plumbing.clock import Clock
from groundwork.plumbing.reasons import Misfit, Words

MOST_WAITING: Final = 10_000
"""Messages that wait to be taken. More means that nothing is taken; QoS 1 is then left to the broker, QoS 0 is lost and counted."""
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
_KEEPALIVE_S: Final = 30
_TIMEOUT_S: Final = 10.0
_REFUSED: Final = 128
"""The return code of a subscription that is not granted (MQTT 3.1.1, section 3.9.3)."""
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
_NO_ADDRESS: Final = Words(
    "expected `mqtt://host:1883` or `mqtts://host:8883`, got {url}", "المتوقع `mqtt://host:1883` أو `mqtts://host:8883`، والمعطى {url}"
)
_NO_PEM: Final = Words("expected certificates in PEM: {why}", "المتوقع شهادات بصيغة PEM: {why}")
_silent = logging.getLogger("groundwork.plumbing.mqtt.library")
_silent.disabled = True  # the library tells the topics of messages, and a topic may name a person's device


@dataclass(frozen=True, slots=True)
class Broker:
    """Where to subscribe, to what, and as whom."""

    host: str
    port: int
    topic: str
    client: str
    """The lasting client id: no two lines may have the same, or they push each other out."""
    login: str = ""
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = None
    stale_s: float | None = None
    """After an absence this long, or one of unknown length, what the broker has kept is thrown away; None: never."""


class Published(NamedTuple):
    """What was published, and when it came in by the line's clock."""

    topic: str
    payload: bytes
    at_ms: int
    retained: bool = False
    """The broker had it from before the subscription: it says nothing of now."""
    number: int = 0
    """By which the broker knows it until it is acknowledged; 0 for QoS 0, which needs no acknowledgement."""
    connection: int = 0
    """Which of the line's connections it came by: the numbers of an earlier one mean nothing."""


def broker_address(url: str) -> tuple[str, int, bool]:
    """Host, port, and whether TLS is wanted, of `mqtt://host:port` or `mqtts://host:port`. Raises Misfit naming what was expected."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in _PORTS or parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise Misfit(_NO_ADDRESS, url=repr(url))
    return host, port or _PORTS[parts.scheme], parts.scheme == "mqtts"


def tls_of(authorities: str) -> ssl.SSLContext:
    """Checks the broker by `authorities` (PEM) alone, or by those the machine trusts where it is empty. Raises Misfit on no PEM."""
    try:
        return ssl.create_default_context(cadata=authorities or None)
    except ssl.SSLError as error:
        raise Misfit(_NO_PEM, why=error) from error


class Line:
    """One subscription. `heard` is called when there is something to take or to report; it must return at once."""

    def __init__(self, broker: Broker, clock: Clock, rng: random.Random, heard: Callable[[], None] = lambda: None) -> None:
        self._broker = broker
        self._clock = clock
        self._rng = rng
        self._heard = heard
        self._waiting: deque[Published] = deque()
        self._client: aiomqtt.Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._last_s: float | None = None
        self._connection = 0
        self.overrun = 0
        """Messages that were lost because nobody took them."""
        self.trouble = ""
        """What went wrong last; empty while the line is up."""

    @property
    def connected(self) -> bool:
        """Whether the subscription stands."""
        return self._client is not None

    @property
    def waiting(self) -> int:
        """How many messages wait to be taken."""
        return len(self._waiting)

    def open(self) -> None:
        """Begins to connect, and goes on trying until `close`."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Ends the connection; the broker keeps messages of QoS 1 for the next one."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None

    def take(self, most: int) -> list[Published]:
        """Up to `most` messages, in the order they came."""
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def acknowledge(self, published: Published) -> None:
        """Tells the broker that it need not come again. Of an earlier connection it means nothing and is left undone."""
        if published.number and self._client is not None and published.connection == self._connection:
            self._client._client.ack(published.number, 1)  # aiomqtt has no word for it; paho's own is public

    async def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            if await self._tried():  # it was up: a new trouble, not the old one
                pause_s = FIRST_PAUSE_S
            self._heard()
            await self._clock.sleep(pause_s * self._rng.uniform(0.5, 1.0))
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _tried(self) -> bool:
        """Connects and hears until that ends; whether it was up at all."""
        before = self._connection
        try:
            await self._forget_stale()
            await self._listen()
        except (aiomqtt.MqttError, OSError, ValueError) as error:  # ValueError: a host that is no name
            self.trouble = f"{type(error).__name__}: {error}"
        finally:
            self._client = None
        return self._connection > before

    async def _listen(self) -> None:
        """Subscribes and hears until the connection ends, which raises."""
        client = self._connecting(clean=False)
        client._client.manual_ack_set(True)  # see `acknowledge`
        async with client:
            self._connection += 1
            granted = await client.subscribe(self._broker.topic, qos=1)
            if any((code if isinstance(code, int) else code.value) >= _REFUSED for code in granted):
                raise aiomqtt.MqttError(f"the broker refuses the subscription to {self._broker.topic}")
            self._client, self.trouble = client, ""
            self._heard()
            try:
                async for message in client.messages:
                    self._hear(message)
            finally:
                self._last_s = self._clock.monotonic_s()

    def _hear(self, message: aiomqtt.Message) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self.overrun += not message.qos
            return
        number = message.mid if message.qos else 0
        self._waiting.append(
            Published(message.topic.value, message.payload, self._clock.now_ms(), message.retain, number, self._connection)
        )
        self._heard()

    async def _forget_stale(self) -> None:
        stale_s = self._broker.stale_s
        if stale_s is None or (self._last_s is not None and self._clock.monotonic_s() - self._last_s < stale_s):
            return
        async with self._connecting(clean=True):
            pass

    def _connecting(self, *, clean: bool) -> aiomqtt.Client:
        broker = self._broker
        return aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.login or None,
            password=broker.password or None,
            identifier=broker.client,
            clean_session=clean,
            protocol=aiomqtt.ProtocolVersion.V311,
            keepalive=_KEEPALIVE_S,
            timeout=_TIMEOUT_S,
            tls_context=broker.tls,
            logger=_silent,
        )
