# api.py -- every route of /api/, of every kind of source, against the schemas in doc/schema/.
#
# The routes are those that /api/ lists; the parts of their addresses come from other answers.  The
# schemas allow what they do not name, as a client should; here they do not: an answer with a field
# that no schema knows fails, and so does a route without a schema, or a field that is in a schema
# and never in an answer.
#
# Called by api.test.  Prints TAP.
import http.client
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from jsonschema import Draft202012Validator, RefResolver

SOURCE = os.environ["top_srcdir"]
BUILD = os.environ["top_builddir"]
GCGLASS = os.environ["GCGLASS_SERVER"]
SCHEMAS = os.path.join(SOURCE, "doc/schema")
START_SECONDS = 60
SNAPSHOT_MAGIC = b"GCGSNAP\n"
MARK = {"X-Gcglass": "1", "Content-Type": "application/json"}


class Schemas:
    """The files of doc/schema/ about the routes, or about commands, made strict, by name."""

    def __init__(self, commands=False):
        self.files = {}
        for name in sorted(os.listdir(SCHEMAS)):
            if name.endswith(".json") and (name.startswith("command-") == commands
                                           or name == "shared.json"):
                with open(os.path.join(SCHEMAS, name), encoding="utf-8") as file:
                    self.files[name] = json.load(file)
        self.resolver = RefResolver("", None, store=self.files)
        self.validators = {}
        self.seen = set()

    def check(self):
        """Whether each is a schema, says what it is, and describes all that it requires."""
        for name, schema in self.files.items():
            Draft202012Validator.check_schema(schema)
            assert schema["$id"] == name, f"{name} has the $id {schema['$id']}"
            assert name == "shared.json" or schema.get("title"), f"{name} has no title"
            for one in objects_of(schema):
                assert set(one.get("required", [])) <= set(one["properties"]), f"{name}: {one}"

    def strict(self):
        for schema in self.files.values():
            for one in objects_of(schema):
                for members in self.members_of(one):
                    one["properties"] = {**members["properties"], **one["properties"]}
                one["additionalProperties"] = False

    def members_of(self, schema):
        """The parts of objects that SCHEMA refers to, from wherever."""
        for one in schema.get("allOf", []) + schema.get("anyOf", []):
            if "$ref" in one:
                yield self.resolver.resolve(one["$ref"])[1]
            yield from self.members_of(one)

    def complaints(self, name, value):
        """What is wrong with VALUE by schema NAME, in words."""
        if name not in self.files:
            return [f"there is no doc/schema/{name}"]
        if name not in self.validators:
            self.validators[name] = Draft202012Validator(self.files[name], resolver=self.resolver)
        self.see(self.files[name], value)
        return [f"{name}: {'/'.join(map(str, one.absolute_path))}: {one.message[:300]}"
                for one in self.validators[name].iter_errors(value)]

    def see(self, schema, value):
        """Notes which fields of SCHEMA have something in them."""
        if "$ref" in schema:
            self.see(self.resolver.resolve(schema["$ref"])[1], value)
        for one in schema.get("allOf", []) + schema.get("anyOf", []):
            self.see(one, value)
        if isinstance(value, dict):
            for name, field in schema.get("properties", {}).items():
                if value.get(name) not in (None, []):
                    self.seen.add(id(field))
                    self.see(field, value[name])
        elif isinstance(value, list) and "items" in schema:
            for one in value[:20] + value[-2:]:
                self.see(schema["items"], one)

    def unseen(self):
        """The fields that were never there, or always null or an empty list."""
        return [f"{name}: {where}" for name, schema in self.files.items()
                for where, field in fields_of(schema) if id(field) not in self.seen]


def objects_of(schema):
    """All parts of SCHEMA that describe an object."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" or schema.get("type") == ["object", "null"]:
            yield schema
        for value in schema.values():
            yield from objects_of(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects_of(value)


def fields_of(schema, where=""):
    """All fields of objects in SCHEMA, with where they are; conditions name fields again."""
    if isinstance(schema, dict) and "maxProperties" not in schema:
        for key, value in schema.items():
            if key == "properties":
                for name, field in value.items():
                    yield f"{where}/{name}", field
                    yield from fields_of(field, f"{where}/{name}")
            elif key == "$defs":
                for name, one in value.items():
                    yield from fields_of(one, f"{where}/{name}")
            else:
                yield from fields_of(value, where)
    elif isinstance(schema, list):
        for value in schema:
            yield from fields_of(value, where)


def schema_of(path):
    """The name of the schema of what the route PATH answers."""
    name = path.removeprefix("/api/").replace("{", "").replace("}", "").replace("/", "-").lower()
    return (name or "index") + ".json"


class Server:
    """A gcglass that runs while one stands in its "with"."""

    def __init__(self, *arguments, environment=None):
        self.process = subprocess.Popen(
            [GCGLASS, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
        self.said, self.found = [], threading.Event()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if not self.found.wait(START_SECONDS):
            raise RuntimeError(f"no address: {self.said}")

    def read(self):
        for line in self.process.stderr:
            self.said.append(line)
            url = re.search(r"http://(?:localhost|127\.0\.0\.1):(\d+)/\?token=(\S+)", line)
            if url and not self.found.is_set():
                self.port, self.token = int(url[1]), url[2]
                self.found.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(START_SECONDS)
        self.reader.join(START_SECONDS)
        said = "".join(self.said)
        assert "Sanitizer" not in said and "runtime error:" not in said, said

    def ask(self, path, method="GET", body=None, headers=None, token=True):
        """Status, content type and body."""
        lines = dict(headers or {})
        if token:
            lines["Authorization"] = f"Bearer {self.token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body, lines)
            answer = connection.getresponse()
            return answer.status, answer.headers["Content-Type"], answer.read()
        finally:
            connection.close()

    def get(self, path):
        status, _, body = self.ask(path)
        assert status == 200, f"{path}: {status}: {body[:300]}"
        return json.loads(body)

    def post(self, path, **fields):
        return self.ask(path, "POST", json.dumps(fields), MARK)

    def frame_until(self, what, condition):
        end = time.monotonic() + START_SECONDS
        while True:
            frame = self.get("/api/frame")["frame"]
            if condition(frame):
                return frame
            if time.monotonic() > end:
                raise RuntimeError(f"never: {what}: {frame}")
            time.sleep(0.02)


class Run:
    """The tests, and what they have found."""

    def __init__(self, schemas):
        self.schemas = schemas
        self.count = 0
        self.failed = 0
        self.index = []
        self.routes = set()

    def result(self, name, complaints):
        self.count += 1
        self.failed += bool(complaints)
        print(f"{'not ok' if complaints else 'ok'} {self.count} - {name}", flush=True)
        for line in complaints[:20]:
            print(f"# {line}")

    def answers(self, server, path, expected=200, schema=None, **request):
        """What is wrong with the answer of SERVER to PATH."""
        status, kind, body = server.ask(path, **request)
        where = f"{request.get('method', 'GET')} {path}"
        if status != expected:
            return [f"{where}: {status}, not {expected}: {body[:300]}"]
        if kind != "application/json":
            return [f"{where}: {kind}"]
        value = json.loads(body)
        name = schema or (schema_of(path) if status == 200 else "error.json")
        found = [f"{where}: {one}" for one in self.schemas.complaints(name, value)]
        if status != 200 and value.get("error", {}).get("status") != status:
            found.append(f"{where}: another status in {value}")
        return found

    def all_routes(self, name, server):
        """Each GET below /api/, with what the others say there is."""
        parts = Parts(server)
        self.index = server.get("/api/")["routes"]
        for route in self.index:
            path = route["path"]
            if not path.startswith("/api/") or route["method"] != "GET":
                continue
            self.routes.add(("GET", path))
            found = []
            # Nothing is a difference of no samples.
            missing = path.endswith("/difference") and parts.samples == 0
            for actual in parts.addresses(path, {one["name"] for one in route["parameters"]}):
                found += self.answers(server, actual, 404 if missing else 200,
                                      schema=None if missing else schema_of(path))
            self.result(f"{name}: {path}", found)


class Parts:
    """What SERVER has, from which addresses are made."""

    # Of a part of an address: where they are listed, the field, and how many first and last ones.
    LISTS = {"threads/{N}": ("/api/threads", "id", 3), "garbage/{N}": ("/api/garbage", "number", 4),
             "samples/{N}": ("/api/tracker/samples", "number", 2),
             "objects/{ADDRESS}": ("/api/objects", "address", 6),
             "type/{NAME}": ("/api/types", "name", 6)}
    # A value for each parameter that can be given anywhere.
    WANTED = {"offset": "1", "limit": "1000", "q": "a", "cycles": "1", "by": "site", "show": "leaks",
              "points": "2", "types": "1", "snapshot": None}

    def __init__(self, server):
        newest = server.get("/api/frame")["frame"]["snapshot"]
        self.snapshot = newest["id"] if newest else None
        self.samples = server.get("/api/tracker")["total"]
        self.names = {key: self.names_of(server, *value) for key, value in self.LISTS.items()}

    @staticmethod
    def names_of(server, path, field, most):
        rows = server.get(f"{path}?limit=1000").get("rows", [])
        chosen = rows if len(rows) <= 2 * most else rows[:most] + rows[-most:]
        return [urllib.parse.quote(str(row[field]), safe="") for row in chosen]

    def addresses(self, path, parameters):
        """Those that the route PATH stands for, the first also with each of PARAMETERS."""
        part = re.search(r"[a-z]+/(\{[A-Z]+\})", path)
        whole = [path] if part is None else [path.replace(part[1], one)
                                             for one in self.names[part[0]]]
        yield from whole
        for name in sorted(parameters & self.WANTED.keys()):
            value = self.WANTED[name] or self.snapshot
            if whole and value is not None:
                yield f"{whole[0]}?{name}={value}"


def example(name):
    return os.path.join(BUILD, "examples", name)


def helper(name):
    return os.path.join(BUILD, "tests", name)


def of_a_file(run, directory):
    """Everything that a page can show, and contents."""
    path = os.path.join(directory, "imaginary.gcsnap")
    subprocess.run([helper("browser/make_snapshot"), path], check=True)
    with Server("view", "--port", "0", path) as server:
        server.frame_until("analysed", lambda frame: frame["snapshot"])
        run.all_routes("a file", server)
        address = server.get("/api/objects?q=onerror")["rows"][0]["address"]
        run.result("a file: contents that are text", run.answers(
            server, f"/api/objects/{address}", schema="objects-address.json"))
        errors(run, server)


def errors(run, server):
    """Errors are JSON, whoever finds them."""
    host = {"Host": "evil.example"}
    cases = [
        ("400, a parameter out of range", "/api/types?limit=0", 400, {}),
        ("400, a parameter that is not there", "/api/frame?depth=1", 400, {}),
        ("400, an address that cannot be", "/api/../x", 400, {}),
        ("401", "/api/frame", 401, {"token": False}),
        ("403", "/api/frame", 403, {"headers": host}),
        ("404, no such route", "/api/nothing", 404, {}),
        ("404, no such thread", "/api/threads/1", 404, {}),
        ("404, no such object", "/api/objects/0x1", 404, {}),
        ("404, no such component", "/api/garbage/99999", 404, {}),
        ("404, no such type", "/api/tracker/type/nothing", 404, {}),
        ("404, no such sample", "/api/tracker/samples/99999", 404, {}),
        ("404, no such snapshot", "/api/types?snapshot=99", 404, {}),
        ("405", "/api/snapshot", 405, {}),
        ("405, the other way", "/api/types", 405, {"method": "POST", "body": "{}", "headers": MARK}),
        ("409", "/api/snapshot", 409, {"method": "POST", "body": "{}", "headers": MARK}),
        ("409, stop", "/api/stop", 409, {"method": "POST", "body": "{}", "headers": MARK}),
        ("414", "/api/" + "x" * 3000, 414, {}),
        ("415", "/api/snapshot", 415,
         {"method": "POST", "body": "x", "headers": {**MARK, "Content-Type": "text/plain"}}),
    ]
    for name, path, status, request in cases:
        run.result(f"an error: {name}", run.answers(server, path, status, **request))


def of_a_process(run, directory):
    """Live, then ended, then from what it has left."""
    recording, last = os.path.join(directory, "live.gcrec"), os.path.join(directory, "last.gcsnap")
    with Server("run", "--port", "0", "--contents", "--lifetimes", "--every", "0.1", "--record",
                recording, "-o", last, "--", example("observer"), "--wait") as server:
        server.frame_until("a snapshot", lambda frame: frame["snapshot"])
        end = time.monotonic() + START_SECONDS
        while server.get("/api/tracker")["total"] < 4 and time.monotonic() < end:
            time.sleep(0.05)
        for path, fields in (("/api/snapshot", {"description": "by the test", "collect": "1"}),
                             ("/api/sample", {"description": "by the test"}),
                             ("/api/sampling", {"every": "0.2"}), ("/api/sampling", {"every": "0"})):
            run.routes.add(("POST", path))
            run.result(f"live: POST {path}", run.answers(
                server, path, method="POST", body=json.dumps(fields), headers=MARK))
        run.all_routes("live", server)
        os.kill(server.get("/api/frame")["frame"]["pid"], signal.SIGTERM)
        server.frame_until("its end", lambda frame: frame["state"] == "ended")
        run.all_routes("ended", server)
    for name, files in (("a recording", [recording]), ("both files", [last, recording])):
        with Server("view", "--port", "0", *files) as server:
            if len(files) > 1:
                server.frame_until("analysed", lambda frame: frame["snapshot"])
            run.all_routes(name, server)
    with open(recording, "r+b") as file:
        records = file.read()
        assert records.count(SNAPSHOT_MAGIC) > 1
        file.seek(records.index(SNAPSHOT_MAGIC))
        file.write(b"x")
    with Server("view", "--port", "0", recording) as server:
        server.frame_until("analysed", lambda frame: frame["snapshot"])
        run.result("a damaged snapshot: /api/frame", run.answers(server, "/api/frame"))


def of_malloc(run, directory):
    """Programs that use malloc."""
    path = os.path.join(directory, "malloc.gcsnap")
    subprocess.run([GCGLASS, "run", "--quiet", "--exit", "--every", "0", "--heap", "malloc", "-o", path,
                    "--", helper("malloc/cases"), "lost-many"], check=True, stdout=subprocess.DEVNULL)
    imaginary = os.path.join(directory, "leaks.gcsnap")
    subprocess.run([helper("make_heap"), "leaks", "10", imaginary], check=True)
    for name, file in (("malloc", path), ("malloc, imaginary", imaginary)):
        view(run, name, file)


def view(run, name, *files):
    with Server("view", "--port", "0", *files) as server:
        server.frame_until("analysed", lambda frame: frame["snapshot"])
        run.all_routes(name, server)


def of_odd_heaps(run, directory):
    for kind, count in (("empty", "0"), ("hostile", "3"), ("mix", "3"), ("clean", "3")):
        path = os.path.join(directory, f"{kind}.gcsnap")
        subprocess.run([helper("make_heap"), kind, count, path], check=True)
        view(run, f"a heap that is {kind}", path)


def of_known_programs(run, directory):
    """Variables of threads, types by what points to them, words that the collector overlooks."""
    for name, command in (
            ("variables", [helper("thread_fixture")]), ("inferred types", [helper("type_fixture")]),
            ("overlooked words", [helper("agent/hazards_tracked"),
                                  helper("agent/.libs/hazard_module.so")])):
        path = os.path.join(directory, "known.gcsnap")
        subprocess.run([*command, path], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "GCGLASS_CONTENTS": "1"})
        view(run, name, path)


def of_lifetimes(run, directory):
    """A program whose objects die while they are counted."""
    recording, last = os.path.join(directory, "dead.gcrec"), os.path.join(directory, "dead.gcsnap")
    subprocess.run([GCGLASS, "run", "--exit", "--quiet", "--lifetimes", "--every", "0.1", "--record",
                    recording, "-o", last, "--", example("gcbench")], check=True,
                   stdout=subprocess.DEVNULL)
    view(run, "lifetimes", last, recording)


def of_nothing_yet(run, _directory):
    """A process without a snapshot; one that does not answer is asked for too many."""
    environment = {"GCGLASS_PRELOAD": helper("server/.libs/empty.so"),
                   "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "verify_asan_link_order=0")}
    with Server("run", "--port", "0", "--", helper("server/fake_agent"), "ignore", "99",
                environment=environment) as server:
        frame = server.frame_until("a process", lambda frame: frame["pid"] > 1)
        assert frame["snapshot"] is None and frame["waiting"], frame
        run.all_routes("no snapshot yet", server)
        found = []

        def ask():
            found.append(server.post("/api/snapshot"))
        threads = [threading.Thread(target=ask, daemon=True) for _ in range(40)]
        for one in threads:
            one.start()
        end = time.monotonic() + START_SECONDS
        while not any(status == 503 for status, _, _ in found) and time.monotonic() < end:
            time.sleep(0.02)
        os.kill(frame["pid"], signal.SIGKILL)
        server.frame_until("its end", lambda frame: frame["state"] == "ended" and frame["exit"])
        run.result("ended by a signal: /api/frame", run.answers(server, "/api/frame"))
        busy = [body for status, _, body in found if status == 503]
        run.result("an error: 503", run.schemas.complaints("error.json", json.loads(busy[0]))
                   if busy else ["forty at once are not too many"])


def of_gcg_start(run, _directory):
    """The server that a program starts for itself can be stopped by its page."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen([GCGLASS, "serve", "--fd", str(theirs.fileno())],
                               pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
    theirs.close()
    message = struct.Struct("=IHHIIII1000s")  # struct gcg__message of lib/protocol.h
    for kind, text in ((1, b"test"), (4, b"port=0\n")):
        ours.send(message.pack(0x4d474347, 1, kind, 0, 0, os.getpid(), 0, text))
    answer = message.unpack(ours.recv(message.size))
    url = urllib.parse.urlparse(answer[7].rstrip(b"\0").decode())
    server = Server.__new__(Server)
    server.port, server.token = url.port, url.query.removeprefix("token=")
    run.routes.add(("POST", "/api/stop"))
    run.result("gcg_start: /api/frame", run.answers(server, "/api/frame"))
    run.result("gcg_start: POST /api/stop", run.answers(
        server, "/api/stop", method="POST", body="{}", headers=MARK))
    process.wait(START_SECONDS)
    ours.close()


def coverage(run, routes):
    run.result("each route below /api/ was asked", sorted(
        f"{one['method']} {one['path']}" for one in routes
        if one["path"].startswith("/api/") and (one["method"], one["path"]) not in run.routes))
    pages = ""
    for name in os.listdir(os.path.join(SOURCE, "doc/pages")):
        with open(os.path.join(SOURCE, "doc/pages", name), encoding="utf-8") as file:
            pages += file.read()
    run.result("each page has one in doc/pages/", sorted(
        one["path"] for one in routes if f"\n`{one['path']}` · " not in pages
        and not re.search(r"^/api/|^/static/|/graph\.|^/refresh$", one["path"])))
    known = {schema_of(path) for _, path in run.routes} | {"shared.json", "error.json"}
    run.result("each schema is of a route", sorted(set(run.schemas.files) - known))
    run.result("each field of a schema was in an answer", run.schemas.unseen())


def main():
    schemas = Schemas()
    schemas.check()
    schemas.strict()
    run = Run(schemas)
    directory = tempfile.mkdtemp(prefix="gcglass-api-")
    try:
        for kind in (of_a_file, of_a_process, of_malloc, of_odd_heaps, of_known_programs,
                     of_lifetimes, of_nothing_yet, of_gcg_start):
            kind(run, directory)
        coverage(run, run.index)
    finally:
        shutil.rmtree(directory)
    print(f"1..{run.count}")
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
