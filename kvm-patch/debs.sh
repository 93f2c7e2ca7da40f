# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Unpacks a kernel's packages into the layout of a kit: a root's with boot, lib/modules and usr/src,
# and KVM's source in `source`. fetch-kit and deb-kit source this file; it is not run.

# unpack_deb FILE KIT: unpacks a package without its usr/share and etc.
unpack_deb() {
    dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --exclude='./usr/share' --exclude='./etc'
}

# unpack_source FILE KIT: unpacks KVM's part of a linux-source package, which contains one archive.
unpack_source() {
    local archive
    archive=$(dpkg-deb --fsys-tarfile "$1" | tar -t | grep -E '/linux-source-[^/]*\.tar\.(xz|gz|bz2|zst)$' | head -n 1) ||
        refuse "'$1' has no archive of the source"
    mkdir "$2/source"
    dpkg-deb --fsys-tarfile "$1" | tar -xO "$archive" |
        tar -x "$(unpacker "$archive")" -C "$2/source" --strip-components=1 --wildcards \
            --no-wildcards-match-slash '*/Makefile' '*/arch/x86/kvm' '*/virt/kvm'
}

unpacker() {
    case $1 in
    *.xz) echo --xz ;;
    *.gz) echo --gzip ;;
    *.bz2) echo --bzip2 ;;
    *.zst) echo --zstd ;;
    esac
}

# arrange KIT: moves the modules to lib, where all kits have them (packages: usr/lib since trixie).
arrange() {
    if [ -d "$1/usr/lib/modules" ]; then
        mkdir -p "$1/lib"
        mv "$1/usr/lib/modules" "$1/lib/modules"
    fi
}

# arrange_boot KIT RELEASE: moves the kernel to boot (packages since 7.x: among the modules).
arrange_boot() {
    local name
    mkdir -p "$1/boot"
    for name in vmlinuz config; do
        [ -e "$1/boot/$name-$2" ] || mv "$1/lib/modules/$2/$name" "$1/boot/$name-$2"
    done
}

# relocate KIT RELEASE: makes the paths in Debian's headers relative, so that the kit works wherever
# it lies: they name their common part, and since 6.13 themselves (KBUILD_OUTPUT), by absolute
# paths. With another KBUILD_OUTPUT than the folder that make is called in, outputs land in the
# headers. Headers of another maker are a whole, or have links to their common part.
relocate() {
    local headers=$1/usr/src/linux-headers-$2 common
    common=$(sed -n 's,^include /usr/src/\(linux-headers-[^/]*\)/Makefile$,\1,p' "$headers/Makefile")
    ln -sfn "../../../usr/src/linux-headers-$2" "$1/lib/modules/$2/build"
    [ -n "$common" ] || return 0
    {
        # shellcheck disable=SC2016 # make's own expressions
        echo 'lab_headers := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))'
        # shellcheck disable=SC2016
        ! grep -q '^KBUILD_OUTPUT' "$headers/Makefile" || echo 'KBUILD_OUTPUT := $(lab_headers)'
        # shellcheck disable=SC2016
        echo "include \$(lab_headers)/../$common/Makefile"
    } >"$1/Makefile"
    mv "$1/Makefile" "$headers/Makefile"
    ln -sfn "../../../usr/src/$common" "$1/lib/modules/$2/source"
}
