"""Where settings come from, strongest first: environment, `.env`, `redeem.toml`, secrets directory, `.redeem/up.env`.

Each source becomes a layer, path → value, in which every name is known to be a setting; the layers are merged setting
by setting. Names are case-insensitive everywhere, a shop's in TOML too. Texts are taken without the space around them;
an empty one counts as unset, so that a weaker source shows. `.env` is taken literally: `${…}` is not replaced, since
secrets may hold it.
"""

from __future__ import annotations

import io
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as File

from dotenv.parser import Binding, parse_stream

from config.complaints import Complaint
from config.names import DELIMITER, PREFIX, Names, Path, variable

DEFAULT_SECRETS_DIR = File("/run/secrets")
"""Where Docker, Podman and Kubernetes mount secrets; taken when it can be read and no other is set."""
_UP = ".redeem/up.env"
_OF_SHOPS = f"{PREFIX}SHOPS{DELIMITER}"


@dataclass
class Layer:
    """One source's settings, and the complaints about what it says. `broken`: it could not be read to its end."""

    origin: str
    values: dict[Path, object] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    broken: bool = False
    needless: list[Complaint] = field(default_factory=list)
    """Those among the complaints that are about the shops' secrets only: not everybody may read these."""

    def put(self, names: Names, path: Path, value: object) -> None:
        """Takes one value in, or complains of its name."""
        value = value.strip() if isinstance(value, str) else value
        if fault := names.fault(path):
            self.complain(fault, path)
        elif path in self.values and self.values[path] != value:
            self.complain("is set twice, in different spellings of its name", path)
        elif value != "":
            self.values[path] = value

    def put_variable(self, names: Names, name: str, value: str) -> None:
        """Takes in one variable as the environment has it; one that is not ours is left alone."""
        if name.upper().startswith(PREFIX):
            self.put(names, tuple(name[len(PREFIX) :].lower().split(DELIMITER)), value)

    def complain(self, text: str, path: Path | None = None) -> None:
        """Complains of one setting, or of the source as a whole."""
        self.complaints.append(Complaint(variable(path) if path else "", text, self.origin))

    def break_off(self, text: str) -> None:
        """Complains of a source that cannot be read: what is missing may stand in it."""
        self.broken = True
        self.complain(text)

    def tree(self) -> dict[str, object]:
        """The values, nested as the model is."""
        root: dict[str, object] = {}
        for path, value in self.values.items():
            branch = root
            for part in path[:-1]:
                deeper = branch.setdefault(part, {})
                if not isinstance(deeper, dict):
                    raise TypeError(f"{variable(path)} lies within another setting")
                branch = deeper
            branch[path[-1]] = value
        return root


def read_layers(names: Names, environ: Mapping[str, str], directory: File) -> list[Layer]:
    """All sources, strongest first. `.redeem/up.env` counts only while nothing else says where the broker is."""
    environment = Layer("environment")
    for name, value in environ.items():
        environment.put_variable(names, name, value)
    layers = [environment, _dotenv(directory, ".env", names), _toml(directory, names)]
    layers.append(_secrets(layers, names, directory))
    if not any(("broker_url",) in layer.values for layer in layers):
        layers.append(_dotenv(directory, _UP, names))
    return layers


def _dotenv(directory: File, name: str, names: Names) -> Layer:
    layer = Layer(name)
    last: dict[str, Binding] = {}
    for binding in parse_stream(io.StringIO(_read(directory / name, layer) or "")):
        key = binding.key or ""
        if binding.error or (binding.value is None and key.upper().startswith(PREFIX)):
            text = binding.original.string
            line = binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
            layer.complain(f"line {line} must be NAME=value")
        elif key:
            last[key] = binding
    for key, binding in last.items():
        layer.put_variable(names, key, binding.value or "")
    return layer


def _toml(directory: File, names: Names) -> Layer:
    layer = Layer("redeem.toml")
    try:
        document = tomllib.loads(_read(directory / layer.origin, layer) or "")
    except (ValueError, RecursionError) as error:  # also Python's own, of a number without end or brackets in brackets
        layer.break_off(f"is no valid TOML: {error}")
        return layer
    for path, value in _flattened(document, ()):
        layer.put(names, path, value)
    return layer


def _flattened(table: Mapping[str, object], above: Path) -> Iterator[tuple[Path, object]]:
    for key, value in table.items():
        path = (*above, key.lower())
        if isinstance(value, dict):
            yield from _flattened(value, path)
        else:
            yield path, value


def _secrets(stronger: Iterable[Layer], names: Names, directory: File) -> Layer:
    chosen = next((layer.values[("secrets_dir",)] for layer in stronger if ("secrets_dir",) in layer.values), None)
    folder = DEFAULT_SECRETS_DIR if chosen is None else directory / str(chosen)
    layer = Layer(str(folder))
    try:
        files = sorted(file for file in folder.iterdir() if file.name.upper().startswith(PREFIX))
    except OSError as error:
        if folder != DEFAULT_SECRETS_DIR:
            layer.break_off(f"the secrets directory cannot be read: {error.strerror}")
            layer.needless += layer.complaints
        return layer
    for file in files:
        before = len(layer.complaints)
        text = _read(file, layer) or ""
        if file.name.upper().startswith(_OF_SHOPS):
            layer.needless += layer.complaints[before:]
        layer.put_variable(names, file.name, text)
    return layer


def _read(file: File, layer: Layer) -> str | None:
    """The file's text; None when there is none, or when the layer now says why it cannot be read."""
    which = "" if layer.origin.endswith(file.name) else f"{file.name} "
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        layer.break_off(f"{which}is not UTF-8 text")
    except OSError as error:
        layer.break_off(f"{which}cannot be read: {error.strerror}")
    return None
