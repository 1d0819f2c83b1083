"""Explain: why she got this, and why she got nothing, in the words of `reasons.py`.

Pure over the decision as recorded: what is said later is what was decided then.
"""

from groundwork.contracts.decision import Decision
from groundwork.contracts.ids import CampaignId
from groundwork.plumbing.reasons import Words
from notifier.reasons import BY_CODE

_GRANTED = Words("She got the offer of campaign {campaign}.", "حصلت على عرض الحملة {campaign}.")
_CANDIDATE = Words("Campaign {campaign}: {why}", "الحملة {campaign}: {why}")


def why_not(decision: Decision) -> str:
    """The one code that best says why nothing was sent; empty where an offer was granted.

    Of several candidates, the one that came closest speaks: its holdout, else the one with the fewest reasons.
    """
    if decision.reasons:
        return decision.reasons[0]
    if any(outcome.outcome == "offer" for outcome in decision.outcomes):
        return ""
    closest = min(decision.outcomes, key=lambda outcome: (outcome.outcome != "holdout", len(outcome.reasons)))
    return closest.reasons[0]


def said(code: str, language: str) -> str:
    """The sentence of a reason code in `language`; raises KeyError for a code nobody has listed."""
    return BY_CODE[code].words.said(language)


def sentences(decision: Decision, names: dict[CampaignId, str], language: str) -> list[str]:
    """The decision told in sentences: one per reason, candidate by candidate; `names` are the campaigns' in that language."""
    told = [said(code, language) for code in decision.reasons]
    for outcome in decision.outcomes:
        campaign = names.get(outcome.campaign, outcome.campaign)
        if outcome.outcome == "offer":
            told.append(_GRANTED.said(language, campaign=campaign))
        told += [_CANDIDATE.said(language, campaign=campaign, why=said(code, language)) for code in outcome.reasons]
    return told
