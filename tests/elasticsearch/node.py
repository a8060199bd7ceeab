#!/usr/bin/env python3
"""Starts and stops the real nodes that the tests ask.

    node.py start KIND FOLDER    KIND: plain (Elasticsearch), secured (TLS and credentials), opensearch
    node.py stop KIND FOLDER
    node.py run KIND FOLDER [PORT]  in the foreground until Ctrl-C

`start` returns when the node answers; FOLDER/KIND.json then says where: {"url", "ca_file", "user", "password",
"api_key", "pid"}. The node lives as long as FOLDER/KIND.run exists, an hour at most. The jars are those that
fixture.sh laid out below SENTINEL_DEPS_DIR.
"""

import base64
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

DEPS = Path(os.environ.get("SENTINEL_DEPS_DIR", Path(__file__).resolve().parents[2] / ".deps"))
PASSWORD = "fixture-only-password"  # of a node on 127.0.0.1 that lives for one test run
# What the README tells users to give the product's key, and nothing more.
PRIVILEGES = {"sentinelops": {"cluster": ["monitor"], "indices": [
    {"names": ["*"], "privileges": ["read", "view_index_metadata"]}]}}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_certificates(folder):
    """A certificate authority and a certificate for 127.0.0.1 that it signed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    for command in (
            "req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.crt -subj /CN=fixture-ca",
            "req -newkey rsa:2048 -nodes -keyout node.key -out node.csr -subj /CN=localhost",
            "x509 -req -in node.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out node.crt -extfile san"):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)


def request(about, method, path, body=None):
    return send(about, method, path, json.dumps(body).encode() if body is not None else None)


def send(about, method, path, data, kind="application/json"):
    headers = {"Content-Type": kind}
    if about.get("user"):
        pair = f"{about['user']}:{about['password']}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
    context = ssl.create_default_context(cafile=about["ca_file"]) if about.get("ca_file") else None
    asked = urllib.request.Request(about["url"] + path, method=method, headers=headers,
                                   data=data)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with opener.open(asked, timeout=30) as answer:
        return json.loads(answer.read())


def launch(kind, folder, port):
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / f"{kind}-data"
    shutil.rmtree(data, ignore_errors=True)
    run_file = folder / f"{kind}.run"
    run_file.write_text("")
    about = {"url": f"http://127.0.0.1:{port}"}
    java = ["java", "-Xms512m", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=4", "-Dlog4j2.disable.jmx=true",
            f"-Djava.io.tmpdir={folder}"]
    if kind == "opensearch":
        root = DEPS / "opensearch"
        command = [*java, "-cp", f"{root}/launcher:{root}/lib/*", "OpenSearchLauncher", data, port, run_file]
    else:
        root = DEPS / "elasticsearch"
        command = [*java, f"-Des.path.home={root}/home", "-cp", f"{root}/launcher:{root}/home/lib/*", "NodeLauncher",
                   root / "home", data, port, run_file]
        if kind == "secured":
            certificates = folder / "certificates"
            make_certificates(certificates)
            command += [certificates, PASSWORD]
            about = {"url": f"https://127.0.0.1:{port}", "ca_file": str(certificates / "ca.crt"), "user": "elastic",
                     "password": PASSWORD}
    with open(folder / f"{kind}.log", "wb") as log:
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT, start_new_session=True, cwd=folder)
    deadline = time.monotonic() + 150
    while True:
        try:
            request(about, "GET", "/_cluster/health?wait_for_status=yellow&timeout=30s")
            break
        except (OSError, ValueError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                print((folder / f"{kind}.log").read_text(errors="replace")[-6000:], file=sys.stderr)
                sys.exit(f"node.py: {kind} did not start: {error}")
            time.sleep(0.2)
    if kind == "secured":
        about["api_key"] = request(about, "POST", "/_security/api_key",
                                   {"name": "sentinelops", "role_descriptors": PRIVILEGES})["encoded"]
    about["pid"] = process.pid
    (folder / f"{kind}.json").write_text(json.dumps(about))
    return process, about


def stop(kind, folder):
    (folder / f"{kind}.run").unlink(missing_ok=True)
    try:
        pid = json.loads((folder / f"{kind}.json").read_text())["pid"]
    except (OSError, ValueError):
        return
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.1)
    (folder / f"{kind}.json").unlink(missing_ok=True)
    shutil.rmtree(folder / f"{kind}-data", ignore_errors=True)


def main():
    verb, kind, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3]).resolve()
    if verb == "start":
        launch(kind, folder, free_port())
    elif verb == "stop":
        stop(kind, folder)
    else:
        process, about = launch(kind, folder, int(sys.argv[4]) if len(sys.argv) > 4 else free_port())
        print(json.dumps(about, indent=2), flush=True)
        try:
            process.wait()
        except KeyboardInterrupt:
            stop(kind, folder)


if __name__ == "__main__":
    main()
