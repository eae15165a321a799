#!/usr/bin/env python3
"""The rooms of the workspace and their doors, read from the code itself.

Prints which crate uses which and the rooms of each crate, and fails where a rule of the house is broken:

- a crate uses another one that its room may not know (the table below, told in ARCHITECTURE.md);
- files or folders of a crate import each other in a circle (re-exports of a `mod.rs` or `lib.rs` do not
  count: they are faces, not users);
- a source file is longer than 500 lines, or a function longer than 80 (comments and blanks count);
- `unsafe` stands outside `kernel` and `train`.

    python3 .ci/structure.py            the rules, and the graph of crates
    python3 .ci/structure.py --rooms    every edge between rooms, too
    python3 .ci/structure.py --edges F  who imports what, for files whose path contains F
"""

import collections
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Who may use whom; "may use" includes what those use.
MAY_USE = {
    "base": [],
    "machine": ["base"],
    "network": ["base"],
    "method": ["network"],
    "lower": ["method", "machine"],
    "cpu": ["lower"],
    "accelerator": ["network", "machine"],
    "kernel": ["lower"],
    "train": ["network"],
    "plot": ["base"],
    "signloop": ["cpu", "accelerator", "kernel", "train", "plot"],
}
MAY_BE_UNSAFE = {"kernel", "train"}
LONGEST_FILE = 500
LONGEST_FUNCTION = 80

TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|(?:b|c)?r(#*)".*?"\1|(?:b|c)?"(?:\\.|[^"\\])*"|b?'(?:\\.[^']*|[^'\\\n])'""", re.S
)


def blank(text):
    """The code with comments and literals replaced by blanks; lines and places stay."""
    return TOKEN.sub(lambda found: re.sub(r"[^\n]", " ", found.group(0)), text)


def block_end(text, opening):
    """The place after the brace that closes the one at `opening`."""
    depth = 0
    for place in range(opening, len(text)):
        if text[place] == "{":
            depth += 1
        elif text[place] == "}":
            depth -= 1
            if depth == 0:
                return place + 1
    return len(text)


def without_tests(text):
    """The code with `#[cfg(test)]` items cut out."""
    out, last = [], 0
    for found in re.finditer(r"#\[cfg\((?:all\()?test\b[^\]]*\]", text):
        if found.start() < last:
            continue
        opening, end = text.find("{", found.end()), text.find(";", found.end())
        out.append(text[last : found.start()])
        last = end + 1 if 0 <= end < opening or opening < 0 else block_end(text, opening)
    out.append(text[last:])
    return "".join(out)


def leaves(tree, prefix=()):
    """The paths of a `use` tree, each with the name that it brings."""
    parts, depth, part = [], 0, ""
    for character in tree:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += character
    parts.append(part)
    for part in (part.strip() for part in parts):
        group = re.fullmatch(r"([\w:\s]*?)(?:::)?\s*\{(.*)\}", part, re.S)
        if group:
            yield from leaves(group.group(2), prefix + split(group.group(1)))
        elif part:
            path, _, alias = part.partition(" as ")
            path = prefix + split(path)
            if path[-1] == "self" and len(path) > 1:
                path = path[:-1]
            yield path, alias.strip() or path[-1]


def split(path):
    return tuple(piece.strip() for piece in path.split("::") if piece.strip())


USE = re.compile(r"\b(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);")


class Crate:
    """The modules of one crate and what each imports of the others."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        self.files = {}
        for place, _, names in sorted(os.walk(folder)):
            for file in sorted(names):
                if file.endswith(".rs"):
                    path = os.path.relpath(os.path.join(place, file), folder)
                    with open(os.path.join(place, file), encoding="utf-8") as opened:
                        self.files[path] = blank(opened.read())
        self.code = {path: without_tests(text) for path, text in self.files.items()}
        # Files that only tests see, such as `conv/tests.rs`, are no rooms.
        tests = set()
        for path, text in self.files.items():
            for found in re.finditer(r"#\[cfg\((?:all\()?test\b[^\]]*\]\s*(?:pub(?:\([^)]*\))? )?mod (\w+);", text):
                base = self.module(path)
                tests |= {other for other in self.files if self.module(other)[: len(base) + 1] == base + (found.group(1),)}
        self.tests = tests
        for path in tests:
            del self.code[path]
        self.modules = {self.module(path): path for path in self.code if path != "main.rs"}
        self.imports = {path: self.uses(path) for path in self.code}
        self.faces = collections.defaultdict(dict)
        self.globs = collections.defaultdict(list)
        for path, imports in self.imports.items():
            for public, full, alias in imports:
                target = self.absolute(path, full)
                if target is None:
                    continue
                if full[-1] == "*":
                    if public:
                        self.globs[self.module(path)].append(target[:-1])
                else:
                    self.faces[self.module(path)][alias] = target
        self.edges = collections.defaultdict(lambda: collections.defaultdict(set))
        for path in self.code:
            self.find_edges(path)

    @staticmethod
    def module(path):
        parts = tuple(path[:-3].split("/"))
        return parts[:-1] if parts[-1] in ("mod", "lib", "main") else parts

    def uses(self, path):
        found = []
        for use in USE.finditer(self.code[path]):
            for full, alias in leaves(use.group(2)):
                found.append((bool(use.group(1)), full, alias))
        return found

    def absolute(self, path, full):
        """A path from the root of the crate, or None for other crates."""
        here = self.module(path)
        if full[0] == "crate":
            return full[1:]
        if full[0] == "self":
            return here + full[1:]
        if full[0] == "super":
            while full and full[0] == "super":
                here, full = here[:-1], full[1:]
            return here + full
        return here + full if here + full[:1] in self.modules else None

    def defines(self, path, name):
        pattern = r"\b(?:fn|struct|enum|trait|type|const|static|macro_rules!|union)\s+(?:mut\s+)?" + re.escape(name) + r"\b"
        return re.search(pattern, self.code[path]) is not None

    def resolve(self, target, seen=()):
        """The file that defines what a path names, and the name; None where the path names a module."""
        if target in seen:
            return None
        if target in self.modules:
            return self.modules[target], None
        for length in range(len(target) - 1, -1, -1):
            module, name = target[:length], target[length]
            if module not in self.modules:
                continue
            path = self.modules[module]
            if self.defines(path, name):
                return path, name
            if name in self.faces[module]:
                return self.resolve(self.faces[module][name] + target[length + 1 :], seen + (target,))
            for glob in self.globs[module]:
                found = self.resolve(glob + (name,) + target[length + 1 :], seen + (target,))
                if found and found[1] and self.defines(*found):
                    return found
            return path, name
        return None

    def find_edges(self, path):
        here = self.module(path)
        face = os.path.basename(path) in ("mod.rs", "lib.rs")
        targets, aliases = [], {}
        for public, full, alias in self.imports[path]:
            target = self.absolute(path, full)
            if target is None:
                continue
            target = target[:-1] if full[-1] == "*" else target
            if target in self.modules:
                aliases[alias] = target
            elif not (public and face):
                targets.append(target)
        for module in self.modules:
            if len(module) == len(here) + 1 and module[:-1] == here:
                aliases.setdefault(module[-1], module)
        body = USE.sub("", self.code[path])
        for found in re.finditer(r"(?<![\w:$])(?:crate|super|self)(?:::\w+)+", body):
            targets.append(self.absolute(path, split(found.group(0))))
        for found in re.finditer(r"(?<![\w:])(\w+)((?:::\w+)+)", body):
            if found.group(1) in aliases:
                targets.append(aliases[found.group(1)] + split(found.group(2)))
        for target in targets:
            found = self.resolve(target) if target else None
            if found and found[0] != path and found[1] is not None and found[1] not in ("Error", "Result"):
                self.edges[path][found[0]].add(found[1])

    def circles(self):
        """Circles of files, and of what stands side by side in a folder."""
        for circle in knots({path: set(targets) for path, targets in self.edges.items()}):
            yield "files", circle, self.edges
        folders = {path.rpartition("/")[0] for path in self.code}
        folders |= {"/".join(folder.split("/")[:depth]) for folder in folders for depth in range(folder.count("/") + 1)}
        for folder in sorted(folders):
            prefix = folder + "/" if folder else ""

            def room(path):
                # A module's file and its folder (`conv.rs`, `conv/`) are one room.
                return prefix + path[len(prefix) :].split("/")[0].removesuffix(".rs")

            edges = collections.defaultdict(lambda: collections.defaultdict(set))
            for path, targets in self.edges.items():
                for target, names in targets.items():
                    if path.startswith(prefix) and target.startswith(prefix) and room(path) != room(target):
                        edges[room(path)][room(target)] |= {f"{path} -> {target}: {', '.join(sorted(names))}"}
            for circle in knots({path: set(targets) for path, targets in edges.items()}):
                # Circles of files alone are told above.
                if any(path.startswith(member + "/") for member in circle for path in self.code):
                    yield "rooms", circle, edges


def knots(graph):
    """Strongly connected parts of more than one node (Tarjan's algorithm)."""
    index, low, stack, on_stack, found = {}, {}, [], set(), []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        for target in sorted(graph.get(node, ())):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in on_stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            part = []
            while not part or part[-1] != node:
                part.append(stack.pop())
                on_stack.discard(part[-1])
            if len(part) > 1:
                found.append(sorted(part))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def long_functions(text):
    """Functions longer than the limit: name, line, lines."""
    for found in re.finditer(r"^[ \t]*(?:pub(?:\([^)]*\))? )?(?:const |unsafe |async |extern \"[^\"]*\" )*fn (\w+)", text, re.M):
        opening, end = text.find("{", found.end()), text.find(";", found.end())
        if opening < 0 or 0 <= end < opening and text.count("[", found.end(), end) == text.count("]", found.end(), end):
            continue
        lines = text.count("\n", found.start(), block_end(text, opening)) + 1
        if lines > LONGEST_FUNCTION:
            yield found.group(1), text.count("\n", 0, found.start()) + 1, lines


def closure(name):
    reached = set()
    for other in MAY_USE[name]:
        reached |= {other} | closure(other)
    return reached


def main():
    sys.setrecursionlimit(10_000)
    crates = {name: os.path.join("crates", name, "src") for name in MAY_USE if name != "signloop"}
    crates["signloop"] = "src"
    listed = sorted(os.listdir(os.path.join(ROOT, "crates")))
    faults = [f"crates/{name}: not in the table of rooms" for name in listed if name not in MAY_USE]
    print("crate         uses")
    for name, folder in crates.items():
        crate = Crate(name, os.path.join(ROOT, folder))
        if "--edges" in sys.argv:
            wanted = sys.argv[sys.argv.index("--edges") + 1]
            for path in crate.edges:
                for target, names in crate.edges[path].items():
                    if wanted in f"{folder}/{path}" or wanted in f"{folder}/{target}":
                        print(f"{folder}/{path} -> {target}: {', '.join(sorted(names))}")
            continue
        used = set()
        for path, text in crate.files.items():
            used |= set(re.findall(r"\bsignloop_(\w+)(?=::|;| as )", text)) & set(MAY_USE)
            lines = text.count("\n")
            if lines > LONGEST_FILE:
                faults.append(f"{folder}/{path}: {lines} lines, at most {LONGEST_FILE}")
            for function, line, length in long_functions(text):
                faults.append(f"{folder}/{path}:{line}: fn {function} has {length} lines, at most {LONGEST_FUNCTION}")
            if name not in MAY_BE_UNSAFE and re.search(r"\bunsafe\s*(\{|fn|impl|extern)", text):
                faults.append(f"{folder}/{path}: `unsafe` outside kernel and train")
        for other in sorted(used - closure(name) - {name}):
            faults.append(f"{name} may not use {other}")
        print(f"{name:<13} {' '.join(sorted(used)) or '-'}")
        if "--rooms" in sys.argv:
            for path in sorted(crate.edges):
                for target in sorted(crate.edges[path]):
                    if path.split("/")[0] != target.split("/")[0]:
                        print(f"    {path} -> {target}")
        for kind, circle, edges in crate.circles():
            faults.append(f"{folder}: circle of {kind}: {', '.join(circle)}")
            for member in circle:
                for target in circle:
                    names = edges.get(member, {}).get(target)
                    if names and kind == "files":
                        faults.append(f"    {member} -> {target}: {', '.join(sorted(names))}")
                    elif names:
                        faults.extend(f"    {line}" for line in sorted(names))
    if "--edges" in sys.argv:
        return 0
    for fault in faults:
        print(fault)
    count = sum(not fault.startswith("    ") for fault in faults)
    print(f"{len(crates)} crates, {count} broken rules")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
