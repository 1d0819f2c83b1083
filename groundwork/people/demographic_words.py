"""The words by which `demographics.py` knows age, gender and nationality, in English and Arabic. Lists only; add a word and a test for it.

Arabic words stand as `normal` leaves them: without vowel signs, with one form of alef, without hamza, and with ه for ة and ي for ى.
"""

from typing import Final

AGE: Final = "age"
GENDER: Final = "gender"
NATIONALITY: Final = "nationality"
TRACKING: Final = "tracking"


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


FIELDS: Final = {
    AGE: _set("age ages aged birthday birthdays birthdate birthyear birth dob yob عمر العمر اعمار الاعمار سن السن الميلاد ميلاد عمريه"),
    GENDER: _set("gender genders sex sexes جنس الجنس"),
    NATIONALITY: _set("nationality nationalities citizenship citizenships ethnicity جنسيه الجنسيه جنسيات الجنسيات"),
}
"""Words in the name of a field that say what it would hold."""
TRACKERS: Final = _set("idfa idfv gaid aaid adid advertisingid advertiserid cookie cookies imei imsi msisdn androidid")
"""Words in the name of a column that would hold a third party's name for a person."""

ATTRIBUTES: Final = {
    GENDER: _set("gender genders"),
    NATIONALITY: _set("nationality nationalities citizenship جنسيه الجنسيه جنسيات الجنسيات جاليه الجاليه جاليات الجاليات"),
}
"""Words that name an attribute wherever they stand in a name or a description."""

PEOPLE: Final = {
    GENDER: _set(
        "women ladies men gentlemen gents girls boys females males female male womenfolk menfolk moms mums mothers dads fathers "
        "housewives نساء نسوه نسوان سيدات حريم امراه مراه رجال ذكور اناث بنات فتيات شابات شبان امهات اباء زوجات"
    ),
    AGE: _set(
        "seniors elders elderly pensioners retirees teens teenagers adolescents youth youths youngsters millennials boomers "
        "twentysomethings thirtysomethings octogenarians "
        "مسنون مسنين مسنات مراهقون مراهقين مراهقات شباب عجايز كهول متقاعدون متقاعدين"
    ),
    NATIONALITY: _set(
        "foreigners expats expatriates nationals citizens immigrants migrants "
        "اجانب مواطنون مواطنين مواطنات وافدون وافدين وافدات مغتربون مغتربين مقيمون مقيمين "
        "هنود اتراك مغاربه افغان المان عرب امريكان انجليز اكراد"
    ),
}
"""Words for groups of people by what they are, not by what they like. Children are not among them: whoever joins buys for them."""

ADJECTIVES: Final = {
    GENDER: _set("نسايي نساييه نسويه نسوي رجالي رجاليه حريمي بناتي ولادي ذكوري انثوي انثويه"),
    AGE: _set("شبابي شبابيه"),
}
"""Arabic adjectives that go with products (shoes) as well as with groups (a club)."""

NATIONS: Final = _set(
    "saudi emirati kuwaiti qatari bahraini omani yemeni egyptian jordanian lebanese syrian palestinian iraqi sudanese moroccan tunisian "
    "algerian libyan somali indian pakistani bangladeshi filipino nepali nepalese iranian turkish afghan indonesian ethiopian eritrean "
    "kenyan nigerian chinese japanese korean thai vietnamese malaysian american canadian british english irish scottish french german "
    "italian spanish portuguese dutch russian ukrainian greek swedish australian brazilian mexican african asian european arab"
)
"""English adjectives: a group of people only where a word for people follows, or in the plural."""
NATION_PLURALS: Final = frozenset(f"{nation}s" for nation in NATIONS if not nation.endswith(("ese", "ish", "nch", "tch", "ai"))) | _set(
    "thais lankans brits britons frenchmen englishmen dutchmen spaniards turks poles swedes greeks khaleejis filipinas desis"
)
NISBAS: Final = _set(
    "سعودي اماراتي كويتي قطري بحريني عماني يمني مصري اردني لبناني سوري فلسطيني عراقي سوداني مغربي تونسي جزايري ليبي صومالي موريتاني "
    "هندي باكستاني بنغالي بنغلاديشي فلبيني نيبالي سريلانكي ايراني تركي افغاني اندونيسي اثيوبي اريتري كيني نيجيري صيني ياباني كوري تايلندي "
    "ماليزي امريكي كندي بريطاني ايرلندي فرنسي الماني ايطالي اسباني برتغالي هولندي روسي اوكراني بولندي يوناني سويدي استرالي برازيلي "
    "مكسيكي افريقي اسيوي اوروبي عربي خليجي"
)
"""Arabic adjectives of nations, masculine singular; the rest is made of them."""

GROUPS: Final = _set(
    "club clubs community communities group groups circle circles society societies network networks team teams league meetup meetups "
    "people folks families residents shoppers members only "
    "نادي النادي مجموعه المجموعه مجتمع المجتمع ملتقي الملتقي رابطه الرابطه جمعيه الجمعيه فريق الفريق تجمع التجمع شبكه منتدي المنتدي حلقه "
    "عايلات العايلات اعضاء"
)
"""Words for a gathering, or for people in general: what stands before or after one is who they are."""

PRODUCTS: Final = _set(
    "shoe shoes sneaker sneakers trainers boots sandals heels clothing clothes fashion wear sportswear activewear footwear "
    "underwear lingerie swimwear knitwear streetwear denim jeans trousers shirt shirts tshirts suits dresses dress abaya abayas "
    "thobes scarves hijabs jackets coats hats socks accessories accessory jewellery jewelry rings necklaces watch watches bag "
    "bags handbags wallets belts sunglasses perfume perfumes fragrance fragrances cologne oud cosmetics makeup skincare haircare "
    "haircuts shaving razors grooming beauty hygiene care cream creams shampoo vitamins supplements health wellness products "
    "department section collection size sizes bikes bicycles toys books gifts connectors plugs cables adapters tailoring styles "
    "style outfits apparel multivitamins "
    "احذيه حذاء ملابس ازياء موضه ثياب عبايات عبايه فساتين قمصان بدلات بنطلونات جينز معاطف شالات حجابات اكسسوارات مجوهرات حلي "
    "خواتم ساعات ساعه حقايب شنط محافظ احزمه نظارات عطور عطر بخور عود مكياج ماكياج تجميل مستحضرات كريمات شامبو عنايه حلاقه بشره "
    "شعر صحه فيتامينات مكملات هدايا منتجات قسم مقاسات العاب كتب دراجات خياطه تسوق لوازم مستلزمات قفاطين جلابيات اثواب اشمغه شماغ "
    "بدل كنادر شباشب صنادل "
)
"""What is bought: beside one of these a word for people says for whom the thing is made, and a group is about the thing."""

AMBIGUOUS: Final = (
    "all ages",
    "any age",
    "every age",
    "mothers day",
    "fathers day",
    "mother s day",
    "father s day",
    "womens day",
    "women s day",
    "girls night",
    "كل الاعمار",
    "جميع الاعمار",
    "مسنات سكاكين",
    "مسنات السكاكين",
    "عيد الام",
    "يوم الام",
    "قهوه عربيه",
    "اللغه العربيه",
    "لغه عربيه",
    "رجال الاعمال",
    "صينيات",
)
"""Phrases that name nobody by age, gender or nationality though a word in them could."""

_GROWN: Final = r"(?:1[3-9]|[2-9]\d)"
AGE_PHRASES: Final = (
    rf"\bages?\s+{_GROWN}\b",
    rf"\baged\s+{_GROWN}\b",
    r"\bage\s+(?:group|groups|range|bracket|limit)\b",
    r"\b(?:over|under|above|below)\s+\d{2}\s?s\b",
    r"\b(?:over|under|above|below)[\s-](?:thirties|forties|fifties|sixties|seventies)\b",
    rf"\b{_GROWN}\s+years?\s+(?:of\s+age|olds|and\s+(?:over|older|under|younger))\b",
    rf"\b\d{{1,2}}\s+to\s+{_GROWN}\s+years?\b",
    rf"\b\d{{1,2}}\s+{_GROWN}\s+years?\b",
    r"\b(?:young|old|older|middle\s+aged|senior)\s+(?:people|persons|folks|adults|generation|shoppers|citizens)\b",
    r"\bgen(?:eration)?\s+(?:z|y|x|alpha)\b",
    r"\bin\s+(?:their|your)\s+(?:twenties|thirties|forties|fifties|sixties|seventies)\b",
    r"\b(?:كبار|كبيرات|صغار)\s+السن\b",
    r"\b(?:الفيه|الفيات|فيه|فيات|الشريحه)\s+(?:العمريه|عمريه)\b",
    r"\b(?:فوق|تحت|دون|بعد)\s+(?:سن\s+)?(?:ال)?(?:عشرين|ثلاثين|اربعين|خمسين|ستين|سبعين)\b",
    r"\b(?:فوق|تحت|دون|بعد)\s+(?:سن\s+)?(?:ال)?\d{2}\s+(?:سنه|عاما|عام|سنوات)\b",
    r"\bسن\s+(?:ال)?\d{2}\b",
    rf"\bمن\s+(?:سن\s+)?\d{{1,2}}\s+(?:الي|حتي)\s+{_GROWN}\s+(?:سنه|عاما|عام|سنوات)\b",
    r"\bجيل\s+(?:z|y|x|الالفيه|زد)\b",
)
"""Regular expressions over normal text that name people by age."""
LONE_AGE: Final = r"(?:(?:over|under)\s+\d{2}|\d{2}\s*\+|\+\s*\d{2}|\d{2}\s+\d{2})"
"""An age where nothing but a gathering stands beside it; otherwise it may be a price or a number of recipes."""
