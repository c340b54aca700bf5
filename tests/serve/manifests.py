#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manifests of deploy/kubernetes: Kubernetes' own schemas, KServe's types, kustomize; and that the server answers what they ask of
it: options, probes, the metric that autoscalers follow. That the image has the program's libraries. TAP on stdout.

usage: manifests.py SOURCE_DIR FOVEA      needs PyYAML, kubernetes-validate, kserve and kubectl; what one of them checks is skipped
without it
"""
import importlib.util
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from serving import Server, Skip, longest_stop_s, run

try:
    import yaml
except ImportError:
    yaml = None

SOURCE, FOVEA = (Path(p).resolve() for p in sys.argv[1:3])
FOLDER = SOURCE / "deploy/kubernetes"
ENGINE = SOURCE / "models/fovea_mnet025.fov"
VERSIONS = ("1.29", "1.32", "1.37")
METRIC = "fovea_queue_photos"


def documents(pattern="**/*.yaml"):
    return [d for file in sorted(FOLDER.glob(pattern)) for d in yaml.safe_load_all(file.read_text()) if "kind" in d]


def of_kind(kind):
    found = [d for d in documents() if d["kind"] == kind]
    assert found, kind
    return found


def pods():
    """The specs of pods that run the server: Deployment's, and that of KServe's runtime."""
    return [of_kind("Deployment")[0]["spec"]["template"]["spec"], of_kind("ServingRuntime")[0]["spec"]]


def server_options(pod):
    values = {"{{.Name}}=/mnt/models/model.fov": f"faces={ENGINE}"}
    return [values.get(a, a) for a in pod["containers"][0]["args"]]


# ---------------------------------------------------------------- schemas


def validator():
    if not importlib.util.find_spec("kubernetes_validate"):
        raise Skip("Kubernetes' schemas are not here: pip install kubernetes-validate in an environment")
    import kubernetes_validate
    return kubernetes_validate


def valid(document, version):
    kv = validator()
    try:
        kv.validate(document, version, strict=True)
    except kv.ValidationError:
        return False
    return True


def kubernetes_own_kinds():
    kinds = {"Deployment", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler"}
    mine = [d for d in documents() if d["kind"] in kinds]
    assert {d["kind"] for d in mine} == kinds and len(mine) == 5
    for version in VERSIONS:
        for document in mine:
            assert valid(document, version), f"{document['kind']} {document['metadata']['name']}, Kubernetes {version}"


def a_slip_is_noticed():
    """The validator is no formality: it refuses the manifests with one letter changed."""
    deployment = of_kind("Deployment")[0]
    for old, new in (("readinessProbe", "readynessProbe"), ("limits", "limit"), ("terminationGracePeriodSeconds", "graceSeconds")):
        assert not valid(yaml.safe_load(yaml.safe_dump(deployment).replace(old, new)), VERSIONS[-1]), new


def the_containers_of_a_runtime_are_those_of_pods():
    """KServe takes a pod's containers as they are: in a pod they must be valid."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": of_kind("ServingRuntime")[0]["spec"]["containers"]}}
    for version in VERSIONS:
        assert valid(pod, version), version


def types():
    """Where there are types: the packages of KServe and of Kubernetes, which it brings."""
    if not importlib.util.find_spec("kserve"):
        raise Skip("KServe's types are not here: pip install kserve in an environment")
    import kserve
    import kubernetes.client
    return kserve, kserve.models, kubernetes.client


def read(document, kind):
    """As a type of KServe or Kubernetes: fields that it does not have raise KeyError, those that must be there ValueError."""
    listed = re.match(r"(?i)list\[(.*)\]$", kind)
    typed = next((getattr(t, kind) for t in types() if hasattr(t, kind)), None)
    if listed:
        return [read(d, listed[1]) for d in document]
    if typed is None:
        assert re.match(r"(?i)dict|str$|int$|bool$|float$|object$", kind), f"the type {kind} is in neither package"
        return document
    names = {told: name for name, told in typed.attribute_map.items()}
    return typed(**{names[told]: read(value, typed.openapi_types[names[told]]) for told, value in document.items()})


def misread(document, kind):
    try:
        read(document, kind)
    except (KeyError, ValueError):
        return True
    return False


def kserve_own_kinds():
    service, runtime = of_kind("InferenceService")[0], of_kind("ServingRuntime")[0]
    assert read(service, "V1beta1InferenceService").spec.predictor.model.runtime == runtime["metadata"]["name"]
    assert read(runtime, "V1alpha1ServingRuntime").spec.containers[0].startup_probe.failure_threshold == 60
    for document, kind, old, new in ((service, "V1beta1InferenceService", "storageUri", "storageUrl"),
                                     (runtime, "V1alpha1ServingRuntime", "supportedModelFormats", "modelFormats"),
                                     (runtime, "V1alpha1ServingRuntime", "httpGet", "httpsGet")):
        assert misread(yaml.safe_load(yaml.safe_dump(document).replace(old, new)), kind), new


def kustomize_puts_them_together():
    if not shutil.which("kubectl"):
        raise Skip("kubectl is not here")
    for folder, count in ((FOLDER, 4), (FOLDER / "kserve", 3)):
        done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, check=True)
        assert len(list(yaml.safe_load_all(done.stdout))) == count, done.stdout
        assert re.search(r"image: fovea:\d", done.stdout)


# ---------------------------------------------------------------- the server


def the_server_takes_the_options_and_answers_the_probes():
    for pod in pods():
        container = pod["containers"][0]
        port = container["ports"][0]
        with Server(FOVEA, *server_options(pod)) as server:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                get = container[probe]["httpGet"]
                assert get["port"] in (port["name"], port["containerPort"]) and server.get(get["path"]).status == 200, get
        assert port["containerPort"] == 8000  # where the server listens unless it is told otherwise


def autoscalers_follow_a_metric_that_there_is():
    with Server(FOVEA) as server:
        assert re.search(rf"^{METRIC} \d+$", server.get("/metrics").body.decode(), re.MULTILINE)
    names = [a["spec"]["metrics"][0]["pods"]["metric"]["name"] for a in of_kind("HorizontalPodAutoscaler")]
    assert names == [METRIC, METRIC]
    rule = yaml.safe_load((FOLDER / "metrics-adapter.yaml").read_text())["rules"]["custom"][0]
    assert rule["seriesQuery"].startswith(METRIC + "{") and rule["name"] == {"matches": METRIC, "as": METRIC}
    targets = {a["spec"]["scaleTargetRef"]["name"] for a in of_kind("HorizontalPodAutoscaler")}
    assert targets == {of_kind("Deployment")[0]["metadata"]["name"], of_kind("InferenceService")[0]["metadata"]["name"] + "-predictor"}


def there_is_time_to_stop():
    deployment, predictor = pods()[0], of_kind("InferenceService")[0]["spec"]["predictor"]
    for pod, grace in ((deployment, deployment), (pods()[1], predictor)):
        container = pod["containers"][0]
        args = container["args"]
        given = {name: int(args[args.index(f"--{name}-time") + 1]) for name in ("drain", "work") if f"--{name}-time" in args}
        pause = int(container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [0, 0])[1])
        assert grace["terminationGracePeriodSeconds"] > longest_stop_s(FOVEA, **given) + pause
    with Server(FOVEA, *server_options(deployment)) as server:
        begun = time.monotonic()
        server.process.terminate()
        assert server.process.wait(60) == 0 and time.monotonic() - begun < 20


# ---------------------------------------------------------------- the image


def package_of(library):
    owners = subprocess.run(["dpkg", "-S", f"*-linux-gnu/{library}"], check=True, capture_output=True, text=True).stdout
    return owners.partition(":")[0]


def the_image_has_the_libraries_of_the_program():
    release = Path("/etc/os-release")
    if not release.exists() or "VERSION_CODENAME=bookworm" not in release.read_text():
        raise Skip("the packages of deploy/Dockerfile are Debian 12's, which this is not")
    dynamic = subprocess.run(["readelf", "-d", FOVEA], check=True, capture_output=True, text=True).stdout
    libraries = [name for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic) if "san.so" not in name]
    installed = (SOURCE / "deploy/Dockerfile").read_text().rpartition("apt-get install")[2].split()
    missing = {package_of(name) for name in libraries} - {*installed, "libc6", "zlib1g"}  # those two are in every image
    assert len(libraries) > 5 and not missing, missing


TESTS = [kubernetes_own_kinds, a_slip_is_noticed, the_containers_of_a_runtime_are_those_of_pods, kserve_own_kinds,
         kustomize_puts_them_together, the_server_takes_the_options_and_answers_the_probes, autoscalers_follow_a_metric_that_there_is,
         there_is_time_to_stop, the_image_has_the_libraries_of_the_program]


def skip():
    raise Skip("PyYAML, which reads manifests, is not here (Debian: python3-yaml)")


if __name__ == "__main__":
    sys.exit(run(TESTS if yaml else [skip]))
