#!/usr/bin/env bash
# fixture.sh DEPS_DIR: fetches the jars of the test nodes from Maven Central, compiles the launchers, and lays out
#   DEPS_DIR/elasticsearch/  home/lib, home/modules (what a node is started from), launcher/
#   DEPS_DIR/opensearch/     lib, launcher
# Each once; the marker holds a checksum of what it was made from. README.md says why it is done this way.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
deps=$1
made_from=$(cat "$here"/pom.xml "$here"/opensearch/pom.xml "$here"/fixture.sh $(find "$here/java" "$here/opensearch" -name '*.java' | sort) | sha256sum | cut -c1-16)
[ -f "$deps/elasticsearch/.complete-$made_from" ] && exit 0

fetch() { # POM FOLDER
  local attempt
  for attempt in 1 2 3; do
    mvn -B -q -ntp -f "$1" dependency:copy-dependencies -DoutputDirectory="$2" </dev/null && return 0
    echo "fixture: fetching again ($attempt)" >&2
  done
  echo "fixture: the jars of $1 could not be fetched through Maven" >&2
  exit 1
}

work="$deps/fixture-work"
mkdir -p "$work"
fetch "$here/pom.xml" "$work/es" &
fetch "$here/opensearch/pom.xml" "$work/os" &
for job in $(jobs -p); do wait "$job"; done

home="$deps/elasticsearch/home"
rm -rf "$deps/elasticsearch" "$deps/opensearch"
mkdir -p "$home/lib" "$home/modules" "$home/config" "$deps/elasticsearch/launcher" "$deps/opensearch/launcher"
cp "$work"/es/*.jar "$home/lib/"
rm -f "$home"/lib/slf4j-nop-*.jar # two SLF4J providers else

# A module: its jar and its descriptor, without the lines that ask for modules which are not published.
module() { # NAME MORE_JARS...
  local name=$1 jar into="$home/modules/$1"
  shift
  mkdir -p "$into"
  for jar in "$name" "$@"; do mv "$home"/lib/"$jar"-8*.jar "$into/"; done
  python3 - "$into" "$name" <<'PY'
import glob, sys, zipfile
into, name = sys.argv[1:]
jar = glob.glob(f"{into}/{name}-8*.jar")[0]
text = zipfile.ZipFile(jar).read(f"META-INF/es-plugins/{name}/plugin-descriptor.properties").decode()
keep = [l for l in text.splitlines() if l and l[0] != "#" and not l.startswith(("modulename", "extended.plugins"))]
open(f"{into}/plugin-descriptor.properties", "w").write("\n".join(keep) + "\n")
PY
}
module transport-netty4
module x-pack-core x-pack-template-resources
module x-pack-security
module x-pack-esql-core
module x-pack-kql
module x-pack-esql x-pack-esql-compute

javac -nowarn -proc:none -cp "$home/lib/*" -d "$deps/elasticsearch/launcher" \
  "$here"/java/NodeLauncher.java "$here"/java/org/elasticsearch/plugins/*.java
mkdir -p "$home/modules/fixture" "$work/plugin"
javac -nowarn -proc:none -cp "$home/lib/*" -d "$work/plugin" "$here"/java/fixture/*.java
(cd "$work/plugin" && jar cf "$home/modules/fixture/fixture.jar" fixture)
cat >"$home/modules/fixture/plugin-descriptor.properties" <<'PROPERTIES'
description=what lives in modules that are not published
version=8.19.21
name=fixture
classname=fixture.FixturePlugin
java.version=17
elasticsearch.version=8.19.21
PROPERTIES

mkdir -p "$deps/opensearch/lib"
cp "$work"/os/*.jar "$deps/opensearch/lib/"
javac -nowarn -proc:none -cp "$deps/opensearch/lib/*" -d "$deps/opensearch/launcher" "$here"/opensearch/*.java
rm -rf "$work"
touch "$deps/elasticsearch/.complete-$made_from"
