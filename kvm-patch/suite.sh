# SPDX-License-Identifier: GPL-2.0
#
# Contains what the scripts here share: messages, and the packages of any Debian suite
# by an apt state of lab's own (CACHE/apt/SUITE), so that the machine's is neither
# needed nor changed. Other scripts source this file; it is not run.

set -euo pipefail
export LC_ALL=C
umask 022
script=$(basename "$0")
patch=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() { echo "$script: error: $*" >&2; exit 3; }
# Ends with 1: the user's kernel tree does not build, but another commit of it may.
fail_tree() { echo "$script: error: $*" >&2; exit 1; }
# Ends with 2, which is the caller's mistake in all of lab.
refuse() { echo "$script: error: $*" >&2; exit 2; }
hint() { echo "hint: $*" >&2; }

# with_us SIGNAL PROGRAM...: runs a program that gets the signal when this script ends, even by
# kill -9. make passes a TERM on to its jobs; without it they would go on, and hold this script's
# locks.
with_us() { setpriv --pdeathsig "$@"; }

# make_kit_once KIT FUNCTION ARGUMENT...: makes the kit's folder by the function, whole or not at
# all; does nothing where it exists.
make_kit_once() {
    local kit=$1 work
    [ ! -e "$kit/info.json" ] || return 0
    mkdir -p "$(dirname "$kit")"
    work=$(mktemp -d "$(dirname "$kit")/.making-XXXXXX")
    # shellcheck disable=SC2064 # the folder of now
    trap "rm -rf '$work'" EXIT
    chmod 755 "$work"
    "$2" "$work" "${@:3}"
    record_sizes "$work"
    sync -f "$work" # else a power cut may leave the name and empty files
    # Another lab may have been quicker; its kit is as good as this one.
    mv -T "$work" "$kit" 2>/dev/null || [ -e "$kit/info.json" ] || fail "cannot make '$kit'"
}

# record_sizes FOLDER: writes the sizes of its files, as orchestrator/base/files/sizes.cpp does.
record_sizes() { (cd "$1" && find . -type f ! -path ./.sizes -printf '%s %P\n' | sort >.sizes); }

json_field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$2"; }

# need_tools "PROGRAM PACKAGE"...: fails where a program is missing, with its package as the hint.
need_tools() {
    local tool
    for tool; do
        command -v "${tool% *}" >/dev/null && continue
        hint "apt-get install ${tool#* }"
        fail "'${tool% *}' is not installed"
    done
}

machine_suite() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release; }

# Prints the suites in the order in which a series is searched: this machine's, then older ones
# first.
suites() {
    local own
    own=$(machine_suite)
    printf '%s\n' "$own" bullseye bookworm trixie sid | awk 'NF && !seen[$1]++'
}

# Prints the machine's own Debian sources for another suite. Each suite is signed by
# other keys, but all are in one keyring. Old suites' lists have expired, and sid's
# do within a week.
sources_of() {
    local own keyring=/usr/share/keyrings/debian-archive-keyring.gpg options="arch=amd64"
    own=$(machine_suite)
    [ ! -e "$keyring" ] || options+=" signed-by=$keyring"
    [ "$1" = "$own" ] || options+=" check-valid-until=no"
    # shellcheck disable=SC2016 # apt's own expressions
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk -v suite="$1" -v own="$own" -v options="$options" '
            $3 != "main" || !match($2, "^(" own "|(old)*stable|testing|sid|unstable)(-security)?$") { next }
            { security = $2 ~ /-security$/ }
            security && suite == "sid" { next }
            { print "deb [" options "] " $1 " " suite (security ? "-security" : "") " main" }' |
        sort -u
}

write_apt_conf() {
    local dir=$1
    cat >"$dir/apt.conf.new" <<END
Dir::State "$dir/state/";
Dir::State::lists "$dir/state/lists/";
Dir::State::status "/dev/null";
Dir::Cache "$dir/cache/";
Dir::Cache::archives "$dir/cache/archives/";
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "root";
APT::Get::List-Cleanup "true";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
END
    sync "$dir/apt.conf.new"
    mv "$dir/apt.conf.new" "$dir/apt.conf"
}

# Prints the suite's kernels that can be built, as image, headers and source exist in
# one version: lines "RELEASE VERSION SUITE COMPILER DEFAULT", newest first. DEFAULT is
# "default" for the one that linux-image-amd64 depends on, otherwise "-". Real-time
# kernels are left out.
list_kernels() {
    local suite=$1 dir=$2 file
    # shellcheck disable=SC2016 # apt's own expressions
    apt-get -c "$dir/apt.conf" indextargets --format '$(FILENAME)' 'Created-By: Packages' |
        while read -r file; do /usr/lib/apt/apt-helper cat-file "$file"; done |
        awk -v suite="$suite" -f "$patch/kernels.awk" | sort -k 2,2Vr -k 1,1 |
        awk '$5 == "default" && seen++ { $5 = "-" } { print }'
}

# use_suite SUITE CACHEDIR: sets apt_dir, after refreshing the suite's lists where
# they are missing, older than a day or older than the machine's sources. Where they
# cannot be refreshed, the old ones are used.
use_suite() {
    local suite=$1 lock
    apt_dir=$(realpath -m "$2/apt/$suite")
    mkdir -p "$apt_dir"/state/lists/partial "$apt_dir"/cache/archives/partial
    exec {lock}>"$apt_dir/lock"
    flock "$lock"
    if ! is_fresh; then refresh_suite "$suite"; fi
    exec {lock}>&-
}

is_fresh() {
    local kernels=$apt_dir/kernels
    [ -s "$kernels" ] && [ -n "$(find "$kernels" -mtime -1)" ] &&
        [ -z "$(find /etc/apt/sources.list /etc/apt/sources.list.d -newer "$kernels" 2>/dev/null)" ]
}

refresh_suite() {
    sources_of "$1" >"$apt_dir/sources.list"
    [ -s "$apt_dir/sources.list" ] || {
        hint "lab takes other suites from the machine's own source of $(machine_suite)/main"
        fail "apt has no Debian source from which '$1' could be had"
    }
    write_apt_conf "$apt_dir"
    echo "kernel kit: reading apt's lists of $1" >&2
    if ! apt-get -c "$apt_dir/apt.conf" update -q >"$apt_dir/update.log" 2>&1; then
        if [ -s "$apt_dir/kernels" ]; then
            echo "kernel kit: the lists of $1 cannot be refreshed: taking those of $(date -r "$apt_dir/kernels" +%F)" >&2
            return
        fi
        hint "see $apt_dir/update.log"
        fail "apt cannot read the lists of '$1': $(grep -m 1 '^[EW]:' "$apt_dir/update.log" || echo "no reason given")"
    fi
    list_kernels "$1" "$apt_dir" >"$apt_dir/kernels.new"
    [ -s "$apt_dir/kernels.new" ] || fail "apt's lists of '$1' have no kernel (see $apt_dir/update.log)"
    sync -f "$apt_dir" # with apt's own lists, which count as fresh as long as this one does
    mv "$apt_dir/kernels.new" "$apt_dir/kernels"
}
