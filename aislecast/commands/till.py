"""`aislecast till redeem|rollback|buy`: acts as a till against a running server.

With the demo shop nothing needs to be set: `up --demo` leaves its till's token and venue in the data folder.
A code is read from a prompt, from standard input (`--code -`) or from a file: the command line stays in the shell's history and in
the list of processes. The same holds for the till's token.
"""

import argparse
import asyncio
import getpass
import os
import re
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from aislecast.arguments import Parser, whole_number
from aislecast.commands.options import add_data, add_json, folder_of
from aislecast.exits import BAD_INPUT, OK, Stop
from aislecast.settings import DEFAULT_HOST, DEFAULT_PORT, SERVER, TILL_TOKEN, VENUE
from aislecast.words import Voice
from groundwork.contracts.ids import ProductId, VenueId
from groundwork.contracts.purchase import Purchase, PurchaseLine, PurchaseRequest
from groundwork.contracts.redemption import Redemption, RedemptionRequest, RollbackRequest
from groundwork.plumbing.clock import SystemClock
from groundwork.plumbing.ids import SystemIds
from groundwork.plumbing.reasons import Words

if TYPE_CHECKING:
    from aislecast.till import Till

SUMMARY = Words(
    "act as a till: redeem a coupon, take it back, report a receipt", "تصرّف كصندوق دفع: اصرف قسيمة، أو أرجعها، أو أبلغ عن إيصال"
)
_REDEEM = Words("spend a coupon", "اصرف قسيمة")
_ROLLBACK = Words("take a redemption back", "تراجع عن صرف قسيمة")
_BUY = Words("report a receipt", "أبلغ عن إيصال")
_SERVER = Words(
    "the server (default: AISLECAST_SERVER, else http://127.0.0.1:8000)", "الخادم (الافتراضي: AISLECAST_SERVER، وإلا http://127.0.0.1:8000)"
)
_TOKEN = Words(
    "a file with the till's token (default: AISLECAST_TILL_TOKEN, else the demo shop's)",
    "ملف فيه رمز وصول الصندوق (الافتراضي: AISLECAST_TILL_TOKEN، وإلا رمز المتجر التجريبي)",
)
_CA = Words("a certificate authority to trust, as `up --tls self` makes one", "سلطة شهادات يوثق بها، كالتي ينشئها `up --tls self`")
_VENUE = Words(
    "the venue the till stands in (default: AISLECAST_VENUE, else the demo shop)",
    "المتجر الذي فيه الصندوق (الافتراضي: AISLECAST_VENUE، وإلا المتجر التجريبي)",
)
_CODE = Words("`-`: read the code from standard input; without it you are asked", "`-`: اقرأ الرمز من الدخل القياسي؛ وبدونه تُسأل عنه")
_CODE_FILE = Words("read the code from this file", "اقرأ الرمز من هذا الملف")
_RECEIPT = Words("the receipt's number; the same number gets the same answer", "رقم الإيصال؛ والرقم نفسه يعطي الجواب نفسه")
_BASKET = Words("the basket's total in minor units (halalas, fils)", "مجموع السلة بالوحدة الصغرى (هللة، فلس)")
_REDEMPTION = Words("the redemption's id, as `redeem` printed it", "معرّف عملية الصرف كما طبعه `redeem`")
_LINE = Words(
    "a line: GTIN:QUANTITY:NET:VAT, amounts in minor units; repeat it", "سطر: GTIN:QUANTITY:NET:VAT، والمبالغ بالوحدة الصغرى؛ ويمكن تكراره"
)
_CURRENCY = Words("the currency (default: SAR)", "العملة (الافتراضي: SAR)")
_SHOPPER = Words("what was read from the shopper's wallet QR or loyalty card", "ما قُرئ من رمز محفظة المتسوق أو بطاقة ولائه")

_PROMPT = Words("Code: ", "الرمز: ")
_CODE_TYPED = Words(
    "A code does not belong on the command line, where the shell's history keeps it. Use `--code -`, "
    "`--code-file`, or neither to be asked.",
    "لا يُكتب الرمز في سطر الأوامر لأن سجل الصدفة يحتفظ به. استخدم `--code -` أو `--code-file`، أو لا شيء لتُسأل عنه.",
)
_NO_CODE = Words("No code was given.", "لم يُعطَ أي رمز.")
_NO_FILE = Words("The file {path} cannot be read.", "تتعذر قراءة الملف {path}.")
_NO_TOKEN = Words(
    "A till needs its token: set AISLECAST_TILL_TOKEN, or name a file with `--token-file`. "
    "For the demo shop's till, name its data folder with `--data`.",
    "يحتاج الصندوق إلى رمز وصول: اضبط AISLECAST_TILL_TOKEN، أو حدد ملفًا بالخيار `--token-file`. "
    "ولصندوق المتجر التجريبي حدد مجلد بياناته بالخيار `--data`.",
)
_NO_VENUE = Words(
    "Say which venue the till stands in with `--venue` or AISLECAST_VENUE.",
    "حدد المتجر الذي فيه الصندوق بالخيار `--venue` أو AISLECAST_VENUE.",
)
_BAD_SERVER = Words(
    "A server's address starts with `http://` or `https://`; got {got}.", "يبدأ عنوان الخادم بـ `http://` أو `https://`؛ والمعطى {got}."
)
_BAD_LINE = Words(
    "A line has the form `GTIN:QUANTITY:NET:VAT`, for example `6281000000012:2:1390:209`; got {got}.",
    "صيغة السطر `GTIN:QUANTITY:NET:VAT`، مثل `6281000000012:2:1390:209`؛ والمعطى {got}.",
)
_BAD_CURRENCY = Words(
    "A currency has three capital letters, for example `SAR`; got {got}.", "رمز العملة ثلاثة أحرف كبيرة، مثل `SAR`؛ والمعطى {got}."
)
_REDEEMED = Words(
    "Redeemed: {amount} {currency} off. Redemption {redemption}, receipt {receipt}.",
    "صُرفت القسيمة: خصم {amount} {currency}. عملية الصرف {redemption}، الإيصال {receipt}.",
)
_ROLLED_BACK = Words(
    "Taken back: the coupon of receipt {receipt} can be spent again.", "تم التراجع: يمكن صرف قسيمة الإيصال {receipt} من جديد."
)
_BOUGHT = Words(
    "Receipt {receipt} is taken: {amount} {currency} with VAT (lines: {lines}).",
    "سُجّل الإيصال {receipt}: {amount} {currency} مع الضريبة (عدد الأسطر: {lines}).",
)


def add_arguments(parser: Parser, voice: Voice) -> None:
    actions = parser.commands("action", {"redeem": _REDEEM, "rollback": _ROLLBACK, "buy": _BUY})
    for action in actions.values():
        action.argument("--server", _SERVER, metavar="URL")
        action.argument("--token-file", _TOKEN, metavar="FILE", type=Path)
        action.argument("--ca", _CA, metavar="FILE", type=Path)
        add_data(action)
        add_json(action)
    _add_redeem(actions["redeem"], voice)
    actions["rollback"].argument("redemption", _REDEMPTION, metavar="REDEMPTION")
    actions["rollback"].argument("--receipt", _RECEIPT, metavar="R", required=True)
    _add_buy(actions["buy"])


def _add_redeem(parser: Parser, voice: Voice) -> None:
    parser.argument("--code", _CODE, metavar="-")
    parser.argument("--code-file", _CODE_FILE, metavar="FILE", type=Path)
    parser.argument("--venue", _VENUE, metavar="ID")
    parser.argument("--receipt", _RECEIPT, metavar="R")
    parser.argument("--basket", _BASKET, metavar="N", type=whole_number(voice, 0, 10**12))


def _add_buy(parser: Parser) -> None:
    parser.argument("--venue", _VENUE, metavar="ID")
    parser.argument("--receipt", _RECEIPT, metavar="R", required=True)
    parser.argument("--line", _LINE, metavar="GTIN:QUANTITY:NET:VAT", action="append", required=True, dest="lines")
    parser.argument("--currency", _CURRENCY, metavar="CCC", default="SAR")
    parser.argument("--shopper", _SHOPPER, metavar="REF")


def run(args: argparse.Namespace, voice: Voice) -> int:
    if args.action == "redeem":
        return redeem(args, voice)
    return buy(args, voice) if args.action == "buy" else roll_back(args, voice)


def redeem(args: argparse.Namespace, voice: Voice) -> int:
    till = till_of(args, voice)
    request = RedemptionRequest(
        venue=venue_of(args),
        receipt=args.receipt or SystemIds(SystemClock()).new(),
        basket_minor=args.basket,
        code=code_of(args, voice),
    )
    made: Redemption = _answered(till.redeem(request))
    values = {"amount": major(made.discount_minor), "currency": made.currency, "redemption": made.id, "receipt": made.receipt}
    return _said(args, made, voice.say(_REDEEMED, **values))


def roll_back(args: argparse.Namespace, voice: Voice) -> int:
    till = till_of(args, voice)
    made: Redemption = _answered(till.roll_back(args.redemption, RollbackRequest(receipt=args.receipt)))
    return _said(args, made, voice.say(_ROLLED_BACK, receipt=made.receipt))


def buy(args: argparse.Namespace, voice: Voice) -> int:
    if not re.fullmatch(r"[A-Z]{3}", args.currency):
        raise Stop(_BAD_CURRENCY, BAD_INPUT, got=args.currency)
    request = PurchaseRequest(
        receipt=args.receipt,
        venue=venue_of(args),
        at_ms=SystemClock().now_ms(),
        currency=args.currency,
        lines=[line_of(text) for text in args.lines],
        shopper_ref=args.shopper,
    )
    made: Purchase = _answered(till_of(args, voice).buy(request))
    amount = major(made.net_minor + made.vat_minor)
    return _said(args, made, voice.say(_BOUGHT, receipt=made.receipt, lines=made.lines, amount=amount, currency=made.currency))


def till_of(args: argparse.Namespace, voice: Voice) -> "Till":
    """The till the options describe. Raises Stop where its server or token is not given."""
    from aislecast.till import Till

    server: str = args.server or os.environ.get(SERVER) or f"http://{DEFAULT_HOST}:{DEFAULT_PORT}"
    if not server.startswith(("http://", "https://")):
        raise Stop(_BAD_SERVER, BAD_INPUT, got=server)
    token = read_line(args.token_file) if args.token_file else os.environ.get(TILL_TOKEN, "").strip() or demo_till(args)[0]
    if not token:
        raise Stop(_NO_TOKEN, BAD_INPUT)
    if args.ca is not None:
        read_line(args.ca)
    return Till(server=server, token=token, language=voice.language, ca=args.ca)


def venue_of(args: argparse.Namespace) -> VenueId:
    """The venue. Raises Stop where none is given."""
    venue = args.venue or os.environ.get(VENUE) or demo_till(args)[1]
    if not venue:
        raise Stop(_NO_VENUE, BAD_INPUT)
    return VenueId(venue)


def demo_till(args: argparse.Namespace) -> tuple[str, str]:
    """Token and venue of the demo shop's till, as `up --demo` left them in the data folder; empty where there is none."""
    try:
        token, _, venue = folder_of(args).demo_till.read_text().strip().partition("\n")
    except OSError:
        return "", ""
    return token, venue


def code_of(args: argparse.Namespace, voice: Voice) -> str:
    """The coupon's code, from where it was said to be. Raises Stop where it was typed on the command line, or is nowhere."""
    if args.code not in (None, "-"):
        raise Stop(_CODE_TYPED, BAD_INPUT)
    if args.code_file is not None:
        code = read_line(args.code_file)
    elif args.code == "-" or not sys.stdin.isatty():
        code = sys.stdin.readline().strip()
    else:
        code = getpass.getpass(voice.say(_PROMPT)).strip()
    if not code:
        raise Stop(_NO_CODE, BAD_INPUT)
    return code


def read_line(path: Path) -> str:
    """The first line of a file. Raises Stop where it cannot be read."""
    try:
        return path.read_text().partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        raise Stop(_NO_FILE, BAD_INPUT, path=path) from None


def line_of(text: str) -> PurchaseLine:
    """A receipt's line from `GTIN:QUANTITY:NET:VAT`. Raises Stop on another form."""
    form = re.fullmatch(r"([^:\s]{1,64}):(-?\d{1,6}(?:\.\d{1,3})?):(-?\d{1,12}):(-?\d{1,12})", text)
    if form is None:
        raise Stop(_BAD_LINE, BAD_INPUT, got=text)
    return PurchaseLine(product=ProductId(form[1]), quantity=float(form[2]), net_minor=int(form[3]), vat_minor=int(form[4]))


def major(minor: int) -> str:
    """Minor units as an amount with two places, as the riyal and the dirham have."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02}"


def _answered(request: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(request)


def _said(args: argparse.Namespace, made: msgspec.Struct, sentence: str) -> int:
    print(msgspec.json.encode(made).decode() if args.json else sentence)
    return OK
