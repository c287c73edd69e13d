"""How fast mails leave by SMTP, each person's own, beside bare smtplib and beside django-newsletter; all in one run.

The issue is one of ``digest.py`` with 112 entries, and everybody has a quarter of it that is theirs alone: HTML of 60 kB. A sink on loopback,
a process of its own, takes what comes and counts it.

    ours      letters joined for each person, built, handed over and judged, 50 a batch, as msdigest sends them
    smtplib   bytes that were made before, one ``sendmail`` each, over as many connections and over one: the floor
    django    django-newsletter 1.2 in a virtual environment of its own, with as many bytes a message; skipped, and said
              so, where pip cannot install it
    far away  ours over one connection to a sink that answers after 20 ms, with PIPELINING and without

Run with ``make bench-smtp``, or less of it: ``make bench-smtp ARGS="--messages 1000 --rounds 1"``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import smtplib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.mails import Person

    from msdigest.model.compiled import CompiledIssue
    from msdigest.model.delivery import Shipment
    from msdigest.providers.smtp.sending import SmtpProvider

CONNECTIONS = 4
ENTRIES = 112
BATCH = 50
# So many messages are made before for the floor, and sent again and again: all of them would fill the memory.
PREBUILT = 500
FAR_MESSAGES, FAR = 200, 0.02
WANTED_OF_FLOOR, WANTED_OF_DJANGO = 0.4, 8.0


class Sink(asyncio.Protocol):
    """One connection to the sink: takes everything, and answers after ``delay`` seconds."""

    accepted: ClassVar[Counter[bytes]] = Counter()
    size = 0

    def __init__(self, delay: float, features: Sequence[str]) -> None:
        """Take how to behave."""
        self.delay, self.features = delay, features
        self.unread, self.content, self.recipient = b"", False, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self.transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Take what came, and answer all of it in one write."""
        self.unread += data
        answers: list[bytes] = []
        while self.step(answers):
            continue
        if answers and self.delay:
            asyncio.get_running_loop().call_later(self.delay, self.transport.write, b"".join(answers))
        elif answers:
            self.transport.write(b"".join(answers))

    def step(self, answers: list[bytes]) -> bool:
        """Take one command or one message; tell whether there was a whole one."""
        end = b"\r\n.\r\n" if self.content else b"\r\n"
        found = self.unread.find(end)
        if found < 0:
            return False
        line, self.unread = self.unread[:found], self.unread[found + len(end) :]
        answers.append(self.taken(line) if self.content else self.answered(line))
        return True

    def taken(self, content: bytes) -> bytes:
        """Count a message."""
        Sink.accepted[self.recipient] += 1
        Sink.size += len(content)
        self.content = False
        return b"250 2.0.0 Ok: queued as 0123456789\r\n"

    def answered(self, line: bytes) -> bytes:
        """Answer a command."""
        verb = line[:4].upper()
        if verb == b"EHLO":
            names = ["sink", *self.features]
            return "".join(f"250{'-' if name is not names[-1] else ' '}{name}\r\n" for name in names).encode()
        if verb == b"RCPT":
            self.recipient = line.partition(b"<")[2].partition(b">")[0]
        if verb == b"DATA":
            self.content = True
            return b"354 go on\r\n"
        if verb == b"XTOT":
            told = json.dumps([len(Sink.accepted), max(Sink.accepted.values(), default=0), Sink.size])
            Sink.accepted.clear()
            Sink.size = 0
            return f"250 {told}\r\n".encode()
        return b"221 bye\r\n" if verb == b"QUIT" else b"250 2.0.0 Ok\r\n"


async def serve(delay: float, features: Sequence[str]) -> None:
    """Be the sink until the standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(delay, features), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


@contextmanager
def sink(delay: float = 0.0, features: Sequence[str] = ("PIPELINING", "SIZE 50000000", "DSN")) -> Iterator[int]:
    """Start a sink in a process of its own; give its port."""
    command = [sys.executable, __file__, "--sink", str(delay), *features]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield int(process.stdout.readline())
        process.stdin.close()


def totals(port: int) -> tuple[int, int, int]:
    """Ask the sink how many addresses got mail, how many mails at most, and how many bytes; it begins anew."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="benchmark") as asked:
        return tuple(json.loads(asked.docmd("XTOT")[1]))


class Issue:
    """The issue, its people, and what they are sent."""

    def __init__(self, count: int) -> None:
        """Compile once, and draw ``count`` people."""
        from benchmarks.mails import ISSUE, issue_of, some_people  # noqa: PLC0415  # the sink needs none of it

        from msdigest.steps.delivering.press import Press  # noqa: PLC0415  # as above

        self.compiled: CompiledIssue = issue_of(ENTRIES)[1]
        self.press = Press(ISSUE, self.compiled, coding="mime")
        self.people = some_people(self.compiled.ranking, count)

    def shipment(self, some: Sequence[Person]) -> Shipment:
        """Join letters for ``some``, as a delivery does."""
        from benchmarks.mails import POST, recipient_of  # noqa: PLC0415  # as above

        from msdigest.model.delivery import Shipment  # noqa: PLC0415  # as above

        parts = [(self.press.letter(person.choice, POST), [recipient_of(person, self.compiled)]) for person in some]
        return Shipment(attempt="benchmark", parts=parts)

    def messages(self, count: int) -> list[bytes]:
        """Make whole messages."""
        from msdigest.render.mime import message  # noqa: PLC0415  # as above

        return [
            message(letter, recipient)
            for letter, people in self.shipment(self.people[:count]).parts
            for recipient in people
        ]

    def batches(self, count: int) -> list[Sequence[Person]]:
        """Cut the first ``count`` people in batches."""
        return [self.people[first : min(first + BATCH, count)] for first in range(0, count, BATCH)]


@contextmanager
def provider_to(port: int) -> Iterator[SmtpProvider]:
    """Make our provider, for a relay on this port."""
    from msdigest.ports import Failure  # noqa: PLC0415  # as above
    from msdigest.providers.smtp.sending import provider  # noqa: PLC0415  # as above

    options = {"host": "127.0.0.1", "port": str(port), "security": "none"}
    made = provider(options, lambda _: Failure("no", "HTTP is not spoken here"))
    yield made
    made.close()


def ours(port: int, issue: Issue, count: int, connections: int) -> float:
    """Send to the first ``count`` people; return the seconds."""
    with provider_to(port) as provider, ThreadPoolExecutor(connections) as pool:

        def one(some: Sequence[Person]) -> int:
            parcel = issue.shipment(some)
            outcomes = provider.parse(provider.carry(provider.build(parcel)), parcel)
            return sum(outcome.state == "accepted" for outcome in outcomes)

        begun = time.perf_counter()
        taken = sum(pool.map(one, issue.batches(count)))
        seconds = time.perf_counter() - begun
    if taken != count:
        raise SystemExit(f"{taken} of {count} were accepted")
    return seconds


def floor(port: int, messages: Sequence[bytes], count: int, connections: int) -> float:
    """Send prebuilt messages with bare smtplib; return the seconds."""

    def some(first: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="benchmark") as talk:
            for number in range(first, count, connections):
                talk.sendmail(
                    "digest@mail.example.org", [f"person{number}@example.org"], messages[number % len(messages)]
                )

    with ThreadPoolExecutor(connections) as pool:
        begun = time.perf_counter()
        list(pool.map(some, range(connections)))
        return time.perf_counter() - begun


DJANGO = """
import json, sys, time, django
from pathlib import Path
from django.conf import settings
port, folder, count, size, entries = int(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:6])
settings.configure(
    SECRET_KEY="benchmark", SITE_ID=1, USE_TZ=True, ROOT_URLCONF="urls", DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sites", "sorl.thumbnail", "newsletter"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "django.db"}},
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, NEWSLETTER_THUMBNAIL="sorl-thumbnail",
)
django.setup()
from django.core.mail import utils
utils.DNS_NAME._fqdn = "benchmark"
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.utils import timezone
from newsletter.models import Article, Message, Newsletter, Submission, Subscription
letter = Newsletter.objects.create(title="MS Digest", slug="digest", email="digest@mail.example.org", sender="MS Digest")
message = Message.objects.create(title="What is new", slug="new", newsletter=letter)
words = "The double dose did no more than the licensed one, and infections were as common. "
# Each text stands in both bodies.
each = max(size // entries // 2 - 160, 1)
for place in range(entries):
    text = "<p>" + (words * (each // len(words) + 1))[:each] + "</p>"
    Article.objects.create(post=message, sortorder=place, title=f"Title {place}", text=text, url="https://x.example/a")
Subscription.objects.bulk_create([
    Subscription(newsletter=letter, name_field=f"Person {n}", email_field=f"person{n}@example.org", subscribed=True,
                 activation_code=f"{n:040x}", subscribe_date=timezone.now()) for n in range(count)])
submission = Submission.from_message(message)
submission.prepared, submission.publish_date = True, timezone.now()
submission.save()
begun = time.perf_counter()
submission.submit()
print(json.dumps(time.perf_counter() - begun))
"""
URLS = 'from django.urls import include, path\nurlpatterns = [path("newsletter/", include("newsletter.urls"))]\n'
PACKAGES = ("django-newsletter==1.2.1", "django>=5.2,<5.3", "sorl-thumbnail")


def django(port: int, count: int, size: int) -> tuple[float, int] | None:
    """Send with django-newsletter; return seconds and bytes a message, or None where it cannot be installed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        python = str(folder / "venv" / "bin" / "python")
        installed = subprocess.run(
            [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *PACKAGES],
            capture_output=True,
            text=True,
            check=False,
        )
        if installed.returncode:
            print(f"django-newsletter cannot be installed here: {installed.stderr.strip().splitlines()[-1][:200]}")
            return None
        (folder / "urls.py").write_text(URLS, encoding="utf-8")
        (folder / "run.py").write_text(DJANGO, encoding="utf-8")
        command = [python, str(folder / "run.py"), str(port), name, str(count), str(size), "15"]
        totals(port)
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        taken, most, sent = totals(port)
        if (taken, most) != (count, 1):
            raise SystemExit(f"django-newsletter: {taken} of {count} got mail, somebody {most} times")
        return json.loads(done.stdout), sent // count


def median(port: int, count: int, rounds: int, *ways: Callable[[], float]) -> list[float]:
    """Take turns; return each way's messages a second, the median of the rounds, after seeing that all were taken."""
    seconds: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds):
        for way, times in zip(ways, seconds, strict=True):
            totals(port)
            times.append(way())
            taken, most, _size = totals(port)
            if (taken, most) != (count, 1):
                raise SystemExit(f"{taken} of {count} got mail, somebody {most} times")
    return [count / statistics.median(times) for times in seconds]


def near(issue: Issue, count: int, rounds: int, django_count: int) -> None:
    """Print the rates on this machine."""
    messages = issue.messages(min(PREBUILT, count))
    size = statistics.mean(map(len, messages))
    html = statistics.mean(len(each) for each in map(_html, messages))
    print(
        f"{count:,} messages of {size / 1000:.0f} kB on average (HTML {html / 1000:.0f} kB), median of {rounds} rounds"
    )
    with sink() as port:
        own, own_one, bare, bare_one = median(
            port, count, rounds,
            lambda: ours(port, issue, count, CONNECTIONS), lambda: ours(port, issue, count, 1),
            lambda: floor(port, messages, count, CONNECTIONS), lambda: floor(port, messages, count, 1),
        )  # fmt: skip
        print(
            f"ours: {own:,.0f}/s over {CONNECTIONS} connections, {own_one:,.0f}/s over one\n"
            f"smtplib, prebuilt: {bare:,.0f}/s over {CONNECTIONS} connections, {bare_one:,.0f}/s over one"
        )
        best, best_bare = max(own, own_one), max(bare, bare_one)
        judged("ours / smtplib", best / best_bare, WANTED_OF_FLOOR)
        print(f"  over {CONNECTIONS}: {own / bare:.2f}, over one: {own_one / bare_one:.2f}")
        found = django(port, django_count, round(size)) if django_count else None
        if found is not None:
            rate = django_count / found[0]
            # Once more beside it: other processes may have made the one or the other slow.
            again = django_count / ours(port, issue, django_count, CONNECTIONS)
            print(
                f"django-newsletter: {rate:,.0f}/s ({django_count:,} messages of {found[1] / 1000:.0f} kB); "
                f"ours just behind it: {again:,.0f}/s"
            )
            judged("ours / django-newsletter", min(own, again) / rate, WANTED_OF_DJANGO)


def _html(message: bytes) -> bytes:
    return message.rpartition(b"text/html")[2]


def far(issue: Issue) -> None:
    """Print what PIPELINING saves where answers take their time."""
    rates = []
    for features in (("PIPELINING", "SIZE 50000000", "DSN"), ("SIZE 50000000", "DSN")):
        with sink(FAR, features) as port:
            rates.append(FAR_MESSAGES / ours(port, issue, FAR_MESSAGES, 1))
    print(
        f"one connection, answers after {FAR * 1000:.0f} ms: {rates[0]:.1f}/s with PIPELINING, {rates[1]:.1f}/s without "
        f"({rates[0] / rates[1]:.2f} x)"
    )


def judged(what: str, ratio: float, wanted: float) -> None:
    """Print a ratio and whether it is what was wanted."""
    print(f"{what}: {ratio:.2f} (wanted: at least {wanted}){'' if ratio >= wanted else '  TOO SLOW'}")


def main() -> None:
    """Measure, or be the sink."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--django", type=int, default=1_000, help="so many messages with django-newsletter; 0: none")
    parser.add_argument("--sink", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.sink:
        asyncio.run(serve(float(given.sink[0]), given.sink[1:]))
        return
    socket.setdefaulttimeout(60)
    issue = Issue(max(given.messages, given.django, FAR_MESSAGES))
    near(issue, given.messages, given.rounds, given.django)
    far(issue)


if __name__ == "__main__":
    main()
