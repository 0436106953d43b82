"""Flower's templates with what is ours written into them: the navigation, our style, a colour for DEAD_LETTER.

Buttons for what Redeem's workers refuse are taken out (worker/remote_control.py).

Flower has no plugin interface. What is looked for in its templates must be there exactly once, or Flower does not
start: a page without its way to the dead letters is worse than a clear word to whoever updates Flower.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final, NamedTuple

from tornado.template import Loader, Template
from typing_extensions import override

from worker.flower_pages import wording
from worker.flower_pages.asked import FIELDS

OURS: Final = "redeem/"
"""Names of our own templates begin with this."""
OUR_FILES: Final = Path(__file__).with_name("static")
_OUR_TEMPLATES: Final = Path(__file__).with_name("templates")


class FlowerMovedError(Exception):
    """Our pages do not fit into this release of Flower; the text names what is missing."""


class _Amendment(NamedTuple):
    """Where in one of Flower's templates something is added, and what."""

    template: str
    before: str
    added: str
    until: str = ""
    """Where the template goes on: what stands between is taken out. Empty: nothing is."""


_STYLE: Final = (
    """    <link href="{{ reverse_url('our-file', 'pages.css') }}?v={{ our_version }}" rel="stylesheet">\n"""
)
_SCRIPT: Final = """    <script src="{{ reverse_url('our-file', 'pages.js') }}?v={{ our_version }}"></script>\n"""
_AMENDMENTS: Final = (
    _Amendment("base.html", "  </head>", _STYLE),
    _Amendment("base.html", "    {% block extra_scripts %}", _SCRIPT),
    _Amendment(
        "navbar.html",
        """        <li class="nav-item">
          <a class="nav-link{% if active_tab == 'workers' %} active{% end %}\"""",
        '        {% include "redeem/navigation.html" %}\n',
    ),
    _Amendment(
        "tasks.html",
        '    <button class="task-state-filter" type="button" data-task-state="RETRY"',
        '    <button class="task-state-filter" type="button" data-task-state="DEAD_LETTER" aria-pressed="false">'
        "Dead letters</button>\n",
    ),
    _Amendment(
        "task.html",
        '          {% elif task.state == "RETRY" %}\n          <span',
        '          {% elif task.state == "DEAD_LETTER" %}\n'
        '          <span class="badge task-state-dead-letter">{{ task.state }}</span>\n',
    ),
    _Amendment(
        "task.html",
        '      {% if not read_only %}\n      {% if task.state == "STARTED" %}\n      <button',
        '      {% include "redeem/no_revoking.html" %}\n',
        until='    </div>\n  </header>\n\n  <section class="detail-card task-details-card"',
    ),
    _Amendment(
        "worker.html",
        '        <li>\n          <button id="worker-pool-restart"',
        "",
        until='        <li>\n          <button id="worker-refresh"',
    ),
    _Amendment(
        "worker.html",
        '          {% if not read_only %}\n          <section class="worker-panel worker-controls-panel"',
        "",
        until="        </div>\n\n              {% if worker['stats'].get('autoscaler', None) %}",
    ),
    _Amendment(
        "worker.html",
        '          <li class="nav-item" role="presentation"><a class="nav-link" id="worker-tab-limits"',
        "",
        until='          <li class="nav-item" role="presentation"><a class="nav-link" id="worker-tab-config"',
    ),
    _Amendment(
        "worker.html",
        '          <div class="tab-pane fade" id="tab-limits"',
        "",
        until='          <div class="tab-pane fade" id="tab-config"',
    ),
)


class AmendedLoader(Loader):
    """Loads Flower's templates, amended, and ours."""

    @override
    def resolve_path(self, name: str, parent_path: str | None = None) -> str:
        return name  # both folders are flat

    @override
    def _create_template(self, name: str) -> Template:
        if name.startswith(OURS):
            source = (_OUR_TEMPLATES / name.removeprefix(OURS)).read_text(encoding="utf-8")
        else:
            source = amended(name, (Path(self.root) / name).read_text(encoding="utf-8"))
        return Template(source, name=name, loader=self)

    def check(self) -> None:
        """Try every amendment.

        Raises FlowerMovedError.
        """
        for name in {amendment.template for amendment in _AMENDMENTS}:
            amended(name, (Path(self.root) / name).read_text(encoding="utf-8"))


def amended(name: str, source: str) -> str:
    """One of Flower's templates with what is ours in it.

    Raises FlowerMovedError where its place is not to be found.
    """
    for template, before, added, until in _AMENDMENTS:
        if template != name:
            continue
        kept, place, rest = source.partition(before)
        _, end, after = rest.partition(until) if until else ("", place, rest)
        if not place or not end or before in rest or (until and until in after):
            raise FlowerMovedError(f"Flower's {name} has no place any more for {added.strip()!r}, before {before!r}")
        source = kept + added + end + after
    return source


def loader(flower_templates: str) -> AmendedLoader:
    """The loader in place of the one that Tornado would make for Flower's templates."""
    files = sorted(path for path in OUR_FILES.iterdir() if path.is_file())
    version = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]
    return AmendedLoader(flower_templates, namespace={"our_version": version, "wording": wording, "FIELDS": FIELDS})
