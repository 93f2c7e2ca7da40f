# SPDX-License-Identifier: MIT
# Makes a clean Debian in a folder by images/common/recipe.sh, which is sourced before. Its apt sources are this
# machine's, and so are the certificate authorities that it trusts. ci/package/test, ci/fresh, ci/nested and
# ci/container source this file; it is not run.

# make_clean_root ROOT [PACKAGES]: installs only apt of $suite, and the packages (joined by commas).
make_clean_root() {
	local root=$1 options
	say "a clean $suite"
	mapfile -t options < <(apt_options)
	mmdebstrap --quiet --mode=root --variant=apt --aptopt='APT::Install-Recommends "false"' \
		--dpkgopt=force-unsafe-io ${2:+--include="$2"} "${options[@]}" \
		"$suite" "$root" - < <(debian_sources) >&2 || fail "mmdebstrap could not make a '$suite'"
	cp /etc/resolv.conf "$root/etc/"
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # nothing starts by being installed
	chmod +x "$root/usr/sbin/policy-rc.d"
	trust_authorities "$root"
}

# make_package BUILD: sets deb to lab's package for $suite: that of the build tree BUILD where $suite is this machine's,
# else one of the last commit, built in a clean Debian of $suite.
make_package() {
	local ci builder=$work/builder
	ci=$(dirname "${BASH_SOURCE[0]}")
	if [ "$suite" = "$(machine_suite)" ]; then
		deb=$("$ci/package/build" "$1")
		return
	fi
	make_clean_root "$builder" ca-certificates,lintian
	git clone -q "file://$(cd "$ci/.." && pwd)" "$builder/root/lab"
	say "building it on $suite"
	run_in_root "$builder" '' /root/lab/ci/package/build >&2 || fail "the package could not be built on $suite"
	mv "$builder"/root/lab/build/release/package/lab_*.deb "$work/"
	rm -rf --one-file-system "$builder"
	deb=$(echo "$work"/lab_*.deb)
}

# trust_authorities ROOT: adds the authorities that were added to this machine's, as where a proxy reads https;
# npm downloads nothing without them. Does nothing in a root without ca-certificates.
trust_authorities() {
	local output
	[ -x "$1/usr/sbin/update-ca-certificates" ] || return 0
	find /usr/local/share/ca-certificates -name '*.crt' -exec cp -t "$1/usr/local/share/ca-certificates" {} +
	output=$(chroot "$1" update-ca-certificates 2>&1) || fail "$suite does not trust this machine's authorities: $output"
}

# run_in_root ROOT CACHE COMMAND...: runs the command in there, as root in an empty environment, and returns its
# exit code. CACHE is this machine's folder that is lab's cache in there; '' where there is none.
# The root has processes, mounts, /dev and /run of its own: packages change the owner of /dev/kvm, and if that were
# this machine's, its libvirtd would ask every emulator for its capabilities again. The root is the namespace's,
# not a chroot's: a process that enters a namespace (by setns, as libvirtd does to make a machine's /dev) leaves a
# chroot, and would see this machine's files. The network is this machine's, as packages are downloaded.
run_in_root() {
	local root=$1 cache=$2
	shift 2
	[ -z "$cache" ] || mkdir -p "$root/var/cache/lab"
	# shellcheck disable=SC2016 # the inner shell's
	unshare --mount --pid --ipc --uts --fork --kill-child --propagation private bash -euc '
		mount --bind "$1" "$1" # what is moved has to be a mount
		mount -t proc proc "$1/proc"
		mount --rbind /sys "$1/sys"
		mount -t tmpfs -o mode=755 tmpfs "$1/dev"
		for node in null zero full random urandom tty fuse kvm net loop-control loop0 loop1; do
			[ ! -e "/dev/$node" ] || cp -a "/dev/$node" "$1/dev/"
		done
		mkdir "$1/dev/pts" "$1/dev/shm"
		mount --bind /dev/pts "$1/dev/pts"
		mount -t tmpfs tmpfs "$1/dev/shm"
		ln -s /proc/self/fd "$1/dev/fd"
		ln -s fd/0 "$1/dev/stdin"
		ln -s fd/1 "$1/dev/stdout"
		ln -s fd/2 "$1/dev/stderr"
		ln -s pts/ptmx "$1/dev/ptmx"
		mount -t tmpfs tmpfs "$1/run"
		[ -z "$2" ] || mount --bind "$2" "$1/var/cache/lab"
		cd "$1"
		shift 2
		mount --move . /
		exec chroot . /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
			DEBIAN_FRONTEND=noninteractive "$@"' run "$root" "$cache" "$@"
}
