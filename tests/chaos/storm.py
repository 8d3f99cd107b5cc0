"""The skill that the storm runs: a step of every repeat class, against a target that remembers everything."""

from __future__ import annotations

from pathlib import Path

from bot.artifacts import Artifacts, lock

SKILL = """
name: storm
version: 1.0.0
owners: ["@platform"]
lifecycle: stable
summary: Do one thing of every repeat class.
examples: ["storm here to staging"]
inputs:
  type: object
  additionalProperties: false
  required: [place]
  properties:
    place: {type: string, pattern: '\\A[a-z0-9]+\\z', description: "Where; one run at a time for each place"}
environments: [staging]
effects: {read_only: false, destructive: false, idempotent: false, open_world: false,
          risk: {staging: 5}, blast_radius: one file, lock: "${inputs.place}"}
permissions: {exec: [python3], env: [STORM]}
cost:
  ceiling_usd: {staging: "0.10"}
  lines: [{unit: compute_seconds, p50: 1, p95: 2}, {unit: tool_calls, p50: 5, p95: 6}]
plan:
  - {id: plan, run: [python3, step.py, plan, "${request.id}", plan, none], timeout: 30s}
steps:
  - {id: look, title: Look, repeat: pure, timeout: 30s,
     run: [python3, step.py, pure, "${request.id}", look, "${idempotency_key}"]}
  - {id: put, title: Put it there, repeat: idempotent, timeout: 30s,
     run: [python3, step.py, idempotent, "${request.id}", put, "${idempotency_key}"]}
  - {id: move, title: Move it, repeat: reconcilable, timeout: 30s,
     run: [python3, step.py, reconcilable, "${request.id}", move, "${idempotency_key}"],
     probe: [python3, step.py, probe, "${request.id}", move, none]}
  - {id: send, title: Send it, repeat: at_most_once, timeout: 30s,
     run: [python3, step.py, at_most_once, "${request.id}", send, "${idempotency_key}"]}
done_when:
  measure: {run: [python3, step.py, measure, "${request.id}", measure, none], timeout: 30s}
  no_data: fail
  checks: [{name: every effect is there, observed: effects, equals: 3}]
on_fail: stop
limits: {wall: 2m, output_kb: 16}
"""

STEP = '''
"""Each line of `target` is one write: `what request step key pid time`. An effect is a line that says so."""
import json, os, random, sys, time
from pathlib import Path

what, request, step, key = sys.argv[1:5]
storm = Path(os.environ["STORM"])
me = os.getpid()  # a forked child speaks for the same attempt


def say(word):
    line = f"{word} {request} {step} {key} {me} {time.monotonic()}\\n"
    out = os.open(storm / "target", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(out, line.encode())
    os.close(out)


def effects(of):
    lines = [line.split() for line in (storm / "target").read_text().splitlines()]
    return {line[2] for line in lines if line[0] == "effect" and line[1] == request and line[2] in of}


def rest(seconds):
    """Sleep, and be seen to be alive."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        say("alive")
        time.sleep(0.02)


def scripted(moment):
    """Stay at this moment when a test asked for it, once."""
    asked = storm / f"stay-{request}-{step}-{moment}"
    try:
        seconds = float(asked.read_text())
        asked.rename(storm / f"there-{request}-{step}-{moment}")
    except FileNotFoundError:
        return
    if os.fork() == 0:  # a child of its own session, as a step that daemonises has
        os.setsid()
        rest(seconds)
        os._exit(0)
    rest(seconds)


say("begin")
scripted("before")
if what in ("pure", "idempotent", "reconcilable", "at_most_once"):
    rest(random.uniform(0, 0.25))
if what == "plan":
    print(json.dumps({"summary": "do one of each", "changes": [{"what": "target", "from": "", "to": request}],
        "target": {"identity": "storm/target", "revision": "1"}, "resolved": {}, "undo": "nothing"}))
elif what == "probe":
    sys.exit(0 if effects({step}) else 1)
elif what == "measure":
    print(json.dumps({"effects": len(effects({"put", "move", "send"}))}))
elif what == "idempotent":
    try:  # the target takes each key once
        os.close(os.open(storm / "keys" / key, os.O_CREAT | os.O_EXCL))
        say("effect")
    except FileExistsError:
        say("repeated")
else:
    say("effect")
scripted("after")
if what in ("pure", "idempotent", "reconcilable", "at_most_once"):
    rest(random.uniform(0, 0.25))
say("end")
'''

POLICY = """
policy: storm
version: 1
owner: "@platform"
purpose: Whatever comes is allowed.
applies_to: [storm]
gates:
  - {id: all, why: Nothing here is dear., when: 'request.risk < 50', allow: true}
budgets:
  - {scope: team, period: month, limit_usd: "100"}
expires_after: 1h
grant_expires_after: 30m
"""

PRICES = """
version: "1"
currency: USD
units:
  compute_seconds: {usd: "0.0001"}
  tool_calls: {usd: "0.001"}
"""


def write(root: Path) -> Artifacts:
    """The skill and its policy below `root`, reviewed; the target's folder beside them."""
    for name, text in {
        "skills/storm/skill.yaml": SKILL,
        "skills/storm/step.py": STEP,
        "skills/storm/SKILL.md": "---\nname: storm\ndescription: One of each.\n---\n\nOne of each.\n",
        "policies/storm.yaml": POLICY,
        "policies/prices.yaml": PRICES,
        "policies/people.yaml": "people:\n  alice: {slack: [U0ALICE]}\ngroups: {}\n",
        "storm/target": "",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "storm" / "keys").mkdir()
    artifacts = Artifacts(root / "skills", root / "policies")
    (root / "skills" / "skills.lock").write_text(lock(artifacts.skills().values()))
    return artifacts
