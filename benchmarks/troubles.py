"""What a provider's troubles cost on the wall, and whether they are met as they should be: see ``sending.py``."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from tests.sinks.engine import Engine
from tests.sinks.service import Answer
from tests.site import opened

from msdigest.engines.clock import SystemClock
from msdigest.steps.delivering.delivering import CALL_TIMEOUT
from msdigest.store import doubts, ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sinks.service import Call, Service

    from msdigest.app import App

# So many calls to a provider that takes one letter a call. The engines look at every variable of everybody, in this
# process and for longer than the sender: few people, or they would be what is measured.
CHOICES = 40
# A provider asks for so many seconds, once.
ASKED = 4


@dataclass
class Limited:
    """A service that takes so many calls in any second and refuses the rest, as it says it does."""

    inner: Service
    rate: int
    times: list[float] = field(default_factory=list)
    refused: int = 0
    lock: Lock = field(default_factory=Lock)

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def answer(self, call: Call) -> Answer:
        """Count, then answer."""
        with self.lock:
            now = time.monotonic()
            self.times = [each for each in self.times if now - each < 1]
            if self.is_send(call):
                if len(self.times) >= self.rate:
                    self.refused += 1
                    return Answer(status=429, document={"message": "too many"}, headers={"Retry-After": "1"})
                self.times.append(now)
        return self.inner.answer(call)


@dataclass
class Pausing:
    """A service that refuses one call and asks to be left alone; ``early``: calls that began before that was over."""

    inner: Service
    refuse: int = 3
    calls: int = 0
    until: float = 0.0
    early: int = 0
    came_back: float = 0.0
    met: Counter[bytes] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def answer(self, call: Call) -> Answer:
        """Refuse during the pause, else answer."""
        with self.lock:
            now = time.monotonic()
            self.calls += 1
            if self.calls == self.refuse:
                self.until = now + ASKED
            if now < self.until:
                self.early += self.calls != self.refuse
                # The people of a call tell which batch it was, whatever its attempt.
                self.met[_to(call.body)] += 1
                return Answer(status=429, document={"message": "slow"}, headers={"Retry-After": str(ASKED)})
            if self.until and not self.came_back:
                self.came_back = now - self.until
        return self.inner.answer(call)


def _to(body: bytes) -> bytes:
    return b",".join(part[:60] for part in body.split(b'name="to"\r\n\r\n')[1:])


def troubles(site_of: Callable[..., Path]) -> None:
    """Print one line for each trouble."""
    fifth = partial(_every_fifth, "status_500")
    for provider in ("mailgun", "resend"):
        calm, _, _ = _sent(site_of, provider, 2_000)
        took, account, engine = _sent(site_of, provider, 2_000, plan=fifth)
        print(
            f"{provider}: an error in every fifth of {engine.sent_calls} calls costs {took - calm:.1f} s more than "
            f"{calm:.1f} s; {account.accepted:,} accepted, {account.unknown:,} named as unknown, "
            f"{account.pending + account.in_flight} left, nobody twice: {set(engine.accepted.values()) == {1}}",
            flush=True,
        )
    took, account, engine = _sent(site_of, "mailgun", 2_000, wrap=Pausing)
    paused = engine.service
    print(
        f"mailgun: asked once to wait {ASKED} s, the next call began {paused.came_back:.2f} s after that; "
        f"{paused.early} calls under way were told the same, no batch was told twice: "
        f"{max(paused.met.values()) == 1}; {account.accepted:,} accepted in {took:.1f} s",
        flush=True,
    )
    took, account, engine = _sent(site_of, "resend", 6_000, wrap=partial(Limited, rate=2))
    print(
        f"resend: {engine.sent_calls} calls at 2 a second in {took:.1f} s, {engine.service.refused} refused "
        f"({engine.service.refused / engine.sent_calls:.1%}); {account.accepted:,} accepted",
        flush=True,
    )


def _every_fifth(fault: str, number: int) -> str | None:
    return fault if number % 5 == 4 else None


def _sent(site_of, provider, size, *, plan=lambda _: None, wrap=lambda service: service):
    """Send to ``size`` people; return (seconds from the first claim to the last answer, the account, the engine)."""
    service = wrap(import_module(f"tests.sinks.{provider}").service())
    with tempfile.TemporaryDirectory() as name, Engine(service, plan=plan, keep=False) as engine:
        config = site_of(Path(name) / "site", engine.base_url, size=size, choices=CHOICES)
        with opened(config, SystemClock()) as app:
            module = import_module(f"msdigest.providers.{provider}.sending")
            options = dict(service.options) | {"base_url": engine.base_url}
            app.__dict__["provider"] = module.provider(options, partial(app.http.send, timeout=CALL_TIMEOUT))
            app.freeze(app.issue(1))
            begun = time.monotonic()
            _drain(app)
            took = time.monotonic() - begun
            if engine.troubles or service.faults:
                raise SystemExit(f"{engine.troubles[:3]} {service.faults[:3]}")
            return took, app.account(1), engine


def _drain(app: App) -> None:
    """Deliver, as ``issue send --wait`` does, until nothing is due within a few seconds."""
    while True:
        app.deliver(issue=1)
        with app.database.reading() as connection:
            due, asked = ledger.next_due(connection, issue=1), doubts.next_due(connection, issue=1)
        soon = asked is not None and (asked - app.clock.now()).total_seconds() < ASKED
        if due is None and not soon:
            return
        at = min(each for each in (due, asked) if each is not None)
        time.sleep(min(max((at - app.clock.now()).total_seconds(), 0.02), 0.25))
