"""A mail as it arrives: what msdigest made of it, and what others put on top and into it."""

from __future__ import annotations

SITE = "digest.example.org"
COVERED = "from:to:subject:date:list-unsubscribe:list-unsubscribe-post"
RESULTS = (
    "mx.reader.example;\r\n dkim=pass header.d=mail.example.org;\r\n spf=pass (sender is fine: dkim=fail)"
    " smtp.mailfrom=bounce@mail.example.org;\r\n dmarc=pass header.from=mail.example.org"
)
HTML = f'<p><a href="https://blog.example/1">One</a> <a href="https://{SITE}/leave/x">Leave</a></p>'
TEXT = f"One: https://blog.example/1\nLeave: https://{SITE}/leave/x\n"


def received(
    *,
    sender: str = "MS Research Digest <digest@mail.example.org>",
    envelope: str | None = "<bounce+ada=reader.example@mail.example.org>",
    signatures: tuple[str, ...] = (f"v=1; a=rsa-sha256; d=mail.example.org; s=k1;\r\n h={COVERED}; bh=x; b=y",),
    results: tuple[str, ...] = (RESULTS,),
    leave: str | None = f"<https://{SITE}/leave/x>, <mailto:leave@mail.example.org>",
    post: str | None = "List-Unsubscribe=One-Click",
    html: str = HTML,
    text: str = TEXT,
) -> bytes:
    """Return its bytes; None or nothing leaves a header or a part out."""
    headers = [
        *([] if envelope is None else [f"Return-Path: {envelope}"]),
        *(f"Authentication-Results: {value}" for value in results),
        *(f"DKIM-Signature: {value}" for value in signatures),
        f"From: {sender}",
        "To: ada@reader.example",
        "Subject: Digest",
        *([] if leave is None else [f"List-Unsubscribe: {leave}"]),
        *([] if post is None else [f"List-Unsubscribe-Post: {post}"]),
        "MIME-Version: 1.0",
        'Content-Type: multipart/alternative; boundary="=_b"',
    ]
    parts = [("plain", text), ("html", html)]
    body = [
        f"--=_b\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{content}\r\n" for kind, content in parts if content
    ]
    return ("\r\n".join(headers) + "\r\n\r\n" + "".join(body) + "--=_b--\r\n").encode()
