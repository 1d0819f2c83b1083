"""Age, gender and nationality: found where a name calls people by one, and not where it says what they like or buy."""

import msgspec
import pytest

from groundwork.people.demographics import named_in_field, named_in_text, normal
from groundwork.plumbing.db import Base
from tests.contracts.messages import STRUCTS

GENDERED = (
    "Women of Jeddah", "Ladies club", "Men only", "Women's running group", "Moms of Riyadh", "Girls", "Female runners",
    "For gentlemen", "By gender", "WOMEN", "Ｗｏｍｅｎ", "wom\u200ben", "Wömen", "women’s club", "نساء جدة", "نادي السيدات",
    "للنساء فقط", "رجال الرياض", "والرجال", "المرأة", "نادي المرأة", "أمهات جدة", "بنات", "للفتيات", "الذكور", "نادي نسائي",
    "مجموعة رياضية نسائية", "نادي القراءة النسائي", "ملتقى رجالي", "نِسَاء", "نســـاء",
)  # fmt: skip
AGED = (
    "Over 40s", "Ages 18-25", "Aged 18 to 25", "18-25 years", "40+", "40+ club", "+40", "under 30", "Over 60 people",
    "Teenagers", "Seniors", "Young people", "Gen Z", "Youth circle", "In their thirties", "30-year-olds", "Senior citizens",
    "Age group", "ملتقى الشباب", "كبار السن", "مسنات", "المسنّات", "الفئة العمرية", "فوق الأربعين", "من ١٨ إلى ٢٥ سنة",
    "دون ٢٠ سنة", "المراهقين", "جيل زد",
)  # fmt: skip
NATIONAL = (
    "Indian community", "Egyptians in Riyadh", "Saudis", "Filipinos", "Expats in Dubai", "British people", "Chinese families",
    "Nationality circle", "Citizens", "Turkish residents", "Saudi women's shoes club for Egyptians", "المصريون", "السعوديات",
    "للهنود", "الجالية الفلبينية", "مجتمع سعودي", "المقيمين", "باكستانيين", "المغتربون", "اللبنانيات", "العائلات الهندية",
)  # fmt: skip
INTERESTS = (
    "Women's shoes", "Women’s shoes", "Womens shoes", "Shoes for women", "Perfumes for men", "Men's grooming", "Ladies fashion",
    "Women shoes", "Shoes for women and men", "Men's watches circle", "Unisex perfumes", "Ladies' wear", "Mother's Day baking",
    "Coffee lovers", "Turkish coffee", "Italian cooking", "Italian cooking club", "Indian food", "Saudi coffee lovers",
    "Egyptian cotton", "Korean skincare", "Japanese cars", "Nail polish club", "Parents of small children", "Kids' toys",
    "Children's books", "Baby care", "Toys for ages 3-6", "Toys for 3 to 6 years", "All ages welcome", "50+ recipes",
    "Under 30 minutes meals", "Under 50 riyals", "Over 100 recipes", "10 year old oud", "Lego for adults", "Ramen",
    "Management", "Vintage and pageantry", "Images and pages", "Pilates", "Runners of Jeddah", "Menus", "Germany", "Romance",
    "", "أحذية نسائية", "ملابس رجالية", "عطور رجالي", "أزياء النساء", "أحذية للنساء", "عطور للرجال", "صحة المرأة",
    "مجتمع الأزياء النسائية", "القهوة العربية", "القهوة السعودية", "المطبخ المصري", "الأكلات الهندية", "السيارات اليابانية",
    "طبخ إيطالي", "نادي الطبخ الإيطالي", "صينيات الفرن", "مسنات سكاكين", "رحلة العمر", "جميع الأعمار", "لعب الأطفال",
    "ألعاب من ٣ إلى ٦ سنوات", "العربات", "النباتات", "الألعاب", "موسيقى السبعينيات", "عشاق القهوة", "محبو القراءة",
    "القرآن واللغة العربية", "تمور", "الزراعة العضوية", "ألبان وأجبان", "لبنات البناء",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind"),
    [*((text, "gender") for text in GENDERED), *((text, "age") for text in AGED), *((text, "nationality") for text in NATIONAL)],
)
def test_a_group_of_people_is_found_whatever_it_is_written_like(text: str, kind: str) -> None:
    named = named_in_text(text)
    assert named is not None
    assert named.kind == kind or text in ("Senior citizens", "Saudi women's shoes club for Egyptians")


@pytest.mark.parametrize("text", INTERESTS)
def test_what_people_like_and_buy_is_nobodys_age_gender_or_nationality(text: str) -> None:
    assert named_in_text(text) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("age", "age"), ("customerAge", "age"), ("ageGroup", "age"), ("birth_date", "age"), ("dateOfBirth", "age"), ("dob", "age"),
        ("العمر", "age"), ("تاريخ_الميلاد", "age"), ("السن", "age"), ("gender", "gender"), ("Gender", "gender"), ("user-gender", "gender"),
        ("sex", "gender"), ("الجنس", "gender"), ("nationality", "nationality"), ("citizenship", "nationality"), ("الجنسية", "nationality"),
        ("idfa", "tracking"), ("GAID", "tracking"), ("advertising_id", "tracking"), ("advertisingId", "tracking"),
        ("cookie_id", "tracking"),
    ],
)  # fmt: skip
def test_a_field_is_known_by_its_name(name: str, kind: str) -> None:
    named = named_in_field(name)
    assert named is not None
    assert named.kind == kind


@pytest.mark.parametrize(
    "name",
    ["language", "image", "page", "usage", "stage", "message", "coverage", "storage", "agent", "average", "expires_ms", "wage", "about",
     "percentage", "voltage", "السنة", "العنوان", "اللغة", "", "id"],
)  # fmt: skip
def test_a_field_of_another_meaning_is_left_alone(name: str) -> None:
    assert named_in_field(name) is None


def test_no_table_has_a_column_for_any_of_them() -> None:
    columns = [str(column) for table in Base.metadata.tables.values() for column in table.columns if named_in_field(column.name)]
    assert columns == []
    assert len(Base.metadata.tables) > 40, "every package's tables are looked at"


def test_no_message_has_a_field_for_any_of_them() -> None:
    fields = [f"{kind.__name__}.{field.name}" for kind in STRUCTS for field in msgspec.structs.fields(kind) if named_in_field(field.name)]
    assert fields == []


def test_normal_text_has_one_spelling_of_everything() -> None:
    assert normal("  المُسِنَّــات ٢٥ — Café  'Ladies’ ") == "المسنات 25 cafe ladies"
    assert normal("Women's") == normal("WOMEN’S") == "women s"
    assert normal("إمرأة") == normal("امراه")
