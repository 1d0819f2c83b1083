"""Campaigns: a marketer's plan, as it is posted, stored and decided on.

Pure. A campaign is one frozen value; `queries` keeps it as JSON, `decide` asks its trigger and rules, `offers` fills in its words.
"""

import re
from typing import Annotated, Final, Literal

import msgspec

from groundwork.contracts.ids import CampaignId, TenantId
from groundwork.contracts.unfit import Unfit
from notifier.holdout import CAMPAIGN_SHARE
from notifier.rule import Rule
from notifier.rules import AnyRule, InCommunity, Trigger

State = Literal["draft", "live", "paused", "ended"]
BudgetClass = Literal["marketing", "service"]
"""`marketing` spends the attention budget and has a holdout; `service` was asked for by the shopper and does neither."""

PLACEHOLDERS: Final = ("code", "product", "value", "venue")
"""What an offer's words may have filled in."""
_BRACED: Final = re.compile(r"\{([^{}]*)\}")

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class Texts(msgspec.Struct, frozen=True):
    """The same words in Arabic and in English; neither is ever empty."""

    ar: Text
    en: Text

    def said(self, language: str) -> str:
        """The words in `language` (`ar`, else English)."""
        return self.ar if language == "ar" else self.en


class Percent(msgspec.Struct, frozen=True, tag="percent"):
    """A share of the basket, at most `most_minor` minor units where that is set."""

    percent: Annotated[int, msgspec.Meta(ge=1, le=100)]
    most_minor: Annotated[int, msgspec.Meta(ge=1)] | None = None


class Amount(msgspec.Struct, frozen=True, tag="amount"):
    """A fixed sum in minor units (halalas, fils)."""

    minor: Annotated[int, msgspec.Meta(ge=1)]


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What is proposed. `{code}`, `{product}`, `{value}` and `{venue}` in the words are filled in for one shopper."""

    title: Texts
    body: Texts
    value: Percent | Amount
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] = "SAR"
    product: Texts | None = None
    """What it is on, as shoppers call it."""
    least_basket_minor: Annotated[int, msgspec.Meta(ge=0)] = 0
    valid_s: Annotated[int, msgspec.Meta(ge=60, le=90 * 86_400)] = 7_200
    """How long the coupon can be spent after the grant."""

    def __post_init__(self) -> None:
        """Raises Unfit where the words want something filled in that nobody knows."""
        for name, texts in (("title", self.title), ("body", self.body)):
            for language in ("ar", "en"):
                _check_placeholders(f"/{name}/{language}", texts.said(language), with_product=self.product is not None)


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A plan: when it applies, what it offers, how loudly, and who is held out."""

    id: CampaignId
    tenant: TenantId
    names: Texts
    offer: Offer
    trigger: Trigger
    rules: tuple[AnyRule, ...] = ()
    """All must hold beside the trigger; none means anywhere at any time."""
    state: State = "draft"
    budget_class: BudgetClass = "marketing"
    category: str = ""
    """Of the product range whose sales are its outcome."""
    priority: Annotated[int, msgspec.Meta(ge=-100, le=100)] = 0
    """Of several willing campaigns the highest wins; by id where they are equal."""
    holdout_share: Share = CAMPAIGN_SHARE
    holdout_salt: str = ""
    """Frozen while the campaign runs; empty means its id. Campaigns that share one salt hold out the same shoppers."""
    ttl_s: Annotated[int, msgspec.Meta(ge=1, le=3_600)] = 120
    """Seconds after the zone event during which the push is of use; what has not left by then expires."""
    channels: tuple[str, ...] = ("dry_run",)
    """Ways out beside the in-app inbox, which every grant gets."""

    @property
    def conditions(self) -> tuple[Rule, ...]:
        """The trigger, then the rules."""
        return (self.trigger, *self.rules)

    @property
    def memberships(self) -> tuple[InCommunity, ...]:
        """The rules that ask for a community she is in; asked again as a push leaves, because she may have left it since."""
        return tuple(rule for rule in self.rules if isinstance(rule, InCommunity))

    @property
    def salt(self) -> str:
        return self.holdout_salt or self.id


def _check_placeholders(at: str, text: str, *, with_product: bool) -> None:
    known = PLACEHOLDERS if with_product else tuple(name for name in PLACEHOLDERS if name != "product")
    if all(name in known for name in _BRACED.findall(text)):
        return
    braced = " ".join(f"{{{name}}}" for name in known)
    raise Unfit(f"words in which only these are filled in: {braced}", f"نص لا يُملأ فيه إلا: {braced}", at=at, value=text)
