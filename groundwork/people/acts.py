"""Names of what operators (and boxes) do to this package, as the audit chain carries them: subject, dot, verb.

One line an act. A subject in the chain is an id of ours or a pseudonym; never a code, a key or a name of a person.
"""

from typing import Final

ADD_CONSENT_TEXT: Final = "consent_text.add"
REGISTER_TAG: Final = "tag.register"
RENEW_TAG_CODE: Final = "tag.renew_code"
RETIRE_TAG: Final = "tag.retire"
ISSUE_GATEWAY_CODE: Final = "gateway_code.issue"
ENROL_GATEWAY: Final = "gateway.enrol"
REVOKE_GATEWAY: Final = "gateway.revoke"
PUT_GATEWAY_RULES: Final = "gateway_rules.put"
ADD_GATEWAY_KEY: Final = "gateway_key.add"
REVOKE_GATEWAY_KEY: Final = "gateway_key.revoke"
INVITE_OPERATOR: Final = "operator.invite"
CHANGE_OPERATOR: Final = "operator.change"
DISABLE_OPERATOR: Final = "operator.disable"
ENABLE_OPERATOR: Final = "operator.enable"
LINK_OPERATOR: Final = "operator.link"
SET_PASSWORD: Final = "operator.set_password"  # noqa: S105 # the name of an act
CHANGE_PASSWORD: Final = "operator.change_password"  # noqa: S105 # likewise
TIE_OPERATOR: Final = "operator.tie"
SIGN_IN: Final = "operator.sign_in"
SIGN_OUT: Final = "operator.sign_out"
ADD_API_KEY: Final = "api_key.add"
ROTATE_API_KEY: Final = "api_key.rotate"
REVOKE_API_KEY: Final = "api_key.revoke"
EXPORT_AUDIT: Final = "audit.export"
SHOW_HELD: Final = "shopper.show_held"
REQUEST_ERASURE: Final = "shopper.request_erasure"
COMPLETE_ERASURE: Final = "shopper.complete_erasure"
PUT_COMMUNITY: Final = "community.put"
PUT_IDENTITY_PROVIDER: Final = "identity_provider.put"
REMOVE_IDENTITY_PROVIDER: Final = "identity_provider.remove"
PUT_FEED: Final = "feed.put"
REMOVE_FEED: Final = "feed.remove"
ADD_CALIBRATION: Final = "calibration.add"
USE_CALIBRATION: Final = "calibration.use"
REMOVE_CALIBRATION: Final = "calibration.remove"
