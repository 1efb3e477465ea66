#!/usr/bin/env python3
# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Checks the compose layers without an engine: what they name exists, and our containers are closed as they must be.

    compose/check.py        exit 0: all is well; 1: each problem with its file, service and mend

Where docker compose or podman-compose is installed the layers are also read by it; else that is said.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LAYERS = ["kafka", "feeds", "gateway", "aggregator", "demo", "tools"]
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?-([^}]*))?\}")


def main() -> int:
    problems: list[str] = []
    layers = {name: yaml.safe_load((HERE / f"{name}.yaml").read_text()) for name in LAYERS}
    unknown = {path.stem for path in HERE.glob("*.yaml")} - set(LAYERS)
    problems += [f"{name}.yaml: no layer of compose/stack; add it there and here, or delete it" for name in sorted(unknown)]
    services = merged(layers)
    problems += images(services) + closed(services) + names(services) + variables() + volumes(layers)
    for problem in problems:
        print(problem)
    problems += engine()
    print(f"compose: {len(services)} services in {len(LAYERS)} layers, {len(problems)} problems")
    return 1 if problems else 0


def merged(layers: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every service as all layers together make it."""
    services: dict[str, dict[str, Any]] = {}
    for layer in layers.values():
        for name, service in layer["services"].items():
            known = services.setdefault(name, {"environment": {}})
            known["environment"] = {**known["environment"], **service.get("environment", {})}
            known.update({key: value for key, value in service.items() if key != "environment"})
    return services


def own(services: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: service for name, service in services.items() if "build" in service}


def images(services: dict[str, dict[str, Any]]) -> list[str]:
    """Every image is built by a target of the Dockerfile, or has a fixed version."""
    problems = []
    text = (ROOT / "deploy/images/Dockerfile").read_text()
    targets = set(re.findall(r"^FROM \S+ AS (\S+)$", text, re.MULTILINE))
    for name, service in services.items():
        image = service.get("image", "")
        build = service.get("build")
        if build is None:
            if not re.fullmatch(r"\S+:\d[\w.-]*", image):
                problems.append(f"{name}: image {image!r} has no fixed version; name one")
            continue
        if build["target"] not in targets:
            problems.append(f"{name}: deploy/images/Dockerfile has no target {build['target']}; add it")
        if not (HERE / build["context"] / build["dockerfile"]).is_file():
            problems.append(f"{name}: there is no {build['dockerfile']} in {build['context']}")
        if build["target"] != name or not image.startswith(f"marketbus/{name}:"):
            problems.append(f"{name}: image and target are named like the service")
    for source in re.findall(r"^COPY (?:--chmod=\d+ )?((?:deploy/\S+ )+)", text, re.MULTILINE):
        problems += [f"Dockerfile: there is no {path}" for path in source.split() if not (ROOT / path).exists()]
    return problems


def closed(services: dict[str, dict[str, Any]]) -> list[str]:
    """Our containers run as nobody, change nothing, and come back by themselves unless they are commands."""
    wanted = {"read_only": True, "user": "10001", "cap_drop": ["ALL"]}
    problems = []
    for name, service in own(services).items():
        expected = wanted if "profiles" in service else {**wanted, "restart": "unless-stopped"}
        problems += [f"{name}: {key} is to be {value!r}" for key, value in expected.items() if service.get(key) != value]
        for key in ("mem_limit",) if "profiles" in service else ("mem_limit", "stop_grace_period"):
            if key not in service:
                problems.append(f"{name}: {key} is missing")
        if "no-new-privileges:true" not in service.get("security_opt", []):
            problems.append(f"{name}: security_opt lacks no-new-privileges:true")
        for port in service.get("ports", []):
            if not port.startswith("127.0.0.1:"):
                problems.append(f"{name}: port {port} is open to the network; begin it with 127.0.0.1:")
    return problems


def names(services: dict[str, dict[str, Any]]) -> list[str]:
    """Services depend on services, and URLs between containers name services."""
    problems = []
    for name, service in services.items():
        for other in service.get("depends_on", []):
            if other not in services:
                problems.append(f"{name}: depends on {other}, which no layer has")
        for key, value in service["environment"].items():
            if not isinstance(value, str):
                problems.append(f"{name}: {key} is no text; quote it")
                continue
            host = re.match(r"\w+://([\w-]+):\d+", value)
            if host and host[1] not in services and host[1] != "localhost":
                problems.append(f"{name}: {key} names {host[1]}, which no layer has")
    return problems


def variables() -> list[str]:
    """Each variable has the same default everywhere, and .env.example shows it."""
    defaults: dict[str, set[str]] = {}
    for layer in LAYERS:
        for name, default in VARIABLE.findall((HERE / f"{layer}.yaml").read_text()):
            defaults.setdefault(name, set()).add(default)
    shown = dict(re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=(.*)$", (HERE / ".env.example").read_text(), re.MULTILINE))
    problems = []
    for name, values in sorted(defaults.items()):
        if len(values) > 1:
            problems.append(f"{name}: has several defaults: {', '.join(sorted(values))}")
        if name not in shown:
            problems.append(f".env.example: lacks {name}")
        elif shown[name] not in values:
            problems.append(f".env.example: {name} shows {shown[name]!r}, the layers say {sorted(values)}")
    return problems + [f".env.example: no layer uses {name}" for name in sorted(set(shown) - set(defaults))]


def volumes(layers: dict[str, Any]) -> list[str]:
    problems = []
    for layer, content in layers.items():
        declared = set(content.get("volumes") or {})
        for name, service in content["services"].items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if re.fullmatch(r"[\w-]+", source) and source not in declared:
                    problems.append(f"{layer}.yaml: {name} uses the volume {source}, which is not declared")
    return problems


def engine() -> list[str]:
    """What compose itself says of the files."""
    commands = [["docker", "compose"], ["podman-compose"]]
    for command in commands:
        if shutil.which(command[0]) is None:
            continue
        if subprocess.run([*command, "version"], capture_output=True, check=False).returncode != 0:
            continue
        files = [word for layer in LAYERS for word in ("-f", str(HERE / f"{layer}.yaml"))]
        done = subprocess.run([*command, *files, "config"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(done.stderr.strip())
            return [done.stderr]
        print(f"compose: read by {' '.join(command)} too")
        return []
    print("compose: skipped: reading by docker compose or podman-compose, none is installed")
    return []


if __name__ == "__main__":
    sys.exit(main())
