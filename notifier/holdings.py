"""What each table of this package holds of a shopper; the words are what she reads when she asks."""

from typing import Final

from groundwork.people.holding import Holding, nothing
from groundwork.people.model import MEASUREMENT, OFFERS
from groundwork.plumbing.reasons import Words
from notifier.queries.held import held, sweep, unlink_coupons, unlink_purchases

_ACCOUNTS: Final = Words("the shop's accounts, for as long as the law has them kept", "من حسابات المتجر، للمدة التي يوجبها النظام")

HOLDINGS: Final = (
    Holding(
        "decision",
        "deleted",
        Words("What was decided for you", "ما تقرر بشأنك"),
        Words(
            "Why you were or were not offered something, each time: the true answer to the question why you got this.",
            "سبب تقديم عرض لك أو عدمه في كل مرة: الجواب الصادق عن سؤال لماذا وصلك هذا.",
        ),
        days="decisions_days",
        consent=OFFERS,
        rows=held("decision"),
        sweep=sweep("decision"),
    ),
    Holding(
        "grant",
        "deleted",
        Words("Offers you were given, or held out of", "العروض التي مُنحت لك أو حُجبت للمقارنة"),
        Words(
            "So that you get no offer twice and not too many, and so that its effect can be measured.",
            "كي لا يتكرر عرض ولا تكثر العروض، ولقياس أثرها.",
        ),
        days="decisions_days",
        consent=OFFERS,
        rows=held("grant"),
        sweep=sweep("grant"),
    ),
    Holding(
        "feed_entry",
        "deleted",
        Words("Your inbox in the app", "صندوق عروضك في التطبيق"),
        Words("So that you can read again what was sent to you.", "لتقرأ مجددًا ما أُرسل إليك."),
        days="pushes_days",
        consent=OFFERS,
        rows=held("feed_entry"),
        sweep=sweep("feed_entry"),
    ),
    Holding(
        "push",
        "deleted",
        Words("What was sent to your phone", "ما أُرسل إلى هاتفك"),
        Words(
            "Its words, when it left, by which consent, and what became of it.", "نصه ووقت إرساله والموافقة التي استند إليها وما آل إليه."
        ),
        days="pushes_days",
        consent=OFFERS,
        rows=held("push"),
        sweep=sweep("push"),
    ),
    Holding(
        "coupon",
        "unlinked",
        Words("Your coupons", "قسائمك"),
        Words(
            "What each is worth and until when. Its code is not kept, only a fingerprint.",
            "قيمة كل قسيمة ومدتها. لا يُحفظ رمزها بل بصمته فقط.",
        ),
        days="coupons_days",
        ends=True,
        consent=OFFERS,
        rows=held("coupon"),
        sweep=sweep("coupon"),
    ),
    Holding(
        "redemption",
        "unlinked",
        Words("Coupons you spent", "القسائم التي صرفتها"),
        Words("At which till, on which receipt, for how much.", "عند أي صندوق وبأي إيصال وبأي مبلغ."),
        Words(
            "the shop's accounts; that a spent coupon was yours is forgotten when its period ends",
            "من حسابات المتجر؛ ويُنسى أن القسيمة كانت لك بانتهاء مدتها",
        ),
        days="links_days",
        rows=held("redemption"),
        sweep=unlink_coupons,
    ),
    Holding(
        "purchase",
        "unlinked",
        Words("Your receipts", "إيصالات شرائك"),
        Words("To measure whether offers help, only where you agreed to that.", "لقياس فائدة العروض، إن وافقت على ذلك فقط."),
        days="links_days",
        consent=MEASUREMENT,
        rows=held("purchase"),
        sweep=unlink_purchases,
    ),
    Holding(
        "purchase_line",
        "unlinked",
        Words("What you bought", "ما اشتريته"),
        Words("The lines of those receipts.", "بنود تلك الإيصالات."),
        _ACCOUNTS,
        consent=MEASUREMENT,
        rows=held("purchase_line"),
    ),
    *nothing(("campaign",), Words("what marketing planned, for comparison", "ما خطط له التسويق، للمقارنة")),
)
