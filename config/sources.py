"""Where settings come from, strongest first: environment, `.env`, `redeem.toml`, secrets directory, `.redeem/up.env`.

Each source becomes a flat layer, path → value, in which every name is known to be a setting; the layers are merged
setting by setting. Names are case-insensitive everywhere. An empty text counts as unset, so a weaker source shows.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any

from dotenv.parser import parse_stream

from config.complaints import Complaint
from config.names import DELIMITER, PREFIX, Names, Path, variable

DEFAULT_SECRETS_DIR = File("/run/secrets")


@dataclass
class Layer:
    """One source's settings, and the complaints about what it says. `broken`: it could not be read to its end."""

    origin: str
    values: dict[Path, Any] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    broken: bool = False

    def put(self, names: Names, path: Path, value: object) -> None:
        """Takes one value in, or complains of its name."""
        if fault := names.fault(path):
            self.complaints.append(Complaint(variable(path), fault, self.origin))
        elif value == "":
            return
        elif self.values.setdefault(path, value) != value:
            self.complaints.append(
                Complaint(variable(path), "is set twice, in different spellings", self.origin)
            )

    def broke(self, what: str) -> None:
        """Complains of the source as a whole."""
        self.broken = True
        self.complaints.append(Complaint("", what, self.origin))

    def tree(self) -> dict[str, Any]:
        """The values, nested as the model is."""
        root: dict[str, Any] = {}
        for path, value in self.values.items():
            branch = root
            for part in path[:-1]:
                branch = branch.setdefault(part, {})
            branch[path[-1]] = value
        return root


def read_layers(names: Names, environ: Mapping[str, str], directory: File) -> list[Layer]:
    """All sources, strongest first. `.redeem/up.env` counts only while nothing else says where the broker is."""
    layers = [
        _flat("environment", environ.items(), names),
        _dotenv(directory / ".env", ".env", names),
        _toml(directory / "redeem.toml", names),
    ]
    layers.append(_secrets(layers, names, directory))
    if not any(("broker_url",) in layer.values for layer in layers):
        layers.append(_dotenv(directory / ".redeem" / "up.env", ".redeem/up.env", names))
    return layers


def _flat(origin: str, items: Iterable[tuple[str, str]], names: Names) -> Layer:
    layer = Layer(origin)
    for name, value in items:
        if name.upper().startswith(PREFIX):
            layer.put(names, tuple(name[len(PREFIX) :].lower().split(DELIMITER)), value.strip())
    return layer


def _read(file: File, layer: Layer) -> str | None:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        layer.broke("is not UTF-8 text")
    except OSError as error:
        layer.broke(f"cannot be read: {error.strerror}")
    return None


def _dotenv(file: File, origin: str, names: Names) -> Layer:
    layer = Layer(origin)
    text = _read(file, layer)
    if text is None:
        return layer
    said: dict[str, str] = {}
    with file.open(encoding="utf-8-sig") as stream:
        for binding in parse_stream(stream):
            if binding.error or (binding.key and binding.value is None):
                layer.complaints.append(
                    Complaint("", "must be NAME=value", f"{origin}, line {binding.original.line}")
                )
            elif binding.key and binding.value is not None:
                said[binding.key] = binding.value
    flat = _flat(origin, said.items(), names)
    flat.complaints[:0] = layer.complaints
    return flat


def _toml(file: File, names: Names) -> Layer:
    layer = Layer("redeem.toml")
    text = _read(file, layer)
    if text is None:
        return layer
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        layer.broke(str(error))
        return layer
    for path, value in _flattened(document, ()):
        layer.put(names, path, value)
    return layer


def _flattened(table: Mapping[str, Any], above: Path) -> Iterator[tuple[Path, Any]]:
    for key, value in table.items():
        path = (*above, key.lower())
        if isinstance(value, dict):
            yield from _flattened(value, path)
        else:
            yield path, value.strip() if isinstance(value, str) else value


def _secrets(stronger: list[Layer], names: Names, directory: File) -> Layer:
    chosen = next((v for layer in stronger if (v := layer.values.get(("secrets_dir",)))), None)
    folder = directory / str(chosen) if chosen else DEFAULT_SECRETS_DIR
    layer = Layer(str(folder))
    try:
        files = sorted(file for file in folder.iterdir() if file.name.upper().startswith(PREFIX))
    except OSError as error:
        if chosen:
            layer.broke(f"the secrets directory cannot be read: {error.strerror}")
        return layer
    read = {file.name: text for file in files if file.is_file() and (text := _read(file, layer)) is not None}
    flat = _flat(str(folder), read.items(), names)
    flat.complaints[:0] = layer.complaints
    flat.broken = layer.broken
    return flat


def environment(environ: Mapping[str, str] | None) -> Mapping[str, str]:
    """The given environment, else the process's own, looked up now."""
    return os.environ if environ is None else environ
