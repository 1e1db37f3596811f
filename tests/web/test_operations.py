"""Running it: TLS, several processes, logs, and receivers and events that are too much."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from firsthand.service import webhooks
from tests.made import event
from tests.web.live import Live, captured, document, event_list, make_live, served


def certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


def test_https_without_a_proxy(tmp_path: Path) -> None:
    live = make_live(tmp_path)
    cert, key = certificate(tmp_path)
    command = [sys.executable, "-m", "firsthand", "-C", str(live.folder), "serve", "--port", str(live.port)]
    command += ["--tls-certificate", str(cert), "--tls-key", str(key)]
    with live.log.open("ab") as log:
        process = subprocess.Popen(command, stderr=log)
    try:
        trusted = ssl.create_default_context(cafile=cert)
        end = time.monotonic() + 60
        while True:
            try:
                answer = httpx.get(f"https://localhost:{live.port}/readyz", verify=trusted)
                break
            except httpx.ConnectError:
                assert time.monotonic() < end, live.log.read_text()
                time.sleep(0.1)
        assert answer.json()["status"] == "ready"
    finally:
        process.terminate()
        process.wait(40)


def test_several_processes_serve_and_count_together(tmp_path: Path) -> None:
    with served(tmp_path, workers=2) as live:
        for _ in range(40):
            with live.client("adela") as client:  # a new connection each, for either process
                assert client.get("/events").status_code == 200
        with live.client("admin") as admin:
            line = next(
                one
                for one in admin.get("/metrics").text.splitlines()
                if one.startswith("firsthand_request_seconds_count") and 'route="/events"' in one
            )
            assert float(line.split()[-1]) == 40


def test_the_log_is_a_json_object_a_line(live: Live) -> None:
    with live.client("adela") as client:
        request_id = client.get("/events", params={"EQ_action": "ADD"}).headers["x-request-id"]
    for _ in range(50):
        lines = [json.loads(line) for line in live.log.read_text().splitlines() if line.startswith("{")]
        found = [line for line in lines if line.get("request_id") == request_id]
        if found:
            break
        time.sleep(0.1)
    assert (found[0]["method"], found[0]["path"], found[0]["status"]) == ("GET", "/events", 200)
    assert live.tokens["adela"] not in live.log.read_text()


def test_an_event_of_many_bytes_is_refused_and_its_neighbours_are_not(live: Live) -> None:
    big = {**event(1, epcList=["https://coop.example/big"]), "ex:x": "x" * 1_100_000}
    with live.client("adela") as client:
        job = captured(
            client.post(
                "/capture",
                json=document(big, event(2, epcList=["https://coop.example/small"])),
                headers={"GS1-Capture-Error-Behaviour": "proceed"},
            )
        )
        assert [error["path"] for error in job["errors"]] == ["$.epcisBody.eventList[0]"]
        assert len(event_list(client.get("/events", params={"MATCH_epc": "https://coop.example/small"}))) == 1


def test_a_receiver_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "_DEADLINE_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def trickle() -> None:
            connection, _ = server.accept()
            try:
                for byte in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1000:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.05)
            except OSError:
                connection.close()

        threading.Thread(target=trickle, daemon=True).start()
        started = time.monotonic()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        answer = webhooks.call(url, b"{}", None, 0, ("127.0.0.0/8",))
    assert answer.status == 0
    assert "within 1 seconds" in answer.detail
    assert time.monotonic() - started < 4


def test_a_webhook_over_tls_needs_a_certificate_for_its_name(tmp_path: Path) -> None:
    """The connection goes to the address that was checked, the certificate is held to the name."""
    cert, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            connection, _ = server.accept()
            try:
                context.wrap_socket(connection, server_side=True)
            except (ssl.SSLError, OSError):
                connection.close()

        threading.Thread(target=accept, daemon=True).start()
        url = f"https://localhost:{server.getsockname()[1]}/"
        answer = webhooks.call(url, b"{}", None, 0, ("127.0.0.0/8",))
    assert answer.status == 0
    assert "certificate" in answer.detail.lower()
