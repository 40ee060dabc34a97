"""The proxies' files as they are, with names and ports of the test: TLS, redirects, limits, websockets, who the visitor is."""

from __future__ import annotations

import base64
import datetime
import http.client
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hocba_app.settings import ROOT

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
CADDY = shutil.which("caddy") or "/usr/bin/caddy"
NAME = "hocba.example.edu.vn"
MEGABYTE = 1024 * 1024


class Product(BaseHTTPRequestHandler):
    """The server behind the proxy: answers with what arrived."""

    protocol_version = "HTTP/1.1"
    gone = threading.Event()

    def parse_request(self) -> bool:
        if self.gone.is_set():
            self.close_connection = True
        return not self.gone.is_set() and super().parse_request()

    def do_GET(self) -> None:
        if self.headers.get("Upgrade") == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            self.wfile.write(self.rfile.read(4))
            return
        if self.path == "/moved":
            self.send_response(303)
            self.send_header("Location", "/login")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        said = "|".join(self.headers.get(name, "") for name in ("X-Forwarded-For", "X-Forwarded-Proto", "Host"))
        self._say(said.encode())

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, MEGABYTE)))
        self._say(b"taken")

    def _say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


def _free() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "fullchain.pem"


@dataclass(frozen=True)
class Served:
    """A proxy that runs, by its ports."""

    plain: int
    tls: int
    certificate: Path
    counts: bool
    """Whether it limits requests itself; otherwise the product does."""


def _nginx(folder: Path, product: int, plain: int, tls: int) -> list[str]:
    site = (ROOT / "deploy" / "proxy" / "nginx.conf").read_text(encoding="utf-8")
    for told, here in (
        ("127.0.0.1:3000", f"127.0.0.1:{product}"),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{tls} ssl http2;"),
        ("    listen [::]:80;\n", ""),
        ("    listen [::]:443 ssl http2;\n", ""),
        ("/etc/ssl/hocba", str(folder)),
        ("/var/log/nginx", str(folder)),
    ):
        assert told in site
        site = site.replace(told, here)
    (folder / "site.conf").write_text(site, encoding="utf-8")
    user = "user root;" if os.getuid() == 0 else ""
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}} http {{ {temporary} include {folder}/site.conf; }}"
    )
    run = [NGINX, "-c", f"{folder}/nginx.conf", "-p", str(folder), "-e", f"{folder}/error.log"]
    tested = subprocess.run([*run, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    return run


def _caddy(folder: Path, product: int, plain: int, tls: int) -> list[str]:
    site = (ROOT / "deploy" / "proxy" / "Caddyfile").read_text(encoding="utf-8")
    assert "127.0.0.1:3000" in site
    site = site.replace("127.0.0.1:3000", f"127.0.0.1:{product}")
    site = site.replace(f"{NAME} {{", f"{NAME} {{\n\ttls {folder}/fullchain.pem {folder}/key.pem", 1)
    ports = f"{{\n\tadmin off\n\thttp_port {plain}\n\thttps_port {tls}\n\tdefault_sni {NAME}\n\tstorage file_system {folder}\n}}\n"
    (folder / "Caddyfile").write_text(ports + site, encoding="utf-8")
    given = ["--config", f"{folder}/Caddyfile", "--adapter", "caddyfile"]
    tested = subprocess.run([CADDY, "validate", *given], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    return [CADDY, "run", *given]


_PROXIES = {"nginx": (NGINX, _nginx), "caddy": (CADDY, _caddy)}


@pytest.fixture(scope="module", params=_PROXIES)
def proxy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    program, configured = _PROXIES[request.param]
    if not Path(program).exists():
        sys.stderr.write(f"\nNOT TESTED: {request.param} is missing (apt-get install {request.param})\n")
        pytest.skip(f"{request.param} is not installed")
    folder = tmp_path_factory.mktemp(request.param)
    certificate = _certificate(folder)
    product = ThreadingHTTPServer(("127.0.0.1", 0), Product)
    product.daemon_threads = True
    threading.Thread(target=product.serve_forever, daemon=True).start()
    plain, tls = _free(), _free()
    run = configured(folder, product.server_address[1], plain, tls)
    process = subprocess.Popen(run, stderr=subprocess.DEVNULL, env={**os.environ, "HOME": str(folder)})
    for _ in range(200):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", tls)) == 0:
                break
        time.sleep(0.05)
    yield Served(plain, tls, certificate, counts=request.param == "nginx")
    process.kill()  # asked to stop, Caddy waits for every connection
    process.wait()
    product.shutdown()
    product.server_close()


@pytest.fixture
def client(proxy: Served) -> Iterator[httpx.Client]:
    trusted = ssl.create_default_context(cafile=str(proxy.certificate))
    trusted.check_hostname = False
    with httpx.Client(
        base_url=f"https://127.0.0.1:{proxy.tls}", verify=trusted, headers={"host": NAME}, timeout=60
    ) as found:
        yield found


def test_plain_http_is_sent_to_tls(proxy: Served) -> None:
    answer = httpx.get(f"http://127.0.0.1:{proxy.plain}/v/ABC?x=1", headers={"host": NAME})
    assert answer.status_code in (301, 308), "for good"
    assert answer.headers["location"].replace(f":{proxy.tls}", "") == f"https://{NAME}/v/ABC?x=1"
    assert "/" not in answer.headers["server"], "no version"


def test_redirects_stay_relative(client: httpx.Client) -> None:
    assert client.get("/moved").headers["location"] == "/login"


def test_the_product_learns_who_comes_by_what(client: httpx.Client) -> None:
    said = client.get("/", headers={"x-forwarded-proto": "http", "x-forwarded-for": "6.6.6.6"}).text
    assert said.removeprefix("6.6.6.6, ") == f"127.0.0.1|https|{NAME}", (
        "the last one is what one trusted proxy is asked for"
    )


@pytest.mark.parametrize(("path", "megabytes"), [("/session", 2), ("/verify", 55), ("/uploads/images", 210)])
def test_limits(client: httpx.Client, proxy: Served, path: str, megabytes: int) -> None:
    def sent(length: int) -> int:
        def body() -> Iterator[bytes]:
            for _ in range(length // MEGABYTE):
                yield b"x" * MEGABYTE

        return client.post(path, content=body(), headers={"content-length": str(length)}).status_code

    assert sent(megabytes * MEGABYTE) == 200
    if not proxy.counts:
        return
    trusted = ssl.create_default_context(cafile=str(proxy.certificate))
    trusted.check_hostname = False
    over = http.client.HTTPSConnection("127.0.0.1", proxy.tls, context=trusted, timeout=60)
    over.putrequest("POST", path, skip_host=True)
    for name, value in (("Host", NAME), ("Content-Length", str((megabytes + 1) * MEGABYTE))):
        over.putheader(name, value)
    over.endheaders()
    answer = over.getresponse()
    assert answer.status == 413, "by what it announces, before it is sent"
    assert "Tệp quá lớn" in answer.read().decode()
    over.close()


def test_numbers_are_not_given_out(client: httpx.Client) -> None:
    assert client.get("/metrics").status_code == 404


def test_websockets_pass(proxy: Served) -> None:
    trusted = ssl.create_default_context(cafile=str(proxy.certificate))
    key = base64.b64encode(os.urandom(16)).decode()
    with (
        socket.create_connection(("127.0.0.1", proxy.tls), 20) as raw,
        trusted.wrap_socket(raw, server_hostname=NAME) as connection,
    ):
        connection.sendall(
            f"GET /_event HTTP/1.1\r\nHost: {NAME}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(1000)
        assert b" 101 " in answer.split(b"\r\n")[0]
        connection.sendall(b"ping")
        rest = answer.partition(b"\r\n\r\n")[2]
        while len(rest) < 4:
            rest += connection.recv(10)
        assert rest == b"ping"


def test_who_comes_while_no_process_answers_reads_a_sentence(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Product, "gone", threading.Event())
    Product.gone.set()
    for path in ("/", "/uploads/images", "/verify"):
        answer = client.get(path)
        assert answer.status_code == 503 and answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "đã được lưu; hãy đợi một phút rồi mở lại trang" in answer.text
