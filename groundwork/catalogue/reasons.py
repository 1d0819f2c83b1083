"""Why the catalogue refuses: codes for machines, sentences in both languages for people."""

from typing import Final

from groundwork.plumbing.reasons import Reason, Words

NEWER_FIGURE: Final = Reason(
    "newer_figure",
    Words(
        "Product {value} has a figure that is newer than the one sent; nothing was changed.",
        "للمنتج {value} بيانات أحدث من المرسلة؛ لم يتغير شيء.",
    ),
    409,
)
BAD_PRODUCT_ID: Final = Reason(
    "bad_product_id",
    Words(
        "The product id is {value}; expected 1 to {limit} Latin letters, digits and . _ : -",
        "رقم المنتج هو {value}؛ والمتوقع من حرف واحد إلى {limit} من الحروف اللاتينية والأرقام والرموز . _ : -",
    ),
    422,
)

ALL: Final = (NEWER_FIGURE, BAD_PRODUCT_ID)
