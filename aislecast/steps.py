"""The steps of the flow as an operator knows them: in which order they come, and what each is called in both languages."""

from typing import Final

from aislecast.words import Voice
from groundwork.plumbing.hops import Hop, Hops
from groundwork.plumbing.reasons import Words

STEPS: Final = {
    "gateway.gate": Words("gateway: gate", "البوابة: السماح"),
    "gateway.condense": Words("gateway: condense", "البوابة: التكثيف"),
    "gateway.spool": Words("gateway: spool", "البوابة: المخزن"),
    "phone": Words("phone: condense", "الهاتف: التكثيف"),
    "feeds.payloads": Words("feeds: payloads", "المصادر الخارجية: الحمولات"),
    "feeds.adverts": Words("feeds: adverts", "المصادر الخارجية: الإعلانات"),
    "ingest.dropped": Words("ingest: dropped in the shop", "الاستقبال: ما أُهمل في المتجر"),
    "ingest.gaps": Words("ingest: lost by boxes", "الاستقبال: ما فقدته الصناديق"),
    "ingest": Words("ingest", "الاستقبال"),
    "ingest.gps": Words("ingest: GPS reports", "الاستقبال: تقارير GPS"),
    "locate": Words("locate", "تحديد الموضع"),
    "presence": Words("presence", "الحضور"),
    "zone_events": Words("zone events", "أحداث المناطق"),
    "outside": Words("outside: fences", "في الخارج: الأسوار"),
    "outside.zone_events": Words("outside: zone events", "في الخارج: أحداث المناطق"),
    "statistics": Words("statistics", "الإحصاءات"),
    "zone_event_streams": Words("streams of zone events", "بث أحداث المناطق"),
    "webhook_queue": Words("webhooks: queue", "روابط الإبلاغ: الانتظار"),
    "webhooks": Words("webhooks: tries", "روابط الإبلاغ: المحاولات"),
    "decide": Words("decide", "القرار"),
    "grant": Words("grant", "المنح"),
    "outbox": Words("outbox", "صندوق الصادر"),
    "redeem": Words("redeem", "صرف القسيمة"),
    "purchases": Words("purchases", "المشتريات"),
    "retention": Words("retention", "الاستبقاء"),
}
"""The hops in the order of the flow."""


def in_order(hops: Hops) -> list[Hop]:
    """The hops in the order of the flow; one that nobody has listed comes last."""
    order = {name: at for at, name in enumerate(STEPS)}
    return sorted(hops.all(), key=lambda hop: order.get(hop.name, len(order)))


def step_name(hop: str, voice: Voice) -> str:
    """What the hop is called; its own name where nobody has listed it."""
    return voice.say(STEPS[hop]) if hop in STEPS else hop
