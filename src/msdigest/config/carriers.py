"""The tables ``[providers.NAME]``: one for each mail provider, with what its account needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from msdigest.config.shapes import BaseAddress, EnvironmentName, Line, Shape

if TYPE_CHECKING:
    from collections.abc import Mapping

_ARN = "arn:aws:sns:"


def _topic(value: str) -> str:
    if not value.startswith(_ARN):
        message = f"{value!r} is no topic of SNS: it begins with {_ARN}"
        raise ValueError(message)
    return value


class FileTable(Shape):
    """``[providers.file]``."""


class MailgunTable(Shape):
    """``[providers.mailgun]``."""

    domain: Line
    api_key: EnvironmentName
    webhook_key: EnvironmentName | None = None
    region: Literal["us", "eu"] = "us"
    base_url: BaseAddress | None = None


class ResendTable(Shape):
    """``[providers.resend]``; ``webhook_secret`` begins with ``whsec_``."""

    api_key: EnvironmentName
    webhook_secret: EnvironmentName | None = None
    base_url: BaseAddress | None = None


class PostmarkTable(Shape):
    """``[providers.postmark]``; user and password are those that its webhook is set up with."""

    server_token: EnvironmentName
    message_stream: Line = "broadcast"
    webhook_user: Line = "msdigest"
    webhook_password: EnvironmentName | None = None
    base_url: BaseAddress | None = None


class BrevoTable(Shape):
    """``[providers.brevo]``; ``webhook_token`` is the bearer token that its webhook is set up with."""

    api_key: EnvironmentName
    webhook_token: EnvironmentName | None = None
    base_url: BaseAddress | None = None


class SesTable(Shape):
    """``[providers.ses]``; ``topic`` is the ARN of the SNS topic that tells of events."""

    region: Line
    access_key: EnvironmentName
    secret_key: EnvironmentName
    configuration_set: Line | None = None
    topic: Annotated[str, AfterValidator(_topic)] | None = None
    base_url: BaseAddress | None = None


class SendgridTable(Shape):
    """``[providers.sendgrid]``; ``webhook_public_key`` is its verification key (base64)."""

    api_key: EnvironmentName
    webhook_public_key: Line | EnvironmentName | None = None
    region: Literal["us", "eu"] = "us"
    # The look-up of what was sent is an extra of the account; without it msdigest does not ask.
    activity: bool = False
    base_url: BaseAddress | None = None


class SmtpTable(Shape):
    """``[providers.smtp]``; ``none`` for a relay on this very machine only."""

    host: Line
    port: int = Field(default=587, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: Line | EnvironmentName | None = None
    password: EnvironmentName | None = None
    connections: int = Field(default=4, ge=1, le=32)


TABLES: Mapping[str, type[Shape]] = {
    "file": FileTable,
    "smtp": SmtpTable,
    "mailgun": MailgunTable,
    "resend": ResendTable,
    "postmark": PostmarkTable,
    "brevo": BrevoTable,
    "ses": SesTable,
    "sendgrid": SendgridTable,
}
