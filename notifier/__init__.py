"""The notifier: zone events to decisions, grants, coupons and pushes; tills' redemptions and purchases.

Read `pipeline.py` first. What decides is pure (`decide`, `rules/`, `budget`, `calendar`, `holdout`); what was decided stands in
`tables`, and leaves through `outbox` and one of the `channels/`.
"""
