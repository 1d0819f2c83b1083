"""Feeds: what third-party boxes of a venue hear, and how it comes to us; what an operator sets up and sees of them."""

from typing import Annotated, Literal

import msgspec

from groundwork.contracts.gateway import Id
from groundwork.contracts.ids import GatewayId, TenantId, VenueId

BoxName = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._-][A-Za-z0-9._:-]{0,38}$", max_length=39)]
"""With the feed's id and a colon before it, a gateway's id."""
Times = Literal["payload", "received"]
"""Whose clock dates an advert: the box's, where its payload has one, or always the server's."""


class FeedBroker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The MQTT broker the boxes publish to."""

    address: Annotated[str, msgspec.Meta(pattern=r"^mqtts?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?/?$", max_length=300)]
    """`mqtt://host:1883`, or `mqtts://host:8883` over TLS."""
    topic: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    """The filter to subscribe to."""
    login: Annotated[str, msgspec.Meta(max_length=200)] = ""
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=1_024)] | None = None
    """Kept sealed and never shown; left out, the one that is there stays."""
    authorities: Annotated[str, msgspec.Meta(max_length=20_000)] = ""
    """Certificates (PEM) of the only authorities whose word for the broker is taken; empty: those the server trusts."""


class FeedBox(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A box that is believed."""

    box: BoxName
    """As it names itself: Theengs by a part of the topic, ESPresense by its room, Minew by its address."""
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    """What operators call it."""


class FeedRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a feed is to be from now on."""

    version: int = 1
    kind: Annotated[str, msgspec.Meta(max_length=32)]
    """`theengs`, `espresense` or `minew`."""
    venue: Id
    times: Times = "payload"
    broker: FeedBroker | None = None
    """None: its boxes post what they hear."""
    boxes: Annotated[list[FeedBox], msgspec.Meta(max_length=500)] = []


class FeedBrokerState(msgspec.Struct, frozen=True, kw_only=True):
    """The broker, without the password."""

    address: str
    topic: str
    login: str
    has_password: bool
    authorities: str
    connected: bool | None = None
    """Whether this process is subscribed now; None where another one sees to the feed."""
    trouble: str = ""
    """What went wrong last; empty while it goes well."""


class FeedBoxState(msgspec.Struct, frozen=True, kw_only=True):
    """A box that is believed, and the gateway it is: what is placed on the plan."""

    box: str
    gateway: GatewayId
    name: str


class FeedState(msgspec.Struct, frozen=True, kw_only=True):
    """A feed as operators see it."""

    id: str
    kind: str
    venue: VenueId
    times: Times
    broker: FeedBrokerState | None
    boxes: list[FeedBoxState]


class Feeds(msgspec.Struct, frozen=True, kw_only=True):
    """The feeds of the venues the caller may see, by id."""

    version: int = 1
    tenant: TenantId
    feeds: list[FeedState]


class FeedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the backend says to a payload that a box posted, once what is kept of it is durable."""

    version: int = 1
    tenant: TenantId
    feed: str
    accepted: int
    """Adverts that were kept."""
    refused: dict[str, int] = {}
    """Adverts that were not, by reason code; nothing of them is kept."""
