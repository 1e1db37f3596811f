"""Header services of the five dialects on 127.0.0.1, which tell what a test wants them to tell."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from firsthand.proof.headers import BlockHeader, parse_header
from firsthand.proof.transaction import hash_hex

DIALECTS = ("chaintracks", "whatsonchain", "bitails", "chaintracks-service", "block-headers-service")


@dataclass
class HeaderService:
    """One service over raw headers; a `status` is answered instead, no `cors` keeps pages out."""

    raw: bytes
    dialect: str = "chaintracks"
    host: str = "127.0.0.1"
    status: int = 200
    cors: bool = True
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked.append(self.path)
                body = None if service.status != 200 else service.answer(self.path)
                self.send_response(service.status if service.status != 200 else 404 if body is None else 200)
                if service.cors:
                    self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def tip(self) -> int:
        return len(self.raw) // 80 - 1

    def header(self, height: int) -> BlockHeader | None:
        return parse_header(self.raw[height * 80 : height * 80 + 80]) if 0 <= height <= self.tip else None

    def answer(self, target: str) -> bytes | None:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        speaks: dict[str, Callable[[str, dict[str, str]], Any]] = {
            "chaintracks": self.chaintracks,
            "whatsonchain": self.whatsonchain,
            "bitails": self.bitails,
            "chaintracks-service": self.chaintracks_service,
            "block-headers-service": self.block_headers_service,
        }
        found = speaks[self.dialect](parts.path, query)
        return found if found is None or isinstance(found, bytes) else json.dumps(found).encode()

    def chaintracks(self, path: str, query: dict[str, str]) -> Any:
        if path == "/height":
            return {"height": self.tip}
        header = self.header(int(query["height"])) if path == "/headers" else None
        return header and header.raw

    def whatsonchain(self, path: str, query: dict[str, str]) -> Any:
        if path == "/chain/info":
            return {"chain": "main", "blocks": self.tip}
        words = path.split("/")
        if len(words) != 4 or (words[1], words[3]) != ("block", "header"):
            return None
        return self.described(int(words[2]))

    def bitails(self, path: str, query: dict[str, str]) -> Any:
        if path == "/block/latest":
            return self.described(self.tip)
        return self.described(int(path.rpartition("/")[2])) if path.startswith("/block/height/") else None

    def chaintracks_service(self, path: str, query: dict[str, str]) -> Any:
        if path == "/getPresentHeight":
            return {"status": "success", "value": self.tip}
        header = self.header(int(query["height"])) if path == "/getHeaders" else None
        return (
            path == "/getHeaders" and {"status": "success", "value": header.raw.hex() if header else ""}
        ) or None

    def block_headers_service(self, path: str, query: dict[str, str]) -> Any:
        if path == "/api/v1/chain/tip/longest":
            return {"height": self.tip, "state": "LONGEST_CHAIN", "header": self.bhs(self.tip)}
        if path != "/api/v1/chain/header/byHeight":
            return None
        found = self.bhs(int(query["height"]))
        return [found] if found else []

    def described(self, height: int) -> dict[str, Any] | None:
        header = self.header(height)
        return header and {
            "hash": hash_hex(header.hash),
            "height": height,
            "version": header.version,
            "versionHex": f"{header.version:08x}",
            "merkleroot": hash_hex(header.merkle_root),
            "time": header.time,
            "nonce": header.nonce,
            "bits": f"{header.bits:08x}",
            "previousblockhash": hash_hex(header.prev_hash),
        }

    def bhs(self, height: int) -> dict[str, Any] | None:
        header = self.header(height)
        return header and {
            "hash": hash_hex(header.hash),
            "version": header.version,
            "prevBlockHash": hash_hex(header.prev_hash),
            "merkleRoot": hash_hex(header.merkle_root),
            "creationTimestamp": header.time,
            "difficultyTarget": header.bits,
            "nonce": header.nonce,
            "work": 2,
        }
