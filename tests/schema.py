# schema.py -- what gcglass report --json prints and gcglass leaks --json writes, of imaginary heaps,
# of a program with leaks and of ones without, against doc/schema/command-*.json.
#
# As in server/api.py, which has the means: a field that no schema knows fails, and so does one that
# is in a schema and never in what was written.  A row of "kinds" must agree with its groups.
#
# Called by schema.test.  Prints TAP.
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests/server"))
import api  # noqa: E402

# make_heap's; with what has them: leaks by name, garbage of a collector, empty, hostile, large.
HEAPS = [("empty", 0), ("clean", 0), ("mix", 0), ("leaks", 3), ("observer", 0), ("hostile", 0),
         ("star", 400), ("ring", 300), ("list", 1000), ("tree", 3000)]
# Only a live process has them; server/api.test sees their rows.
NOT_HERE = {"command-report.json: /hazards"} | {
    "command-report.json: /capture/verdicts" + field
    for field in ("", "/compared", "/marked_only", "/reached_only")}
LEAKER = """
#include <stdlib.h>
struct cat { struct cat *mate; char *name; }; struct dog { long w[5]; struct dog *mate; };
static void *xmalloc (size_t n) { void *p = malloc (n); if (!p) abort (); return p; }
static void cats (void) { struct cat *a = xmalloc (sizeof *a), *b = xmalloc (sizeof *b);
  a->mate = b; b->mate = a; a->name = xmalloc (10); b->name = NULL; }
static void dogs (void) { struct dog *a = xmalloc (sizeof *a), *b = xmalloc (sizeof *b);
  a->mate = b; b->mate = a; }
int main (int c, char **v) { void *volatile lost = malloc (100); lost = NULL;
  for (int i = 0; i < 3; i++) cats (); if (c > 1) dogs (); return 0; }
"""
COLLECTOR_INSIDE = """
#include <gc.h>
#include <stdlib.h>
int main (void) { GC_INIT (); return malloc (10) == NULL || GC_MALLOC (10) == NULL; }
"""


class Run:
    def __init__(self):
        self.number = 0
        self.schemas = api.Schemas(commands=True)

    def result(self, what, complaints):
        self.number += 1
        print(f"{'not ' if complaints else ''}ok {self.number} - {what}", flush=True)
        for one in complaints[:10]:
            print(f"# {one}")

    def look_at(self, name, what, text):
        try:
            value = json.loads(text)
        except ValueError as error:
            self.result(what, [f"no JSON: {error}"])
            return
        complaints = self.schemas.complaints(f"command-{name}.json", value)
        signatures = [kind["signature"] for kind in value["kinds"]]
        if len(set(signatures)) != len(signatures) or value["kind_count"] < len(signatures):
            complaints.append("a signature has two rows")
        if name == "leaks" and value["kind_count"] == len(signatures):
            for key in ("bytes", "blocks"):
                groups = sum(one[key] for one in value["groups"] + value["known_groups"])
                rows = sum(one["objects" if key == "blocks" else key] for one in value["kinds"])
                if groups != rows:
                    complaints.append(f"{key}: {groups} in groups, {rows} in kinds")
        self.result(what, complaints)


def command(*arguments):
    return subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, check=False)


def heaps(run, here):
    for name, n in HEAPS:
        file, out = os.path.join(here, "heap.gcsnap"), os.path.join(here, "leaks.json")
        if command(os.path.join(api.BUILD, "tests/make_heap"), name, str(n), file).returncode != 0:
            run.result(name, ["make_heap does not know it"])
            continue
        run.look_at("report", f"{name}: report --json",
                    command(api.GCGLASS, "report", "--json", file).stdout)
        command(api.GCGLASS, "leaks", "--json", out, file)
        with open(out, encoding="utf-8") as text:
            run.look_at("leaks", f"{name}: leaks --json", text.read())


def program(run, here):
    source, binary = os.path.join(here, "leaker.c"), os.path.join(here, "leaker")
    known, out, rules = (os.path.join(here, one) for one in ("known.json", "out.json", "rules"))
    with open(source, "w", encoding="utf-8") as file:
        file.write(LEAKER)
    with open(rules, "w", encoding="utf-8") as file:
        file.write("leak:no such function\n")
    subprocess.run([*os.environ.get("CC", "cc").split(), "-g", "-O0", "-o", binary, source], check=True)
    command(api.GCGLASS, "leaks", "--json", known, "--suppressions", rules, "--", binary)
    command(api.GCGLASS, "leaks", "--json", out, "--baseline", known, "--", binary, "both")
    for file, new in ((known, 0), (out, 1)):
        with open(file, encoding="utf-8") as text:
            run.look_at("leaks", f"a program's leaks, {os.path.basename(file)}", text.read())
    with open(out, encoding="utf-8") as text:
        kinds = json.load(text)["kinds"]
    by_path = {tuple(kind["path"]): kind for kind in kinds}
    complaints = []
    for path, count, is_known in ((("struct cat.mate",), 3, True), (("struct dog.mate",), 1, False)):
        kind = by_path.get(path)
        if not kind or kind["count"] != count or kind["known"] != is_known:
            complaints.append(f"{path}: {kind}")
    run.result("kinds: cats three times and known, dogs once and new", complaints)


def collector_inside(run, here):
    source, binary, out = (os.path.join(here, one) for one in ("inside.c", "inside", "inside.json"))
    with open(source, "w", encoding="utf-8") as file:
        file.write(COLLECTOR_INSIDE)
    subprocess.run([*os.environ.get("CC", "cc").split(), "-o", binary, source, "-l:libgc.a",
                    "-lpthread", "-ldl"], check=True)
    command(api.GCGLASS, "leaks", "--json", out, "--", binary)
    with open(out, encoding="utf-8") as text:
        run.look_at("leaks", "leaks of a program with libgc linked statically", text.read())


def main():
    run = Run()
    run.schemas.check()
    run.schemas.strict()
    with tempfile.TemporaryDirectory() as here:
        heaps(run, here)
        program(run, here)
        collector_inside(run, here)
    run.result("each field of a schema was in what was written",
               [one for one in run.schemas.unseen()
                if one.startswith("command-") and one not in NOT_HERE])
    print(f"1..{run.number}")


main()
