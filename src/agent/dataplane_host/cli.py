"""The command line: see ARCHITECTURE.md, "The agent", for commands and exit codes."""
import argparse
import json
import os
import sys

from . import FULL, stages
from .engine import PLAN, Engine, difference, parse_plan
from .host import Host, Problem, canonical, log


FULL_EDITION = "the full edition (beside the playbooks: agent/dataplane-host)"


def parser():
    if FULL:
        return full_parser()
    # One for all commands: what one doesn't use is read over.
    only = argparse.ArgumentParser(prog="dataplane-host")
    only.add_argument("command", choices=COMMANDS)
    only.add_argument("--root", default="/")
    only.add_argument("--stage", action="append", default=[], choices=stages.STAGES)
    only.add_argument("--at-boot", action="store_true")
    return only


def full_parser():
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--root", default="/", metavar="DIR", help="work on the file system below DIR")
    json_option = argparse.ArgumentParser(add_help=False)
    json_option.add_argument("--json", action="store_true", help="one JSON document on standard output")
    plan_option = argparse.ArgumentParser(add_help=False)
    plan_option.add_argument("--plan", metavar="FILE",
                             help=f"the plan (default: {PLAN} below the root); apply installs it there")
    stage_option = argparse.ArgumentParser(add_help=False)
    stage_option.add_argument("--stage", action="append", default=[], metavar="STAGE",
                              choices=[stage for stage in stages.STAGES if stage != "agent"],
                              help="only this stage; may be repeated (%(choices)s)")
    root = argparse.ArgumentParser(prog="dataplane-host", description="Makes this host match its dataplane plan.")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, description, *parents):
        return commands.add_parser(name, help=description, description=description, parents=[common, *parents])

    command("inspect", "hardware and present state as JSON; needs no plan")
    guard = command("guard", "which NICs carry management and may not be taken; exit 1 where one is refused",
                    json_option)
    guard.add_argument("addresses", nargs="*", metavar="PCI", help="PCI address (default: every NIC)")
    command("plan", "what apply would change; changes nothing", json_option, plan_option, stage_option)
    apply = command("apply", "make the host match the plan", json_option, plan_option, stage_option)
    apply.add_argument("--retry-boot", action="store_true", help="try boot arguments again whose trial failed")
    apply.add_argument("--at-boot", action="store_true",
                       help="wait for management after a trial boot, and reboot into the old entry if it stays away")
    command("needs-reboot", "would a reboot bring planned boot arguments into force: exit 0 yes, 1 no, 2 can't tell",
            plan_option)
    command("verify", "every fact of the plan against the host", json_option, plan_option, stage_option)
    command("undo", "give back what was there before and remove the agent", json_option)
    return root


def engine_for(host, options, selected=()):
    """With the plan given on the command line (a path outside --root), or the installed one."""
    return Engine(host, given_plan(options.plan) if FULL and options.plan else installed_plan(host), selected)


def given_plan(path):
    try:
        with open(path, encoding="utf-8") as stream:
            return parse_plan(stream.read(), path)
    except (OSError, UnicodeDecodeError) as error:
        raise Problem("the plan can't be read", path, getattr(error, "strerror", error)) from None


def installed_plan(host):
    text = host.read_text(PLAN)
    if text is None:
        raise Problem("there is no plan", host.path(PLAN), remedy="name one with --plan FILE")
    return parse_plan(text, host.path(PLAN))


def log_problems(problems):
    for problem in problems:
        log("error", problem)
    if not FULL and problems:
        # Here errors say what, where and which value.
        log("remedy", f"`verify` of {FULL_EDITION} says what to do")


def finish(engine, options, quiet):
    """Prints the report; quiet: what to say when nothing was changed."""
    log_problems(engine.problems)
    if FULL and options.json:
        print(json.dumps(engine.report(), sort_keys=True))
    if not (engine.problems or engine.changed or engine.reboot_reasons):
        log(quiet)
    return 1 if engine.problems else 0


def run_inspect(host, options):
    print(canonical(stages.load("inspect").report(host)), end="")
    return 0


def run_guard(host, options):
    """guard.verdicts(host, addresses) -> [{"address", "allowed", "chain": [text], …}]; no addresses: every NIC."""
    verdicts = stages.load("guard").verdicts(host, options.addresses)
    if options.json:
        print(canonical(verdicts), end="")
    else:
        for verdict in verdicts:
            print(verdict["address"], "may be taken" if verdict["allowed"] else
                  "refused: " + " <- ".join(verdict["chain"]))
    return 0 if all(verdict["allowed"] for verdict in verdicts) else 1


def run_plan(host, options):
    engine = engine_for(host, options, options.stage)
    engine.survey()
    if not options.json:
        for change in engine.changes:
            print(difference(change))
        for reason in engine.reboot_reasons:
            print(f"reboot required: {reason}")
        if not engine.changes and not engine.problems:
            print("nothing to change")
    log_problems(engine.problems)
    if options.json:
        print(json.dumps(engine.report(), sort_keys=True))
    return 0


def lock(host):
    """Waits for another apply to end. That one may have replaced the zipapp that we run: then start again with it."""
    archive = stages.load("install").archive_of_this_process()
    before = archive and os.stat(archive).st_ino
    held = host.lock()
    if archive and not os.path.exists(archive):
        raise Problem("the agent was removed meanwhile", archive)
    if archive and os.stat(archive).st_ino != before:
        os.execv(sys.executable, [sys.executable, archive, *sys.argv[1:]])
    return held


def run_apply(host, options):
    host.at_boot = options.at_boot
    if FULL:
        host.retry_boot = options.retry_boot
    with lock(host):
        engine = engine_for(host, options, options.stage)
        engine.apply()
        return finish(engine, options, "nothing to change")


def run_needs_reboot(host, options):
    plan = engine_for(host, options).plan
    if "boot" not in plan["agentModules"]:
        return 1
    answer, reason = stages.load("boot").needs_reboot(host, plan)
    log("needs-reboot", {True: "yes", False: "no", None: "can't tell"}[answer], reason)
    return {True: 0, False: 1, None: 2}[answer]


def run_verify(host, options):
    engine = engine_for(host, options, options.stage)
    engine.verify()
    return finish(engine, options, "every fact of the plan holds")


def run_undo(host, options):
    with lock(host):
        engine = Engine(host, {"retired": True, "agentModules": []})
        engine.apply()
        return finish(engine, options, "nothing to give back")


COMMANDS = {"apply": run_apply, "needs-reboot": run_needs_reboot, "verify": run_verify,
            **({"inspect": run_inspect, "guard": run_guard, "plan": run_plan, "undo": run_undo} if FULL else {})}


def main(argv=None, host_class=Host):
    argv = sys.argv[1:] if argv is None else argv
    if not FULL and argv[:1] in (["undo"], ["plan"], ["guard"], ["inspect"]):
        log("error", f"the command {argv[0]} is one of {FULL_EDITION}")
        return 1
    options = parser().parse_args(argv)
    os.umask(0o022)
    try:
        return COMMANDS[options.command](host_class(options.root), options)
    except Problem as error:
        log_problems([error])
        if FULL and getattr(options, "json", False) and options.command != "guard":
            print(json.dumps({"changed": False, "changes": [], "rebootRequired": False, "rebootReasons": [],
                              "problems": [error.report()], "trial": None}, sort_keys=True))
    except BrokenPipeError:
        sys.stderr.close()
    except KeyboardInterrupt:
        log("error", "interrupted; run it again to go on")
    return 2 if options.command == "needs-reboot" else 1
