"""A name server on loopback that answers from a script, by UDP and, where an answer is too long for that, by TCP."""

from __future__ import annotations

import socket
import socketserver
import threading
from dataclasses import dataclass, field
from typing import Any, Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

TTL = 60


@dataclass
class Nameserver:
    """``with Nameserver(records) as server`` listens at ``server.address``; see ``FakeNames`` for the script.

    silent: names that are answered with SERVFAIL. mute: names that are never answered. asked: questions, in order.
    """

    records: dict[str, dict[str, list[str]]]
    silent: frozenset[str] = frozenset()
    mute: frozenset[str] = frozenset()
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        nameserver = self

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                wire, sock = self.request
                answer = nameserver.answer(wire, "udp")
                if answer is not None:
                    sock.sendto(answer, self.client_address)

        class Stream(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                wire = self.rfile.read(int.from_bytes(self.rfile.read(2)))
                answer = nameserver.answer(wire, "tcp")
                if answer is not None:
                    self.wfile.write(len(answer).to_bytes(2) + answer)

        self._servers = _both(Datagram, Stream)
        self.address = self._servers[0].server_address
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def answer(self, wire: bytes, way: str) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((way, name, kind))
        if name in self.mute:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if name in self.silent:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif not self._fill(response, name, kind):
            response.set_rcode(dns.rcode.NXDOMAIN)
        room = query.payload or 512
        if way == "udp" and len(response.to_wire(max_size=65_535)) > room:
            response.answer.clear()
            response.flags |= dns.flags.TC
        return response.to_wire(max_size=65_535)

    def _fill(self, response: Any, name: str, kind: str) -> bool:
        """Put records into an answer; tell whether the name exists."""
        there = self.records.get(name)
        while there is not None and "CNAME" in there and kind != "CNAME":
            target = there["CNAME"][0]
            response.answer.append(dns.rrset.from_text(f"{name}.", TTL, "IN", "CNAME", f"{target}."))
            name, there = target.lower(), self.records.get(target.lower())
        if there is None:
            return False
        texts = [_written(kind, value, place) for place, value in enumerate(there.get(kind, ()))]
        if texts:
            response.answer.append(dns.rrset.from_text(f"{name}.", TTL, "IN", kind, *texts))
        return True


def _both(datagram: type, stream: type) -> tuple[Any, Any]:
    """Listen at one port in both ways."""
    while True:
        udp = socketserver.ThreadingUDPServer(("127.0.0.1", 0), datagram)
        try:
            tcp = socketserver.ThreadingTCPServer(udp.server_address, stream)
        except OSError:  # somebody else's port: try another
            udp.server_close()
            continue
        for server in (udp, tcp):
            server.daemon_threads = True
        return udp, tcp


def _written(kind: str, value: str, place: int) -> str:
    if kind == "TXT":
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        return " ".join(f'"{quoted[at : at + 200]}"' for at in range(0, len(quoted), 200)) or '""'
    if kind == "MX":
        return f"{10 * (place + 1)} {value}."
    return f"{value}." if kind == "CNAME" else value


def free_port() -> int:
    """Return a port of this machine at which nobody answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
