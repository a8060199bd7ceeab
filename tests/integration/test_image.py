"""What the container image does, in a plain folder: its layout, its configuration, its health check, its libraries."""

import os
import re
import subprocess
import unittest
from pathlib import Path

from harness import BINARY, FolderTest, Service, environment

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "deploy/docker"


def libraries():
    """What the loader finds for the binary: {name: path}."""
    lines = subprocess.run(["ldd", BINARY], capture_output=True, text=True, check=True).stdout.splitlines()
    return {m[1]: m[2] for m in (re.match(r"\s*(\S+) => (\S+)", line) for line in lines) if m}


class Image(FolderTest):
    def stage(self):
        into = self.folder / "root"
        subprocess.run([DOCKER / "stage.sh", BINARY, libraries()["libduckdb.so"], into], check=True, capture_output=True)
        return into

    def test_the_staged_binary_runs_with_the_staged_library(self):
        root = self.stage()
        env = environment(LD_LIBRARY_PATH=str(root / "usr/local/lib"))
        out = subprocess.run([root / "usr/local/bin/sentinelops", "version"], env=env, capture_output=True, text=True, check=True)
        self.assertIn("sentinelops", out.stdout)

    def test_the_images_configuration_is_accepted_and_the_health_check_sees_the_service(self):
        text = (self.stage() / "etc/sentinelops/config.yaml").read_text()
        self.assertIn("data_dir: /var/lib/sentinelops", text)
        text = text.replace("/var/lib/sentinelops", str(self.folder / "data")).replace("0.0.0.0:8000", "127.0.0.1:0")
        with Service(self.folder, text, env=environment(ELASTICSEARCH_URL="http://127.0.0.1:9")) as service:
            check = [self.folder / "root/usr/local/bin/sentinelops-healthcheck"]
            # It answers while its cluster is away: a restart would not help.
            self.assertEqual(subprocess.run(check, env=environment(SENTINELOPS_URL=service.url), check=False).returncode, 0)
            service.stop()
            self.assertNotEqual(subprocess.run(check, env=environment(SENTINELOPS_URL=service.url), check=False,
                                               capture_output=True).returncode, 0)

    def test_the_packages_of_the_image_carry_every_library_that_the_binary_loads(self):
        packages = set((DOCKER / "runtime-packages.txt").read_text().split())
        needed = subprocess.run(["readelf", "-d", BINARY], capture_output=True, text=True, check=True).stdout
        base = {"libc6", "libstdc++6", "libgcc-s1"}  # of debian:12-slim, or pulled in by any C++ library
        found = libraries()
        for name in re.findall(r"NEEDED.*\[(.+)\]", needed):
            if name == "libduckdb.so" or name.startswith("ld-linux"):
                continue
            path = os.path.realpath(found[name])
            owner = subprocess.run(["dpkg-query", "-S", path], capture_output=True, text=True, check=False).stdout
            if not owner:
                owner = subprocess.run(["dpkg-query", "-S", path.removeprefix("/usr")], capture_output=True, text=True, check=False).stdout
            self.assertTrue(owner.split(":")[0] in packages | base, f"{name} is in {owner!r}")

    def test_the_dockerfile_copies_what_is_there_and_does_not_run_as_root(self):
        text = (DOCKER / "Dockerfile").read_text()
        for source in re.findall(r"^COPY (deploy/\S+)", text, re.M):
            self.assertTrue((ROOT / source).exists(), source)
        self.assertIn("USER sentinelops", text)
        self.assertIn("HEALTHCHECK", text)
        self.assertLess(text.index("USER sentinelops"), text.index("ENTRYPOINT"))

    def test_the_compose_file_publishes_on_this_machine_only(self):
        text = (DOCKER / "docker-compose.yml").read_text()
        ports = re.findall(r'ports: \["([^"]+)"\]', text)
        self.assertEqual(ports, ["127.0.0.1:9201:9200", "127.0.0.1:5601:5601", "127.0.0.1:8000:8000"])


if __name__ == "__main__":
    unittest.main()
