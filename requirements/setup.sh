#!/bin/sh
# Makes .venv with everything the sandbox needs. Run by the Makefile; again only when a list changed.
#   requirements/setup.sh        what students need
#   requirements/setup.sh dev    also linters, type checker and the browser driver
set -eu
cd "$(dirname "$0")/.."
venv=${SANDBOX_VENV:-.venv}
log=$(mktemp "${TMPDIR:-/tmp}/sandbox-setup.XXXXXX") || {
  echo "sandbox: The temporary folder cannot be written. Free some disk space, then run make again." >&2
  exit 3
}
trap 'rm -f "$log"' EXIT
unset PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME VIRTUAL_ENV || true

fail() { # what happened, what to type
  tail -n 12 "$log" >&2
  printf 'sandbox: %s\n  %s\n' "$1" "$2" >&2
  exit 3
}

step() { # words for the reader, then the command
  printf '  %s ... ' "$1"
  shift
  if "$@" >"$log" 2>&1; then echo done; else echo failed; return 1; fi
}

find_python() {
  for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

if [ ! -x "$venv/bin/python" ]; then
  python=$(find_python) || fail "Python 3.11, 3.12 or 3.13 is needed; found: $(python3 --version 2>&1 || echo none)." \
    "Install one (Debian, Ubuntu: sudo apt install python3 python3-venv; macOS: brew install python@3.13), then run make again."
  echo "Setting up the sandbox in $venv with $($python --version) (once, about a minute)"
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  "$python" -c 'import ensurepip, venv' 2>"$log" || fail "This Python has no venv module." \
    "Debian, Ubuntu: sudo apt install python$version-venv, then run make again."
  step "a virtual environment" "$python" -m venv "$venv" || {
    rm -rf "$venv"
    fail "The virtual environment could not be made." "Free some disk space (1 GB is needed), then run make again."
  }
fi
bin="$venv/bin"
network="If the network or the disk was the cause, mend that and run make again; it goes on where it stopped."
step "the installer" "$bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/setup.txt ||
  fail "The installer could not be fetched." "$network"
files="-r requirements/runtime.txt"
[ "${1:-}" = dev ] && files="$files -r requirements/dev.txt"
# shellcheck disable=SC2086
step "LocalStack, boto3, aws, Node.js and the rest" "$bin/uv" pip install --python "$bin/python" --compile-bytecode --require-hashes $files ||
  fail "The packages could not be installed." "$network"
step "the sandbox itself" "$bin/uv" pip install --python "$bin/python" --no-deps --no-build-isolation --compile-bytecode -e . ||
  fail "The sandbox could not be installed." "$network"
# Python finds *.localhost as browsers do (sandbox/localhost.py).
echo "import sandbox.localhost" >"$("$bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/sandbox-localhost.pth"
for part in sandbox.stack.node_packages sandbox.emulator.access.build_catalogue; do
  file=$(echo "$part" | tr . /).py
  [ -f "$file" ] || continue
  step "$(sed -n '1s/^"""\(.*\)$/\1/p' "$file" | sed 's/"""$//; s/\.$//')" "$bin/python" -m "$part" || fail "$part failed." "$network"
done
if [ "${1:-}" = dev ]; then
  step "clients of the tests" "$bin/python" requirements/npm_dev.py || fail "The tests' clients could not be installed." "$network"
fi
touch "$venv/.ready"
[ "${1:-}" = dev ] && touch "$venv/.ready-dev"
echo "The sandbox is set up. 'make' lists what you can do; 'make lab-1' starts the first lab."
