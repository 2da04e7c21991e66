# shellcheck shell=bash disable=SC2034,SC2154
# What tools/quickstart and tools/test share: packages, configuring, building. Sourced by bash; the caller has set
# `program`, its own name for messages, and `root`, the repository.

source "$root/tools/lib/limits.sh"

# Debian packages, all that a build needs. The tests' framework is among them: every preset configures the tests.
build_packages=(
  g++ cmake ninja-build ccache      # tools
  libcaf-dev libssl-dev             # actors; their TLS
  libdnnl-dev                       # operators; its CMake package asks for the next two
  ocl-icd-opencl-dev opencl-headers
  libeigen3-dev                     # factorisations
  libboost-program-options-dev      # options of the program
  libxxhash-dev                     # sums over what crosses a network
  zlib1g-dev                        # data sets and checksums
  libpng-dev libjpeg62-turbo-dev    # images
  libzstd-dev                       # traces
  libsqlite3-dev                    # traces as a database
  nlohmann-json3-dev                # JSON that is read
  libfmt-dev                        # texts
  catch2
  libbenchmark-dev                  # benchmarks
)
# What tools/test needs besides.
test_packages=(clang-format git python3 python3-venv protobuf-compiler chromium)

# Paths in the tree are relative to the compiler cache, so that a second checkout of it compiles next to nothing.
export CCACHE_BASEDIR=${CCACHE_BASEDIR-$root} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR-1}

say() { printf '%s: %s\n' "$program" "$*"; }

fail() {
  printf '%s: %s\n' "$program" "$*" >&2
  exit 1
}

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# install_missing PACKAGE...: asks apt for those that are not installed; without any missing it touches no network.
install_missing() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "this is no Debian system, so nothing is installed; needed are what Debian calls: $*"
    return
  fi
  local missing=() name
  for name in "$@"; do is_installed "$name" || missing+=("$name"); done
  ((${#missing[@]})) || return 0

  local by_hand="apt-get install --no-install-recommends ${missing[*]}"
  local as_root=()
  say "installing with apt-get: ${missing[*]}"
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "that needs root, and there is no sudo. As root, run: $by_hand"
    as_root=(sudo)
    if [[ -t 0 ]]; then
      say "that needs root: sudo may ask for your password"
    else
      as_root+=(-n)
    fi
  fi
  as_root+=(env DEBIAN_FRONTEND=noninteractive)
  "${as_root[@]}" apt-get update -qq || say "apt-get update failed; trying with the package lists of before"
  "${as_root[@]}" apt-get install -qq -y --no-install-recommends "${missing[@]}" ||
    fail "could not install them. As root, run: apt-get update && $by_hand"
}

# One compiler a processor, but no more than memory holds: the largest files take up to 2 GiB each.
build_jobs() {
  local cores by_memory
  cores=$(usable_processors)
  by_memory=$(($(available_kib) / (2 * 1024 * 1024)))
  ((by_memory < 1)) && by_memory=1
  echo $((cores < by_memory ? cores : by_memory))
}

# run_quietly LOG COMMAND...: keeps the output in LOG and shows it only where the command fails.
run_quietly() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 || {
    cat "$log" >&2
    return 1
  }
}

# configure PRESET [CMAKE-OPTION]...: into build/PRESET.
configure() {
  local preset=$1
  shift
  (cd "$root" && run_quietly "build/$preset.configure.log" cmake --preset "$preset" "$@") ||
    fail "could not configure the preset '$preset' (the output is above and in build/$preset.configure.log)"
}

# build PRESET [TARGET]...
build() {
  local preset=$1
  shift
  local arguments=(--build "$root/build/$preset" --parallel "$(build_jobs)")
  (($#)) && arguments+=(--target "$@")
  cmake "${arguments[@]}" || fail "could not build the preset '$preset' (see above)"
}
