# shellcheck shell=bash disable=SC2154
# The tests' own Python, in build/python: the packages whose readers they hold the program's files against. Sourced by
# tools/test after setup.sh. tests/requirements.txt lists the packages; tests run it through tests/support/python.

python_home=$root/build/python
python_log=$root/build/python.log
python_missing=$root/build/python.missing # why packages are not there, one line: tests that skip say it
python_list=$root/tests/requirements.txt

# The names on the list, which are the same for pip and for import.
python_packages() { sed -E 's/#.*//; s/[[:space:]<>=!~;].*//; /^$/d' "$python_list"; }

# can_import PYTHON NAME...: whether all are found there. Loads none of them, so it takes no time.
can_import() {
  local python=$1
  shift
  "$python" -c 'import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, sys.argv[1:])))' "$@" \
    </dev/null 2>/dev/null
}

# One that was interrupted is not whole: the list is copied into it last.
python_is_whole() {
  local names
  mapfile -t names < <(python_packages)
  cmp -s "$python_list" "$python_home/requirements.txt" && can_import "$python_home/bin/python3" "${names[@]}"
}

miss_python() {
  printf '%s\n' "$*" >"$python_missing"
  return 1
}

# fetch_packages ARGUMENT...: as for pip install. Wheels only: building numpy takes longer than all else here.
fetch_packages() {
  "$python_home/bin/python3" -m pip install --no-input --disable-pip-version-check --retries 1 --only-binary=:all: "$@" \
    </dev/null >"$python_log" 2>&1 && return
  local unreachable='NewConnectionError|NameResolutionError|ProxyError|new connection|timed out|ConnectionReset|resolution'
  if grep -qE "$unreachable" "$python_log"; then
    miss_python "no package index can be reached (build/python.log tells more)"
  else
    miss_python "pip failed: $(grep '^ERROR' "$python_log" | tail -n 1) (build/python.log tells more)"
  fi
}

# The environment sees the packages of the Python beneath it, so that a torch need not be there twice. It is that of the
# path, or Debian's.
make_environment() {
  local base found=
  for base in python3 /usr/bin/python3; do
    can_import "$base" venv ensurepip && { found=$base; break; }
  done
  [[ -n $found ]] || miss_python "no Python 3 here can make an environment (Debian: python3-venv)" || return
  rm -rf "$python_home"
  "$found" -m venv --system-site-packages "$python_home" </dev/null >"$python_log" 2>&1 ||
    miss_python "$found -m venv failed: $(tail -n 1 "$python_log")"
}

make_python() {
  can_import "$python_home/bin/python3" pip || make_environment || return
  fetch_packages -r "$python_list" && cp "$python_list" "$python_home/requirements.txt"
}

# prepare_python WITH_TORCH: prints what came of it in one line. Fails where packages are missing for another reason than
# that no index can be reached, or where torch was asked for (1) and is not there.
prepare_python() (
  mkdir -p "$root/build"
  exec {lock}>"$root/build/python.lock"
  flock "$lock"
  rm -f "$python_missing"
  if ! python_is_whole; then
    say "installing into build/python what tests read files with: $(python_packages | paste -sd ' ')" >&2
    make_python || {
      echo "$(<"$python_missing"); tests that need its packages are skipped"
      (($1 == 0)) && grep -q '^no package index' "$python_missing"
      return
    }
  fi
  if can_import "$python_home/bin/python3" torch; then
    echo "ready, with torch"
    return
  fi
  (($1)) || { echo "ready, without torch (--with-torch)"; return; }
  say "installing torch into build/python: it is large" >&2
  fetch_packages torch || { echo "ready, without torch: $(<"$python_missing")"; rm -f "$python_missing"; return 1; }
  echo "ready, with torch"
)
