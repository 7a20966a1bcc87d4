"""The kernel's command line: its words, and which of the planned ones are among them."""
import re

# An ordered group: hugepages= means the size before it, so they are one value together.
HUGEPAGE_KEYS = {"default_hugepagesz", "hugepagesz", "hugepages"}


def tokens(command_line):
    """Words of a kernel command line; double quotes keep spaces; nothing after ` -- ` (it is init's)."""
    words = [word.replace('"', "") for word in re.findall(r'(?:[^\s"]|"[^"]*(?:"|$))+', command_line)]
    return words[:words.index("--")] if "--" in words else words


def key_of(token):
    """The kernel takes `-` and `_` in names as equal."""
    return token.partition("=")[0].replace("-", "_")


def has(token, present):
    """Is the argument among those present? The hugepage group has to be the same one, in the same order."""
    return any(key_of(other) == key_of(token) and other.partition("=")[1:] == token.partition("=")[1:]
               for other in present)


def hugepage_group(arguments):
    return [token for token in arguments if key_of(token) in HUGEPAGE_KEYS]


def satisfied(wanted, present):
    """The wanted arguments that are present."""
    group = hugepage_group(wanted)
    pages_right = group == hugepage_group(present)
    return [token for token in wanted if (pages_right if token in group else has(token, present))]


def without(arguments, owned):
    """The arguments minus ours, one for one from the end (ours are appended)."""
    rest = list(arguments)
    for token in owned:
        if token in rest:
            del rest[len(rest) - 1 - rest[::-1].index(token)]
    return rest


def applicable(host, arguments):
    """The texts of the plan's arguments that this machine is to have."""
    machine = host.run(["uname", "-m"]).stdout.strip()
    return [argument["text"] for argument in arguments
            if argument.get("whenMachine") in (None, machine)
            and ("whenAcpiTable" not in argument
                 or host.exists("/sys/firmware/acpi/tables/" + argument["whenAcpiTable"]))]


def running(host):
    return tokens(host.read_text("/proc/cmdline") or "")


def boot_id(host):
    return host.read_value("/proc/sys/kernel/random/boot_id")
