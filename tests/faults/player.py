"""A process that sends and may be killed: reads orders line by line, and plays each in a child of its own.

Started once, it has everything imported when it divides, and no thread yet. Nothing of ours is patched: the provider is
wrapped, and the wrapping kills its own process at the step that was asked for.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path

from tests.sinks.engine import full_pool
from tests.site import START

from msdigest.app import App, read_settings
from msdigest.errors import ProviderError
from msdigest.fetch.client import HttpClient
from msdigest.model.clock import FixedClock
from msdigest.steps.delivering.delivering import Delivery

# Steps of the ledger after which a process may die: the batch is claimed, the call is written down, the provider has
# answered, the answer is written down.
KILLS = ("claimed", "started", "answered", "settled")
CLIENT_SIDE = ("port_closed", "pool_exhausted")
PEOPLE_A_CALL = 3
# Seconds for a call where one hangs, and where none does: a machine may be busy.
SOON, PATIENCE = 0.15, 20.0
STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a process does.

    at: its clock. kill: after which step of its second batch it dies; empty = it does not. fault: one that happens
    before a byte leaves, at the call ``faulty`` (from 0). hangs: some call will hang. rounds: how often it delivers and then asks about what is in
    doubt; 0 = it delivers once and ends. careless: it tries again on a guess, which msdigest does not.
    """

    config: str
    provider: str
    base_url: str
    closed_url: str
    at: str = START.isoformat()
    kill: str = ""
    batch: int = 1
    fault: str = ""
    faulty: int = 1
    hangs: bool = False
    rounds: int = 0
    careless: bool = False


class Watched:
    """A provider whose process dies at a step, and whose calls may not get through."""

    def __init__(self, inner, order, http):
        self._inner, self._order, self._http = inner, order, http
        self._seen = dict.fromkeys((*KILLS, "calls"), 0)
        self.name = inner.name
        # Three batches of a few people each, one after the other.
        self.caps = replace(inner.caps, max_recipients=PEOPLE_A_CALL, parallel=1)

    def build(self, shipment):
        self._reached("claimed")
        return self._inner.build(shipment)

    def carry(self, request):
        if request.method != "POST":
            return self._inner.carry(request)
        self._reached("started")
        self._seen["calls"] += 1
        if self._order.fault and self._seen["calls"] == self._order.faulty + 1:
            return self._unsent(request)
        return self._inner.carry(request)

    def parse(self, reply, shipment):
        self._reached("answered")
        outcomes = self._inner.parse(reply, shipment)
        guessed = [replace(each, state="pending") if each.state == "unknown" else each for each in outcomes]
        return guessed if self._order.careless else outcomes

    def progress(self, _people):
        self._reached("settled")

    def _reached(self, step):
        self._seen[step] += 1
        if self._order.kill == step and self._seen[step] == self._order.batch + 1:
            os.kill(os.getpid(), signal.SIGKILL)

    def _unsent(self, request):
        if self._order.fault == "port_closed":
            elsewhere = request.url.replace(self._order.base_url, self._order.closed_url)
            return self._http.send(replace(request, url=elsewhere), timeout=SOON)
        with client(connections=1) as http, full_pool(http):
            return http.send(request, timeout=SOON)


class Searching(Watched):
    """The same of a provider that can be asked."""

    def search(self, doubt, *, page=""):
        return self._inner.search(doubt, page=page)

    def found(self, reply, doubt):
        return self._inner.found(reply, doubt)


def client(**words):
    return HttpClient(contact="e@example.org", site_url="https://example.org", version="0", **words)


def watched(order, http):
    """Make the provider of an order."""
    module = import_module(f"msdigest.providers.{order.provider}.sending")
    options = import_module(f"tests.sinks.{order.provider}").OPTIONS | {"base_url": order.base_url}

    def send(request):
        return http.send(request, timeout=SOON if order.hangs and request.method == "POST" else PATIENCE)

    inner = module.provider(options, send)
    return (Searching if hasattr(inner, "search") else Watched)(inner, order, http)


@cache
def settings(config):
    return read_settings(Path(config), {"SINK_KEY": "key"})


def play(order):
    """Do what a sending process does when it starts: void what the one before held, then deliver and ask."""
    clock = FixedClock(datetime.fromisoformat(order.at))
    with App(settings(order.config), clock) as app, client() as http:
        provider = watched(order, http)
        app.__dict__["provider"] = provider
        app.__dict__["delivery"] = Delivery(
            app.database, app.vault, clock, provider=provider, post=app.post,
            idle=lambda seconds: clock.advance(timedelta(seconds=seconds)),
        )  # fmt: skip
        with app.database.alone():
            app.recover()
            for _ in range(max(order.rounds, 1)):
                # After refused settings an operator mends them and starts again.
                with suppress(ProviderError):
                    app.deliver(issue=1, progress=provider.progress)
                if order.rounds:
                    app.reconcile(issue=1)
                account = app.account(1)
                if not account.pending + account.unknown:
                    return
                clock.advance(STEP)


def child(order):
    """Play an order in a process of its own, and return how that ended: 0, or minus the signal."""
    pid = os.fork()
    if pid == 0:
        try:
            play(order)
        except BaseException:  # noqa: BLE001  # whatever it is, it is told and the process ends here
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main():
    print("ready", flush=True)
    for line in sys.stdin:
        order = Order(**json.loads(line))
        settings(order.config)
        import_module(f"msdigest.providers.{order.provider}.sending")
        print(child(order), flush=True)


if __name__ == "__main__":
    main()
