# Sourced by the scripts of this folder: messages, long steps, ccache, packages.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
mkdir -p build

say() { printf '== %s\n' "$*"; }
skip() { printf '== skipped: %s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# Objects are shared between clones and presets: paths are hashed relative to the repository, and
# the compiler by its content.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1 CCACHE_COMPILERCHECK=content
export CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-5G}

# step <title> <log> <command...>: runs quietly, shows how far it is, and shows the log's end only
# when the command fails.
step() {
  local title=$1 log=$2 started=$SECONDS shown=$SECONDS pid
  shift 2
  "$@" >"$log" 2>&1 &
  pid=$!
  # A background child does not hear Ctrl-C.
  # shellcheck disable=SC2064
  trap "kill $pid 2>/dev/null || true; exit 130" INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    if [[ -t 1 ]]; then
      printf '\r\033[K== %s: %d s  %.60s' "$title" $((SECONDS - started)) "$(tail -n 1 "$log" | tr -dc '[:print:]')"
      sleep 0.5
    else
      if ((SECONDS - shown >= 30)); then
        shown=$SECONDS
        printf '   %s: %d s  %.60s\n' "$title" $((SECONDS - started)) "$(tail -n 1 "$log" | tr -dc '[:print:]')"
      fi
      sleep 0.2
    fi
  done
  if [[ -t 1 ]]; then printf '\r\033[K'; fi
  trap - INT TERM
  if ! wait "$pid"; then
    tail -n 60 "$log" >&2
    die "$title failed; the whole log is $log"
  fi
  say "$title: $((SECONDS - started)) s"
}

# Packages by purpose. Boost and clang carry their version in the name; everything else is named alike
# on both systems.
package_sets() {
  local boost clang
  # shellcheck source=/dev/null
  case "$(. /etc/os-release 2>/dev/null && echo "${ID:-}:${VERSION_ID:-}")" in
    debian:12) boost=1.81 clang=19 ;;
    ubuntu:24.04) boost=1.83 clang=18 ;;
    *) return 1 ;;
  esac
  build_packages=(g++ cmake ninja-build ccache mold pkg-config
    libuv1-dev libcurl4-openssl-dev libssl-dev libnghttp2-dev libyaml-cpp-dev libspdlog-dev
    libfmt-dev librocksdb-dev libsimdjson-dev libexpected-dev libabsl-dev libzstd-dev liblz4-dev zlib1g-dev libjemalloc-dev
    "libboost$boost-dev" "libboost-json$boost-dev")
  test_packages=(libgtest-dev libgmock-dev openssl ca-certificates python3 spin)
  # For fuzzing, the clang build, the format check and clang-tidy. clang-format's output differs
  # between versions, so the house uses 14, which both systems have.
  tool_packages=("clang-$clang" "libclang-rt-$clang-dev" "clang-tidy-$clang" clang-format-14)
}

missing_packages() {
  local name
  for name in "$@"; do
    if [[ $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) != installed ]]; then
      echo "$name"
    fi
  done
}

# install_packages required|optional <names...>: one apt-get run for whatever is missing.
install_packages() {
  local need=$1 missing sudo=()
  shift
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      if [[ $need == optional ]]; then
        skip "installing ${missing[*]} (neither root nor sudo)"
        return 0
      fi
      die "these packages are missing, and there is neither root nor sudo to install them: ${missing[*]}"
    fi
    sudo=(sudo)
    sudo -v || die "sudo is needed to install: ${missing[*]}"
  fi
  local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0)
  say "installing ${#missing[@]} packages: ${missing[*]}"
  step "apt-get update" build/apt-update.log "${apt[@]}" update
  if [[ $need == optional ]]; then
    local known=() name policy
    for name in "${missing[@]}"; do
      # Not through a pipe: grep -q ends early, and pipefail would take apt-cache's SIGPIPE for a no.
      policy=$(apt-cache policy "$name" 2>/dev/null) || policy=
      if [[ $policy =~ Candidate:\ [^\(] ]]; then
        known+=("$name")
      else
        skip "installing $name (this system does not have it)"
      fi
    done
    missing=("${known[@]}")
    ((${#missing[@]})) || return 0
  fi
  step "apt-get install" build/apt-install.log "${apt[@]}" install --no-install-recommends "${missing[@]}"
}
