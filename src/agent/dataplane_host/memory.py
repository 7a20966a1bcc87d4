"""Lists of CPUs or nodes, and whether hugepages can fit into the nodes' memory."""
import re

from .host import Problem

NODES = "/sys/devices/system/node"
GIB = 1 << 20  # in KiB, as everything here


def numbers(text):
    """Numbers of a kernel list, "0,2-3"; words (flags) are left out."""
    found = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part)
        if match:
            found |= set(range(int(match.group(1)), int(match.group(2) or match.group(1)) + 1))
    return found


def size_kib(text):
    match = re.fullmatch(r"(\d+)([KMG]?)B?", text, re.I)
    return int(match.group(1)) * {"": 1 / 1024, "K": 1, "M": 1024, "G": GIB}[match.group(2).upper()] if match else 0


def nodes(host):
    """{node id: memory in KiB}; a host without NUMA has node 0."""
    found = {}
    for name in host.listdir(NODES):
        if re.fullmatch(r"node\d+", name):
            total = re.search(r"MemTotal:\s*(\d+)", host.read_text(f"{NODES}/{name}/meminfo") or "")
            found[int(name[4:])] = int(total.group(1)) if total else 0
    if not found:
        total = re.search(r"MemTotal:\s*(\d+)", host.read_text("/proc/meminfo") or "")
        found = {0: int(total.group(1))} if total else {}
    return found


def without_room(host, requests):
    """The plan's hugepages that can't fit, plainly: what the installed edition has in place of boot_problems."""
    memory, found = nodes(host), []
    for node in [*sorted(memory), None]:
        asked = sum(request["count"] * request["pageSizeKib"] for request in requests if node in (None, request["node"]))
        total = memory.get(node, sum(memory.values()))
        if memory and asked > total - GIB // 8:
            found.append(Problem("hugepages don't fit", "the host" if node is None else f"node {node}",
                                 f"asked: {asked // 1024} of {total // 1024} MiB"))
    return found


def boot_pools(arguments):
    """[(page size in KiB, node or None, count)] of ordered boot arguments."""
    pools, size = [], None
    for token in arguments:
        key, _, value = token.partition("=")
        if key in ("hugepagesz", "default_hugepagesz"):
            size = size_kib(value) if key == "hugepagesz" or size is None else size
        elif key == "hugepages":
            for part in value.split(","):
                node, colon, count = part.rpartition(":")
                if count.isdigit():
                    pools.append((size or 2048, int(node) if colon and node.isdigit() else None, int(count)))
    return pools


def boot_problems(host, arguments):
    """Hugepages at boot that can't work. Too many don't panic: the host hangs, and no fall-back comes."""
    pools, memory, found = boot_pools(arguments), nodes(host), []
    if not pools or not memory:
        return found
    text = " ".join(arguments)
    for missing in sorted({node for _, node, _ in pools if node is not None} - set(memory)):
        found.append(Problem(f"the host lacks NUMA node {missing}, and the kernel then ignores the pages of every node",
                             "boot", text, f"the host has node {', '.join(map(str, sorted(memory)))}"))
    with_memory = sorted(node for node in memory if memory[node])
    for node in with_memory:
        mine = [(size, count) for size, where, count in pools if where == node]
        # The first node has the kernel, the initrd and the hole below 4 GiB; a 1 GiB page needs a whole GiB.
        first = node == with_memory[0]
        gigantic = any(size >= GIB and count for size, count in mine)
        found += _too_much(f"node {node}", mine, memory[node],
                           (2 * GIB if gigantic else GIB // 2) if first else GIB // 8, text)
    gigantic = any(size >= GIB and count for size, _, count in pools)
    found += _too_much("the host", [(size, count) for size, _, count in pools], sum(memory.values()),
                       2 * GIB if gigantic else GIB // 2, text)
    return found


def _too_much(where, pools, total, reserve, text):
    asked = sum(size * count for size, count in pools)
    if not asked or asked + reserve <= total:
        return []
    return [Problem(f"{where} has {total // 1024:,} MiB; hugepages of {asked // 1024:,.0f} MiB and the "
                    f"{reserve // 1024:,} MiB that the kernel needs don't fit", "boot", text,
                    "ask for fewer pages, or for pages on another node")]
