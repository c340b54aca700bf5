#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The bill of materials names what the programs really load. TAP on stdout.

usage: sbom.py SOURCE_DIR BUILD_DIR BINARY...
"""
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

SOURCE, BUILD, BINARIES = Path(sys.argv[1]), sys.argv[2], [Path(path) for path in sys.argv[3:]]
sys.path.insert(0, str(SOURCE / "tests/serve"))
from serving import Skip, run


def printed():
    return subprocess.run([str(SOURCE / "scripts/sbom"), BUILD], stdout=subprocess.PIPE, check=True).stdout


BILL = json.loads(printed())
COMPONENTS = {c["bom-ref"]: c for c in BILL["components"]}


def twice_the_same_bytes():
    assert printed() == printed()


def digests_are_those_of_the_files():
    for path in BINARIES + sorted((SOURCE / "models").glob("fovea_*")):
        own = next(c for c in BILL["components"] if c["name"] == path.name)
        assert own["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}], path.name


def every_reference_is_there():
    for entry in BILL["dependencies"]:
        for reference in [entry["ref"], *entry["dependsOn"]]:
            assert reference in COMPONENTS, reference


def names_what_the_program_loads():
    """What the loader says that it maps while a video is asked for, less what those libraries need themselves."""
    program = next(path for path in BINARIES if path.name == "fovea")
    said = subprocess.run([str(program), "detect", str(SOURCE / "photos/astronaut.png"), "/dev/null"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, check=False, env={**os.environ, "LD_DEBUG": "files"}).stderr
    direct = set(re.findall(rf"file=(lib\S+) \[0\];  (?:needed|dynamically loaded) by {re.escape(str(program))} ", said))
    assert len(direct) > 8, said[-500:]
    missing = [name for name in direct if f"library:{name}" not in COMPONENTS]
    assert not missing, missing


def packages_have_versions():
    if not Path("/var/lib/dpkg/status").exists():
        raise Skip("no dpkg to ask for versions")
    debian = [c for c in BILL["components"] if c["bom-ref"].startswith("library:") and c["scope"] == "required"]
    assert debian and all(c["purl"].startswith("pkg:deb/debian/") and c["version"] for c in debian), [c["name"] for c in debian if "purl" not in c]


def follows_the_schema():
    try:
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator
    except ImportError:
        raise Skip("no CycloneDX schema: pip install 'cyclonedx-python-lib[json-validation]'") from None
    wrong = JsonStrictValidator(SchemaVersion.V1_5).validate_str(json.dumps(BILL))
    assert wrong is None, wrong


if __name__ == "__main__":
    sys.exit(run([twice_the_same_bytes, digests_are_those_of_the_files, every_reference_is_there, names_what_the_program_loads,
                  packages_have_versions, follows_the_schema]))
