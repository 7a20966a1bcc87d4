"""GRUB as Debian and Ubuntu set it up: its menu, its environment block, and the one-shot entry for a trial boot."""
import os
import re

from .command_line import tokens, without
from .host import Problem

TRIAL_SCRIPT = "/etc/grub.d/42_dataplane_host"
TRIAL_ENTRY = "dataplane-host-trial"
GRUB_CFG = "/boot/grub/grub.cfg"
GRUB_ENV = "/boot/grub/grubenv"
EFI_VARIABLE = "/sys/firmware/efi/efivars/{}-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"


def grub_entries(text):
    """[{"title", "id", "level", "lines"}] of grub.cfg's menu entries, in order."""
    entries, entry, end = [], None, ""
    for line in text.splitlines():
        indent = line[:len(line) - len(line.lstrip())]
        if entry is None and line.lstrip().startswith("menuentry "):
            title = re.search(r"""menuentry\s+(["'])(.*?)\1""", line)
            identity = re.search(r"(?:\$menuentry_id_option|--id)\s+['\"]?([^'\"\s{]+)", line)
            entry = {"title": title[2] if title else "", "level": len(indent),
                     "id": identity[1] if identity else "", "lines": []}
            end = indent + "}"
        if entry is not None:
            entry["lines"].append(line)
            if line.rstrip() == end:
                entries.append(entry)
                entry = None
    return entries


def default_entry(host):
    """The entry that GRUB boots when nobody chooses."""
    text = host.read_text(GRUB_CFG) or ""
    entries = grub_entries(text)
    choice = (re.findall(r'^\s*set default="([^"$]*|\$\{saved_entry\})"', text, re.M) or ["0"])[-1]
    if choice == "${saved_entry}":
        choice = grub_environment(host).get("saved_entry", "0")
    choice = choice.rpartition(">")[2] or "0"
    # Positions count submenus too; only the first is certain to be an entry.
    named = [entry for entry in entries if choice in (entry["id"], entry["title"])
             or choice == "0" and not entry["level"]]
    if not named:
        raise Problem("can't tell which menu entry GRUB boots by default", host.path(GRUB_CFG), choice,
                      "set GRUB_DEFAULT to 0 or to an entry's id in /etc/default/grub, and run update-grub")
    return named[0]


def entry_arguments(entry):
    """Arguments of an entry's kernel, without the kernel's file name."""
    lines = [line.split(None, 2) for line in entry["lines"]]
    found = [words[2] if len(words) > 2 else "" for words in lines if words and words[0] in ("linux", "linuxefi")]
    return tokens(found[0].replace("'", "")) if found else []


def grub_environment(host):
    lines = (host.read_text(GRUB_ENV) or "").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def one_shot_possible(host):
    """Can GRUB write its environment block, to forget the one-shot entry before it boots it?"""
    directory = host.path(os.path.dirname(GRUB_ENV))
    abstraction = host.run(["grub-probe", "--target=abstraction", directory]).stdout.split()
    file_system = host.run(["grub-probe", "--target=fs", directory]).stdout.strip()
    return not abstraction and file_system in ("ext2", "fat", "xfs")


def update_grub(host):
    host.run(["update-grub"], timeout=600)
    host.run(["sync"], check=False, timeout=300)  # update-grub doesn't: a reset must not find half a file


def boot_loader_problem(host):
    """Why we can't change this host's boot arguments, or None."""
    loader = (host.read_bytes(EFI_VARIABLE.format("LoaderInfo")) or b"")[4:].decode("utf-16-le", "replace").strip("\0")
    found = None
    if host.exists(EFI_VARIABLE.format("StubInfo")):
        found = "a unified kernel image, which has its command line inside"
    elif loader.startswith("systemd-boot"):
        found = loader
    elif not host.exists(GRUB_CFG) or not host.has_command("update-grub"):
        found = next((name for path, name in (
            ("/boot/grub2/grub.cfg", "GRUB with boot loader specification entries"), ("/etc/zipl.conf", "zipl"),
            ("/boot/loader/loader.conf", "systemd-boot"), ("/boot/efi/loader/loader.conf", "systemd-boot"),
            ("/boot/extlinux", "extlinux"), ("/boot/firmware/cmdline.txt", "Raspberry Pi firmware"),
        ) if host.exists(path)), "no boot loader that it knows")
    if found is None:
        return None
    return Problem("boot arguments can only be changed with GRUB as Debian and Ubuntu set it up "
                   f"({GRUB_CFG}, update-grub); this host has", "boot loader", found,
                   "set the boot arguments by the means of that boot loader and leave them out of the plan")


def forget_trial(host, before):
    host.remove(TRIAL_SCRIPT)
    if "next_entry" in grub_environment(host):
        host.run(["grub-editenv", host.path(GRUB_ENV), "unset", "next_entry"])
    if not before["grubEnvironment"] and not grub_environment(host):
        host.remove(GRUB_ENV)


def trial_script(entry, owned, trial):
    """A script for /etc/grub.d that prints a copy of the entry with the arguments on trial."""
    extra = [*trial["arguments"], f"dataplane.trial={trial['digest']}"]
    lines = []
    for line in entry["lines"]:
        words = line.split()
        if words and words[0] in ("linux", "linuxefi"):
            kept = words[:2] + without(words[2:], owned)
            panic = [] if any(word.startswith("panic=") for word in kept) else ["panic=30"]
            line = "\t" + " ".join([*kept, *extra, *panic])
        lines.append(line.lstrip())
    free = "--unrestricted " if "--unrestricted" in entry["lines"][0] else ""
    lines[0] = f"menuentry 'New boot arguments on trial (dataplane-host)' {free}--id {TRIAL_ENTRY} {{"
    return "\n".join(["#!/bin/sh", "# Written by dataplane-host for one boot.", "exec tail -n +4 \"$0\"", *lines, ""])
