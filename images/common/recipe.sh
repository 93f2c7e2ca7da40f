# SPDX-License-Identifier: MIT
# Contains what image recipes share: Debian's sources as this machine's apt knows
# them, a root file system from them, an ext4 file from a folder (no loop device, no
# mount), and small initrds. Recipes and scripts of ci/ source this file; it is not run.
# The same packages give the same bytes, on any day and in any folder: an image's
# digest is a condition, and machines that build it have the same counts.

set -euo pipefail
umask 022
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin # the PATH of services and cron ends before
recipe_dir=$(cd "$(dirname "$0")" && pwd)
recipe_name=${LAB_NAME:-$(basename "$recipe_dir")} # several images may have one recipe
suite=${LAB_SUITE:-bookworm}

# All files made here have this time, in seconds; exact guests start at it (domain_xml.cpp).
epoch=1767225600

say() { printf '%s: %s\n' "$recipe_name" "$*" >&2; }
fail() { printf '%s: error: %s\n' "$recipe_name" "$*" >&2; exit 3; }

# begin OUTDIR TOOL...: checks the environment; sets out= and work= (cleared at exit). `work` is in memory where
# there is enough (LAB_MEMORY_MIB, which lab sets): some disks take a minute to write a system's small files, and half
# a minute to delete them. The recipe then starts anew with mounts of its own, which end with it however it ends.
enough_memory_mib=6144 # a system, its file system and its disk; two recipes may run at a time
begin() {
	[ $# -ge 1 ] && [ -n "$1" ] || { echo "usage: $0 OUTDIR" >&2; exit 2; }
	mkdir -p "$1"
	out=$(cd "$1" && pwd)
	shift
	[ "$(id -u)" = 0 ] || fail "needs root (file owners, mmdebstrap --mode=root)"
	local tool
	for tool in "$@"; do
		command -v "$tool" >/dev/null || fail "'$tool' is not installed"
	done
	if [ -z "${LAB_IN_MEMORY:-}" ] && [ "${LAB_MEMORY_MIB:-0}" -ge $enough_memory_mib ] &&
		unshare --mount true 2>/dev/null; then
		LAB_IN_MEMORY=yes exec unshare --mount "$0" "$out"
	fi
	work=$(mktemp -d "$out/.work.XXXXXX")
	trap 'umount --lazy "$work" 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT
	trap 'exit 143' TERM INT HUP
	[ -z "${LAB_IN_MEMORY:-}" ] || mount -t tmpfs -o "mode=700,size=$((LAB_MEMORY_MIB / 2))M" lab "$work" || true
	touch "$work/begin"
}

# Sets kit, and release to that of its one kernel (see kvm-patch/fetch-kit).
find_kit() {
	kit=${LAB_KIT:?LAB_KIT must name the kernel kit}
	local dirs=("$kit"/lib/modules/*/)
	[ -d "${dirs[0]}" ] || fail "no modules in the kernel kit '$kit'"
	release=$(basename "${dirs[0]}")
	[ -f "$kit/boot/vmlinuz-$release" ] || fail "no kernel in the kit '$kit'"
}

debian_sources() {
	local format='deb $(REPO_URI) $(RELEASE) $(COMPONENT)'
	if [ "$suite" != "$(machine_suite)" ]; then
		exchanged_sources
		return
	fi
	apt-get indextargets --format "$format" "Created-By: Packages" "Origin: Debian" |
		{ grep -E " $suite(-updates|-security)? " || true; } | sort -u
}

machine_suite() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release; }

# Prints this machine's Debian sources with the suite's name exchanged, as kvm-patch/suite.sh does.
# Suites are signed by different keys, all in one keyring; old suites' lists have expired.
exchanged_sources() {
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg options="check-valid-until=no"
	[ ! -e "$keyring" ] || options+=" signed-by=$keyring"
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		awk -v suite="$suite" -v own="$(machine_suite)" -v options="$options" '
			$3 != "main" || !match($2, "^(" own "|(old)*stable|testing|sid|unstable)(-security)?$") { next }
			{ security = $2 ~ /-security$/ }
			security && suite == "sid" { next }
			{ print "deb [" options "] " $1 " " suite (security ? "-security" : "") " main" }' |
		sort -u
}

# suite_apt PROGRAM ARGUMENT...: runs apt-get or apt-cache with the suite's lists. Those of another
# suite than this machine's are read into $work.
suite_apt() {
	local state="$work/apt/$suite"
	[ "$suite" != "$(machine_suite)" ] || { "$@"; return; }
	[ -e "$state/apt.conf" ] || (
		# shellcheck source=../../kvm-patch/suite.sh
		. "$(dirname "${BASH_SOURCE[0]}")/../../kvm-patch/suite.sh"
		use_suite "$suite" "$work"
	) || fail "the lists of '$suite' cannot be had"
	"$1" -c "$state/apt.conf" "${@:2}"
}

# unpack_package NAME FOLDER [PATTERN...]: unpacks the suite's package, or its files that match.
unpack_package() {
	(cd "$work" && suite_apt apt-get download -q -o APT::Sandbox::User=root "$1" >&2) ||
		fail "cannot download $1"
	mkdir -p "$2"
	dpkg-deb --fsys-tarfile "$work/$1"_*.deb | tar -x -C "$2" ${3:+--wildcards} "${@:3}"
}

# Prints the settings of this machine's apt that decide whether its sources can be used.
apt_options() {
	local name value
	for name in Acquire::Check-Valid-Until Acquire::Check-Date \
		Acquire::http::Proxy Acquire::https::Proxy; do
		value=
		eval "$(apt-config shell value "$name")"
		[ -z "$value" ] || printf -- '--aptopt=%s "%s"\n' "$name" "$value"
	done
}

# Prints the package names of a list file, joined by commas; '#' starts a comment.
package_list() { sed 's/#.*//' "$1" | tr -s ' \t\n' ',' | sed 's/^,//; s/,$//'; }

# bootstrap ROOT [mmdebstrap option...]: installs the recipe's packages of the suite, and none that
# are only recommended.
bootstrap() {
	local root=$1 sources options
	shift
	sources=$(debian_sources)
	[ -n "$sources" ] || fail "apt has no Debian source for '$suite' (run apt-get update)"
	mapfile -t options < <(apt_options)
	say "installing packages of $suite"
	mmdebstrap --quiet --mode=root --variant=apt --format=directory \
		--aptopt='APT::Install-Recommends "false"' "${options[@]}" \
		--include="$(package_list "$recipe_dir/packages")" \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-include=/usr/share/doc/*/copyright' \
		"$@" "$suite" "$root" - <<<"$sources" >&2 || fail "mmdebstrap failed"
}

# Puts a recipe's files/ over a root, as root's.
overlay_files() { cp -R --no-preserve=ownership "$recipe_dir/files/." "$1/"; }

# Removes all traces of this machine and of the time: keys, identity and caches, which a system
# makes anew, sources and settings of this machine's apt, logs, backups, and the day of each
# password.
clean_up() {
	local root=$1
	rm -f "$root"/etc/ssh/ssh_host_* "$root/var/lib/dbus/machine-id" "$root/var/lib/systemd/random-seed"
	: >"$root/etc/machine-id"
	rm -rf "$root"/var/lib/apt/{lists,extended_states}* "$root"/var/cache/{apt,ldconfig}/*
	mkdir -p "$root"/var/lib/apt/lists/partial "$root"/var/cache/apt/archives/partial
	rm -rf "$root"/var/log/{*.log,apt}
	find "$root/var/log" -type f -exec truncate -s 0 {} +
	rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap"
	: >"$root/etc/apt/sources.list"
	[ -L "$root/etc/resolv.conf" ] || rm -f "$root/etc/resolv.conf"
	rm -f "$root"/etc/{passwd,group,shadow,gshadow,subuid,subgid}- "$root"/var/{lib/dpkg,cache/debconf}/*-old
	sed -i -E "s/^([^:]*:[^:]*:)[0-9]+:/\1$((epoch / 86400)):/" "$root/etc/shadow"
}

# set_times FOLDER: gives one time to all files made since `begin`. Files of packages keep their
# own, as Python compares it with what it has compiled.
set_times() { find "$1" -newer "$work/begin" -exec touch -h -d "@$epoch" {} +; }

# Prints a UUID that follows from the image's name and a word.
uuid_for() {
	sha256sum <<<"$recipe_name $1" | sed -E 's/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/\1-\2-\3-\4-\5/'
}

# make_ext4 ROOT FILE SIZE LABEL [mke2fs option...]: makes a file system of the folder ROOT.
make_ext4() {
	local root=$1 file=$2 size=$3 label=$4
	shift 4
	say "writing ext4 '$label'"
	rm -f "$file"
	set_times "$root"
	E2FSPROGS_FAKE_TIME=$epoch mke2fs -q -t ext4 -L "$label" -m 0 -U "$(uuid_for "$label")" \
		-E "hash_seed=$(uuid_for hash),lazy_itable_init=1,lazy_journal_init=1" \
		"$@" -d "$root" "$file" "$size" >&2 || fail "mke2fs failed"
	set_inode_times "$file"
}

# Sets the times that no program can set on a file; mke2fs copies them from the folder's files.
set_inode_times() {
	local total free inode
	read -r total free < <(dumpe2fs -h "$1" 2>/dev/null |
		awk '/^Inode count:/ { total = $3 } /^Free inodes:/ { print total, $3 }')
	for inode in 2 $(seq 11 $((total - free))); do # the root's, and those after the reserved ones
		printf 'set_inode_field <%d> %s @%d\n' "$inode" atime "$epoch" "$inode" ctime "$epoch"
	done >"$work/times"
	E2FSPROGS_FAKE_TIME=$epoch debugfs -w -f "$work/times" "$1" >"$work/times.log" 2>&1 ||
		fail "debugfs cannot set times"
}

# module_files BASE RELEASE MODULE...: prints the modules' files with all they need,
# in loading order, relative to BASE/lib/modules/RELEASE.
module_files() {
	local base=$1 release=$2
	shift 2
	modprobe -d "$base" -S "$release" --show-depends --ignore-install -a "$@" |
		awk -v folder="/lib/modules/$release/" '
			$1 == "insmod" {
				file = substr($2, index($2, folder) + length(folder))
				if (!seen[file]++) print file
			}'
}

# Prints the path of the suite's static busybox, which a guest runs.
find_busybox() {
	if [ "$suite" = "$(machine_suite)" ]; then
		command -v busybox
	else
		unpack_package busybox-static "$work/busybox"
		find "$work/busybox" -type f -path '*/bin/busybox'
	fi
}

# make_initrd BASE RELEASE INIT FILE MODULE...: makes FILE of busybox, the modules and INIT.
make_initrd() {
	local base=$1 release=$2 init=$3 file=$4
	shift 4
	initrd_tree "$base" "$release" "$init" "$@"
	initrd_file "$file"
}

# initrd_tree BASE RELEASE INIT MODULE...: makes the same as a folder, $work/initrd.
initrd_tree() {
	local base=$1 release=$2 init=$3 tree="$work/initrd" path
	shift 3
	rm -rf "$tree"
	mkdir -p "$tree"/{bin,sbin,dev,proc,sys,run,tmp,root,modules}
	cp "$(find_busybox)" "$tree/bin/busybox"
	install -m 755 "$init" "$tree/init"
	module_files "$base" "$release" "$@" >"$work/modules"
	[ -s "$work/modules" ] || fail "no modules for the initrd"
	while read -r path; do
		strip --strip-debug -o "$tree/modules/$(basename "$path")" \
			"$base/lib/modules/$release/$path"
		basename "$path" >>"$tree/modules/order"
	done <"$work/modules"
	mknod -m 600 "$tree/dev/console" c 5 1
}

# initrd_file FILE: packs $work/initrd uncompressed: it is a few MB, and under emulation unpacking
# costs more than reading.
initrd_file() {
	set_times "$work/initrd"
	(cd "$work/initrd" && find . -print0 | sort -z |
		cpio --quiet --null -o -H newc --owner=0:0 --reproducible) >"$1"
}

# unpack_kernel BZIMAGE FILE: writes the ELF kernel inside, which QEMU starts by PVH
# without unpacking it in the (emulated) guest. Fails where no xz or zstd stream contains one.
unpack_kernel() {
	local offset
	for offset in $(grep -abFo $'\xfd7zXZ' "$1" | cut -d: -f1); do
		! unpack_at "$1" "$offset" "$2" xz || return 0
	done
	command -v zstd >/dev/null || return 1
	for offset in $(grep -abFo $'\x28\xb5\x2f\xfd' "$1" | cut -d: -f1); do
		! unpack_at "$1" "$offset" "$2" zstd || return 0
	done
	return 1
}

# unpack_at FILE OFFSET TO PROGRAM: is true where an ELF file was unpacked. PROGRAM's error is
# ignored, as what follows the stream always causes one.
unpack_at() {
	tail -c "+$(($2 + 1))" "$1" | "$4" -dc 2>/dev/null >"$3" || true
	[ "$(head -c 4 "$3" | tail -c 3)" = ELF ]
}
