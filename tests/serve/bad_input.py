#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of bad input (bad_requests.py): each row is sent and gets what it says, the server goes on as if nothing had been, and
docs/bad-requests.md shows it. TAP on stdout.

usage: bad_input.py SOURCE_DIR FOVEA [--page]      --page: instead, print what belongs into the document
"""
import concurrent.futures
import contextlib
import html
import json
import re
import socket
import sys
import time
from pathlib import Path

import bad_requests
from serving import ANSWER_S, Server, read_all, run, wait_until

SOURCE, FOVEA = (Path(p).resolve() for p in sys.argv[1:3])
PHOTO = (SOURCE / "photos/astronaut.png").read_bytes()
PAGE = SOURCE / "docs/bad-requests.md"
HEAD = re.compile(rb"(HTTP/1\.[01] (\d+) [^\r]*\r\n((?:[^\r]+\r\n)*)\r\n)\1?")  # libmicrohttpd 0.9.75 says some of its own twice
ROW_S = 3  # of the server's processor time: all connections share the thread that reads requests
SHOWN = 150  # letters of a message in the document


def tell(s, steps):
    for step in steps:
        if step is bad_requests.HALF_CLOSE:
            s.shutdown(socket.SHUT_WR)
        elif isinstance(step, bytes):
            s.sendall(step)
        else:
            time.sleep(step)


def carry_out(server, row):
    """All that the server says until it closes the connection."""
    with socket.create_connection((server.host, server.port), ANSWER_S) as s:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            tell(s, [row.steps] if isinstance(row.steps, bytes) else row.steps)
        return read_all(s)


def answers_in(raw):
    """(statuses, message of the last) of what came back; one is as long as it says."""
    statuses, message = [], ""
    while raw:
        head = HEAD.match(raw)
        assert head, f"no answer of HTTP: {raw[:80]}"
        length = int(re.search(rb"(?i)content-length: (\d+)", head[3])[1])
        body, raw = raw[head.end():head.end() + length], raw[head.end() + length:]
        assert len(body) == length, f"{len(body)} of {length} bytes of an answer"
        statuses.append(int(head[2]))
        message = message_of(body)
    return tuple(statuses), message


def message_of(body):
    """Ours are JSON; the library's own are HTML."""
    if body.startswith(b"{"):
        return json.loads(body).get("error", "")
    text = re.search(rb"<body>(.*)</body>", body)
    return html.unescape(re.sub("<[^>]*>", "", text[1].decode())) if text else ""


def still_serves(server):
    answer = server.post("/detect", PHOTO)
    return answer.status == 200 and len(answer.json["faces"]) == 1


class Case:
    """A row and what came of it."""

    def __init__(self, row):
        self.row, self.statuses, self.message = row, None, ""

    def check(self, raw):
        self.statuses, self.message = answers_in(raw)
        assert self.statuses == self.row.statuses, f"statuses {self.statuses}, expected {self.row.statuses}: {self.message}"
        assert self.row.part in self.message, f"'{self.row.part}' is not in '{self.message}'"

    def line(self):
        statuses = ", ".join(map(str, self.statuses)) or "closed"
        message = self.message if len(self.message) <= SHOWN else self.message[:SHOWN] + "..."
        return f"| {cell(self.row.name)} | {statuses} | {cell(message)} |"


def cell(text):
    plain = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    return re.sub(r"([|<*_\\])", r"\\\1", plain)


def tests_of(group, server, cases, pool):
    def name(what):
        return f"{group.title}: {what}"

    begun = {}

    def result_of(case):
        if not group.together:
            return carry_out(server, case.row)
        if not begun:
            begun.update((c, pool.submit(carry_out, server, c.row)) for c in cases)
        return begun[case].result()

    def of(case):
        def test():
            before = server.processor_s()
            case.check(result_of(case))
            assert server.processor_s() - before < ROW_S, "it takes too much of the processor"
        test.__name__ = name(case.row.name)
        return test

    def goes_on():
        wait_until(lambda: still_serves(server), "it serves")
        wait_until(lambda: server.metric("fovea_connections") == server.metric("fovea_requests") == 1, "all connections are closed")
        assert server.metric("fovea_body_bytes") == server.metric("fovea_queue_photos") == 0
        assert server.metric("fovea_connections_timed_out_total") == (len(cases) if group.late else 0)
    goes_on.__name__ = name("and it goes on")
    return [*map(of, cases), goes_on]


def page_of(tables):
    return "\n".join(f"## {group.title}\n\n| what | status | message |\n|---|---|---|\n" + "\n".join(c.line() for c in cases) + "\n" for group, cases in tables)


def main():
    tables = [(group, [Case(row) for row in group.rows]) for group in bad_requests.groups(PHOTO)]
    with contextlib.ExitStack() as stack:
        servers, pool = {}, stack.enter_context(concurrent.futures.ThreadPoolExecutor(32))
        for group, _ in tables:
            if group.options not in servers:
                servers[group.options] = stack.enter_context(Server(FOVEA, *group.options))
        tests = [test for group, cases in tables for test in tests_of(group, servers[group.options], cases, pool)]

        def the_document_shows_it():
            assert PAGE.read_text(encoding="utf-8").endswith(page_of(tables)), f"{PAGE}: its tables are what --page prints"
        if "--page" in sys.argv:
            for test in tests:
                test()
            print(page_of(tables), end="")
            return 0
        return run([*tests, the_document_shows_it])


if __name__ == "__main__":
    sys.exit(main())
