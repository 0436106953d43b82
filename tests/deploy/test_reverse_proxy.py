"""The reverse proxies of docs/deployment.md, as they stand there, before a real door: what must pass unchanged does,
and metrics do not.
"""

from __future__ import annotations

import getpass
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from standardwebhooks import Webhook

from tests.acceptance.kit.polling import eventually
from tests.deploy.guarded_broker import CERTIFICATE, ROOT
from tests.ports import lasting_port
from tests.tools import tool
from tests.web.conftest import SECRETS, TOKENS, Web, event, serving
from worker.web.body import MOST_BYTES

PAGE = (ROOT / "docs" / "deployment.md").read_text("utf-8")
KEY = CERTIFICATE.with_name("localhost.key.pem")


def shown(language: str) -> str:
    """The page's only block in that language."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)
    return str(block)


def nginx(directory: Path, port: int, door: int) -> list[str]:
    """Its command; in the configuration only places and ports are this machine's."""
    server = shown("nginx").replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl").replace(":8080", f":{door}")
    server = server.replace("/etc/ssl/orders.example.com.pem", f'"{CERTIFICATE}"')
    server = server.replace("/etc/ssl/orders.example.com.key", f'"{KEY}"')
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f'{name}_temp_path "{directory}/{name}";\n' for name in places)
    (directory / "nginx.conf").write_text(
        f'daemon off;\npid "{directory}/pid";\nuser {getpass.getuser()};\nerror_log stderr;\n'
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{server}}}\n"
    )
    program = tool("nginx", package="nginx-light")
    return [program, "-p", str(directory), "-e", "stderr", "-c", str(directory / "nginx.conf")]


def caddy(directory: Path, port: int, door: int) -> list[str]:
    """As nginx."""
    tls = f'    tls "{CERTIFICATE}" "{KEY}"'
    site = shown("caddy").replace("orders.example.com {", f"https://localhost:{port} {{\n{tls}")
    site = site.replace(":8080", f":{door}")
    (directory / "Caddyfile").write_text("{\n    admin off\n    auto_https disable_redirects\n}\n" + site)
    return [tool("caddy", package="caddy"), "run", "--config", str(directory / "Caddyfile"), "--adapter", "caddyfile"]


@pytest.fixture(params=[nginx, caddy])
def fronted(request: pytest.FixtureRequest, broker_url: str, tmp_path: Path) -> Iterator[Web]:
    """A door, to be asked by its proxy."""
    command: Callable[[Path, int, int], list[str]] = request.param
    port = lasting_port()
    with serving(broker_url) as door:
        words = command(tmp_path, port, door.port)
        log = tmp_path / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(words, stdout=output, stderr=output, env={**os.environ, "HOME": str(tmp_path)})
        web = Web(f"https://localhost:{port}")
        web.session.verify = str(CERTIFICATE)
        try:
            eventually(lambda: process.poll() is not None or _answers(web), what=f"{words[0]}: {log}")
            assert process.poll() is None, log.read_text()
            yield web
        finally:
            web.session.close()
            process.terminate()
            process.wait(30)


def _answers(web: Web) -> bool:
    try:
        return web.get("/healthz", token=None).ok
    except requests.ConnectionError:
        return False


def test_orders_pass_as_they_were_sent_and_metrics_do_not(fronted: Web) -> None:
    assert fronted.post("/orders", event("A:1/2 3")).status_code == 202
    body = '{"order_id" : "4",  "coupons":[ ] }'
    now = datetime.now(UTC)
    signed = {
        "webhook-id": "msg_4",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRETS["uk"]).sign("msg_4", now, body),
    }
    assert fronted.post("/orders", body.encode(), token=None, headers=signed).status_code == 202
    for written in ("sovendus:uk:A%3A1/2%203:SKD1", "sovendus%3Auk%3AA%253A1%2F2%203%3ASKD1"):
        found = fronted.get(f"/redemptions/{written}")
        assert (found.status_code, found.json().get("order_id")) == (200, "A:1/2 3"), written
    refused = fronted.post("/orders", b" " * (MOST_BYTES + 1))
    assert (refused.status_code, refused.json()["type"]) == (413, "urn:redeem:problem:too-large")
    for token in (None, TOKENS["uk"]):
        assert fronted.get("/metrics", token=token).status_code == 404
