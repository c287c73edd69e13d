"""Accounts as they should be: for each provider, path of a question about the account → what the provider answers.

Shapes as in the providers' API descriptions.
"""

from __future__ import annotations

from tests.sinks import mailgun, resend, sendgrid, ses

HOOK = "https://digest.example.org/hooks/"
DOMAIN = "mail.example.org"
_SENDGRID_HOOK = {
    "id": "1", "enabled": True, "url": f"{HOOK}sendgrid", "public_key": sendgrid.OPTIONS["webhook_public_key"],
    "processed": True, "deferred": True, "delivered": True, "bounce": True, "dropped": True, "spam_report": True,
    "unsubscribe": True, "open": False, "click": False, "group_unsubscribe": False, "group_resubscribe": False,
}  # fmt: skip
GOOD = {
    "mailgun": mailgun.ACCOUNT,
    "resend": resend.ACCOUNT,
    "postmark": {
        "/server": {"ID": 1, "DeliveryType": "Live", "TrackOpens": False, "TrackLinks": "None"},
        "/message-streams/broadcast": {
            "ID": "broadcast",
            "ArchivedAt": None,
            "SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": "Custom"},
        },
        "/webhooks": {
            "Webhooks": [
                {
                    "Url": f"{HOOK}postmark",
                    "Triggers": {
                        name: {"Enabled": True}
                        for name in ("Delivery", "Bounce", "SpamComplaint", "SubscriptionChange")
                    },
                }
            ]
        },
    },
    "brevo": {
        "/v3/account": {"email": "editor@example.org", "relay": {"enabled": True}},
        "/v3/senders/domains": {"domains": [{"domain_name": DOMAIN, "authenticated": True, "verified": True}]},
        f"/v3/senders/domains/{DOMAIN}": {
            "dns_records": {"dkim1Record": {"host_name": "brevo1._domainkey", "type": "CNAME", "status": True}}
        },
        "/v3/webhooks": {
            "webhooks": [
                {
                    "url": f"{HOOK}brevo",
                    "events": ["delivered", "hardBounce", "softBounce", "blocked", "spam", "invalid", "unsubscribed"],
                }
            ]
        },
    },
    "sendgrid": {
        "/v3/scopes": {"scopes": ["mail.send", "mail.batch.create"]},
        "/v3/whitelabel/domains": [
            {"domain": DOMAIN, "valid": True, "dns": {"dkim1": {"host": f"s1._domainkey.{DOMAIN}", "valid": True}}}
        ],
        "/v3/tracking_settings/open": {"enabled": False},
        "/v3/tracking_settings/click": {"enabled": False, "enable_text": False},
        "/v3/user/webhooks/event/settings/all": {"webhooks": [_SENDGRID_HOOK], "max_allowed": 5},
    },
    "ses": {
        "/v2/email/account": {
            "SendingEnabled": True,
            "ProductionAccessEnabled": True,
            "EnforcementStatus": "HEALTHY",
            "SendQuota": {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 0.0},
        },
        f"/v2/email/identities/{DOMAIN}": {
            "IdentityType": "DOMAIN",
            "VerifiedForSendingStatus": True,
            "DkimAttributes": {"SigningEnabled": True, "Status": "SUCCESS", "Tokens": ["one", "two", "three"]},
        },
        "/v2/email/configuration-sets/digests": {
            "ConfigurationSetName": "digests",
            "SendingOptions": {"SendingEnabled": True},
        },
        "/v2/email/configuration-sets/digests/event-destinations": {
            "EventDestinations": [
                {
                    "Name": "events",
                    "Enabled": True,
                    "MatchingEventTypes": [
                        "SEND",
                        "DELIVERY",
                        "DELIVERY_DELAY",
                        "BOUNCE",
                        "COMPLAINT",
                        "REJECT",
                        "RENDERING_FAILURE",
                    ],
                    "SnsDestination": {"TopicArn": ses.TOPIC},
                }
            ]
        },
    },
}
