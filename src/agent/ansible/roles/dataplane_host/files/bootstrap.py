"""Runs on the host, from `python3 -c`: brings the agent there, calls it once, and says in text what it answered.

Standard input: a line with the command and its options, a line with the agent's bundle (base64 of gzip), the plan.
Standard output: one JSON document: {"changed", "failed", "rebootRequired", "rebootReasons", and as lines for people
"changes" (one each), "differences" (the same in full) and "problems"}.
"""
import base64
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

AGENT = "/usr/local/lib/dataplane-host/dataplane-host"
RUNTIME = os.environ.get("DATAPLANE_HOST_RUNTIME", "/run")
CLOUD_INIT_SECONDS = 1800
CLOUD_INIT_REBOOT_SECONDS = 60


def wait_for_cloud_init():
    """The first boot is cloud-init's, its one reboot too. Costs nothing where cloud-init has ended or isn't there."""
    if not os.path.isdir("/run/cloud-init") or os.path.exists("/run/cloud-init/result.json"):
        return []
    if os.path.exists("/run/cloud-init/disabled") or not shutil.which("cloud-init"):
        return []
    try:
        subprocess.run(["cloud-init", "status", "--wait"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       stdin=subprocess.DEVNULL, timeout=CLOUD_INIT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return [f"cloud-init hasn't ended its work within {CLOUD_INIT_SECONDS} s",
                "  remedy: look at `cloud-init status --long` and /var/log/cloud-init-output.log on the host"]
    # Its reboot follows when the agent wants one: stay until it takes the connection away, so that the playbook waits
    # for the next boot instead of working on a host that is shutting down.
    if os.path.exists(AGENT) and subprocess.run([AGENT, "needs-reboot"], capture_output=True, check=False).returncode == 0:
        time.sleep(CLOUD_INIT_REBOOT_SECONDS)
    return []


def call(words, bundle, plan):
    """The agent's exit code, its answer (None: it gave none), and what it logged."""
    command, options = words[0], words[1:]
    folder = tempfile.mkdtemp(prefix="dataplane-host-", dir=RUNTIME)
    try:
        agent, plan_file = os.path.join(folder, "dataplane-host"), os.path.join(folder, "plan.json")
        with open(agent, "wb") as stream:
            stream.write(gzip.decompress(base64.b64decode(bundle)))
        if command == "plan-undo":
            # What an undo would change is what a retired host's plan would.
            command, plan = "plan", json.dumps({**json.loads(plan), "retired": True}).encode()
        with open(plan_file, "wb") as stream:
            stream.write(plan)
        argv = [sys.executable, agent, command, *options, "--json"]
        if command != "undo":
            argv += ["--plan", plan_file]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            answer = None
        if answer is not None:
            sys.path.insert(0, agent)
            from dataplane_host.engine import difference
            answer["differences"] = [difference(change) for change in answer["changes"]]
        return done.returncode, answer, done.stderr.decode("utf-8", "replace").splitlines()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def problem_lines(problem):
    """What, then where, which value and what to do, each on a line of its own."""
    lines = [problem["what"]]
    lines += [f"  {name}: {' '.join(problem[name].split())}" for name in ("where", "value", "remedy") if problem[name]]
    return lines


def main():
    head, bundle, plan = sys.stdin.buffer.read().split(b"\n", 2)
    report = {"changed": False, "failed": False, "rebootRequired": False, "rebootReasons": [], "changes": [],
              "differences": [], "problems": wait_for_cloud_init()}
    if not report["problems"]:
        code, answer, log = call(head.decode().split(), bundle, plan)
        if answer is None:
            report["problems"] = log or [f"the agent ended with exit code {code} and said nothing"]
        else:
            report.update({name: answer[name] for name in ("changed", "rebootRequired", "rebootReasons")},
                          changes=[text.split("\n", 1)[0] for text in answer["differences"]],
                          differences="\n".join(answer["differences"]).splitlines(),
                          problems=[line for problem in answer["problems"] for line in problem_lines(problem)])
            if code != 0 and not report["problems"]:
                report["problems"] = log or [f"the agent ended with exit code {code} and named no problem"]
    report["failed"] = bool(report["problems"])
    print(json.dumps(report, sort_keys=True))


main()
