"""What each table of this package holds of a shopper; the words are what she reads when she asks."""

from typing import Final

from groundwork.people.holding import Holding, nothing
from groundwork.people.model import OFFERS, POSITIONING
from groundwork.people.queries.held import held, sweep
from groundwork.plumbing.reasons import Words

_WITH_HER: Final = Words("until you leave or have yourself erased", "حتى تغادر أو تطلب محو بياناتك")
_CHAIN: Final = Words(
    "for good: it is a chain in which a missing link would show. Erasure destroys the key of the pseudonym it names",
    "يبقى دائمًا لأنه سلسلة يظهر فيها أي نقص. والمحو يتلف مفتاح الاسم المستعار المذكور فيه",
)
_REGISTER: Final = Words("as long as the shop works with it", "ما دام المتجر يعمل به")
_ENDED: Final = Words("credentials of machines and operators", "بيانات اعتماد الأجهزة والمشغلين")

HOLDINGS: Final = (
    Holding(
        "shopper",
        "deleted",
        Words("Yourself", "أنت"),
        Words(
            "A random id, the language we speak to you in, and since when we know you. No name, number or address.",
            "معرّف عشوائي ولغة مخاطبتك وتاريخ معرفتنا بك. بلا اسم ولا رقم ولا عنوان.",
        ),
        _WITH_HER,
        rows=held("shopper"),
    ),
    Holding(
        "device",
        "deleted",
        Words("Your devices", "أجهزتك"),
        Words("So that what your phone reports is known to be yours.", "لنعرف أن ما يرسله هاتفك يخصك."),
        _WITH_HER,
        rows=held("device"),
    ),
    Holding(
        "identity",
        "deleted",
        Words("Your sign-in with the shop", "تسجيل دخولك لدى المتجر"),
        Words(
            "A one-way mark of your account there, so that the same account finds you again. It leads to you and never back.",
            "علامة أحادية الاتجاه لحسابك هناك ليجدك الحساب نفسه مجددًا. تقود إليك ولا تعود إليه.",
        ),
        _WITH_HER,
        rows=held("identity"),
    ),
    Holding(
        "access_key",
        "deleted",
        Words("Keys of your devices", "مفاتيح أجهزتك"),
        Words("By which your phone calls us; only a fingerprint of each is kept.", "يتصل بها هاتفك بنا، ولا تُحفظ إلا بصمة كل منها."),
        days="access_days",
        ends=True,
        rows=held("access_key"),
        sweep=sweep("access_key"),
    ),
    Holding(
        "push_target",
        "deleted",
        Words("Where pushes reach your phone", "وجهة الإشعارات إلى هاتفك"),
        Words("The address that the push service gave your phone, encrypted.", "العنوان الذي منحته خدمة الإشعارات لهاتفك، مشفرًا."),
        _WITH_HER,
        consent=OFFERS,
        rows=held("push_target"),
    ),
    Holding(
        "beacon_binding",
        "deleted",
        Words("Tags that stood for you", "البطاقات التي مثلتك"),
        Words(
            "A cart, basket or card that you took for a visit, and from when to when.", "عربة أو سلة أو بطاقة استعملتها في زيارة، ومدة ذلك."
        ),
        days="bindings_days",
        ends=True,
        consent=POSITIONING,
        rows=held("beacon_binding"),
        sweep=sweep("beacon_binding"),
    ),
    Holding(
        "consent",
        "kept",
        Words("What you agreed to and withdrew", "ما وافقت عليه وما سحبته"),
        Words("The proof, for you and for us, of what you allowed, when, and by which words.", "دليل لك ولنا على ما سمحت به ومتى وبأي نص."),
        _CHAIN,
        rows=held("consent"),
    ),
    Holding(
        "membership",
        "deleted",
        Words("Communities you joined", "المجتمعات التي انضممت إليها"),
        Words("Interests you chose yourself; you leave as you came.", "اهتمامات اخترتها بنفسك، وتغادرها متى شئت."),
        _WITH_HER,
        consent=OFFERS,
        rows=held("membership"),
    ),
    Holding(
        "erasure_part",
        "nothing",
        Words("Parts of an erasure", "أجزاء عملية المحو"),
        _ENDED,
        days="erasures_days",
        ends=True,
        sweep=sweep("erasure_part"),
    ),
    Holding(
        "erasure",
        "kept",
        Words("Erasures", "عمليات المحو"),
        Words(
            "That somebody was erased, when, and the proof; by a pseudonym that leads to nobody.",
            "أن أحدًا مُحيت بياناته ومتى والدليل، باسم مستعار لا يقود إلى أحد.",
        ),
        days="erasures_days",
        ends=True,
        sweep=sweep("erasure"),
    ),
    *(
        Holding(table, "nothing", _ENDED, _ENDED, days="access_days", ends=True, sweep=sweep(table))
        for table in ("gateway_key", "gateway_code", "operator_link", "operator_session")
    ),
    Holding("day_key", "nothing", _ENDED, _ENDED, days="day_keys_days", ends=True, sweep=sweep("day_key")),
    Holding(
        "retention_run",
        "nothing",
        Words("Reports of the retention job", "تقارير مهمة الاستبقاء"),
        _ENDED,
        days="runs_days",
        sweep=sweep("retention_run"),
    ),
    *nothing(("tenant", "gateway", "gateway_rules", "identity_provider", "community", "consent_text", "tag", "operator"), _REGISTER),
)
