"""A stand-in for Galaxy on loopback. It offers one artifact: a reader installs what the clone would release."""

from __future__ import annotations

import hashlib
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@contextmanager
def serving(artifact: Path) -> Iterator[str]:
    """Offer an artifact by Galaxy's API, version 3, and give the server's address."""
    content = artifact.read_bytes()
    with tarfile.open(artifact) as archive:
        manifest = archive.extractfile("MANIFEST.json")
        assert manifest is not None
        info = json.load(manifest)["collection_info"]
    collection = f"/api/v3/collections/{info['namespace']}/{info['name']}"
    version = f"{collection}/versions/{info['version']}/"
    listed = {"version": info["version"], "href": version, "created_at": "", "updated_at": ""}
    responses: dict[str, Any] = {
        "/api": {"available_versions": {"v3": "v3/"}},
        f"{collection}/": {"name": info["name"], "created_at": "", "updated_at": ""},
        f"{collection}/versions/": {"meta": {"count": 1}, "links": {"next": None}, "data": [listed]},
        version: {
            **listed,
            "namespace": {"name": info["namespace"]},
            "collection": {"name": info["name"], "href": f"{collection}/"},
            "metadata": {"dependencies": info["dependencies"]},
            "signatures": [],
            "artifact": {
                "filename": artifact.name,
                "sha256": hashlib.sha256(content).hexdigest(),
                "size": len(content),
            },
            "download_url": f"/download/{artifact.name}",
        },
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            path = "/api" if path == "/api/" else path
            if path.startswith("/download/"):
                self._send("application/gzip", content)
            elif path in responses:
                response = responses[path]
                if "download_url" in response:
                    response = {**response, "download_url": f"http://{self.headers['Host']}{response['download_url']}"}
                self._send("application/json", json.dumps(response).encode())
            else:
                self.send_error(404)

        def _send(self, content_type: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Keep the tests' output free of requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
