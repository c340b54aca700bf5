#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the build installs is hardened: looked up in the programs and libraries themselves, not in the flags of the build. TAP on stdout.

usage: hardening.py SOURCE_DIR BUILD_DIR STATIC_LIBRARY BINARY...
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(sys.argv[1]) / "tests/serve"))
from serving import Skip, run

BUILD, ARCHIVE, BINARIES = Path(sys.argv[2]), sys.argv[3], sys.argv[4:]


def readelf(*arguments):
    return subprocess.run(["readelf", "-W", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True,
                          env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}).stdout


def for_each(check):
    wrong = [f"{Path(path).name}: {why}" for path in BINARIES for why in [check(path)] if why]
    assert not wrong, "; ".join(wrong)


def imported(path):
    return set(re.findall(r" UND (\w+)", readelf("--dyn-syms", path)))


def code_moves_wherever_the_kernel_puts_it():
    for_each(lambda path: "" if re.search(r"Type:\s+DYN", readelf("-h", path)) else "not position independent")
    for_each(lambda path: "has relocations in its code" if "TEXTREL" in readelf("-d", path) else "")


def addresses_of_functions_are_read_only_once_it_runs():
    for_each(lambda path: "" if "GNU_RELRO" in readelf("-l", path) else "no RELRO")
    for_each(lambda path: "" if re.search(r"BIND_NOW|FLAGS_1\).*NOW", readelf("-d", path)) else "binds functions when they are first called")


def nothing_is_writable_and_code_at_once():
    for_each(lambda path: "" if re.search(r"GNU_STACK .* RW ", readelf("-l", path)) else "its stack may hold code")
    for_each(lambda path: "a segment is writable and code" if re.search(r"LOAD .* RWE ", readelf("-l", path)) else "")


def introspect(what):
    return json.loads(subprocess.run(["meson", "introspect", str(BUILD), f"--{what}"], stdout=subprocess.PIPE, check=True).stdout)


def installed_libraries_come_from_where_the_system_has_them():
    """Or from beside what was installed. In the build folder they may have other search paths, which installing takes out."""
    option = {o["name"]: o["value"] for o in introspect("buildoptions")}
    allowed = {"", f"{option['prefix']}/{option['libdir']}"}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["meson", "install", "-C", str(BUILD), "--no-rebuild", "--quiet", "--destdir", folder], stdout=subprocess.DEVNULL, check=True)
        places = introspect("installed")
        for path in [folder + places[str(Path(binary).resolve())] for binary in BINARIES]:
            found = re.search(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", readelf("-d", path))
            assert not found or found[1] in allowed, f"{path}: libraries are sought in {found[1]}"


def stacks_are_guarded():
    for_each(lambda path: "" if "__stack_chk_fail" in imported(path) else "no stack protector")


def copies_are_checked():
    if not is_optimised():
        raise Skip("FORTIFY needs an optimising build without a sanitizer")
    for_each(lambda path: "" if any(name.endswith("_chk") for name in imported(path) - {"__stack_chk_fail"}) else "no checked copies")


def is_optimised():
    return "-D_FORTIFY_SOURCE" in (BUILD / "compile_commands.json").read_text()


def compiled():
    """Object and command of each file that what is installed is made of: that of the binaries themselves, and of libraries that they are linked with."""
    own = {Path(f"{path}.p").resolve() for path in BINARIES}
    folders = own | {path.resolve() for path in BUILD.glob("lib*.a.p")}
    entries = json.loads((BUILD / "compile_commands.json").read_text())
    found = {(BUILD / e["output"]).resolve(): e["command"] for e in entries if (BUILD / e["output"]).resolve().parent in folders}
    missing = own - {path.parent for path in found}
    assert not missing, f"nothing is known to be compiled for {missing}"
    return found


def branches_land_where_they_may():
    """The linker marks a whole program only where the C library's own first object is marked too; so each object of ours is asked."""
    objects = re.split(r"^File: ", readelf("-n", ARCHIVE, *compiled()), flags=re.MULTILINE)[1:]
    assert len(objects) > 500, f"only {len(objects)} objects"
    wrong = [o.split("\n", 1)[0] for o in objects if not re.search(r"x86 feature: IBT, SHSTK", o)]
    assert not wrong, f"without IBT and SHSTK: {', '.join(wrong[:5])}, {len(wrong)} in all"


def large_frames_are_probed():
    """No mark tells whether an object is: its command is asked, and whether the compiler did it, where frames are large."""
    wrong = [path.name for path, command in compiled().items() if "-fstack-clash-protection" not in command.split()]
    assert not wrong, f"without clash protection: {', '.join(wrong[:5])}, {len(wrong)} in all"
    for path in (path for path in BINARIES if Path(path).name.startswith(("fovea", "libfovea"))):
        code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], stdout=subprocess.PIPE, text=True, check=True).stdout
        assert re.search(r"sub +\$0x1000,%rsp\n.*(?:or|mov)q +\$0x0,\(%rsp\)", code), f"{path}: no page of a large frame is touched"


def only_what_is_public_is_seen():
    library = next(path for path in BINARIES if Path(path).name.startswith("libfovea"))
    names = re.findall(r" GLOBAL\s+DEFAULT\s+\d+ (\w+)", readelf("--dyn-syms", library))
    assert names and all(name.startswith("fov_") for name in names), [name for name in names if not name.startswith("fov_")]


if __name__ == "__main__":
    sys.exit(run([code_moves_wherever_the_kernel_puts_it, addresses_of_functions_are_read_only_once_it_runs, nothing_is_writable_and_code_at_once,
                  installed_libraries_come_from_where_the_system_has_them, stacks_are_guarded, copies_are_checked, branches_land_where_they_may,
                  large_frames_are_probed, only_what_is_public_is_seen]))
