# SPDX-License-Identifier: MIT
# Writes GRUB's BIOS boot code to a disk file, as grub-bios-setup does, but without a block device
# for grub-install to probe. The offsets are from GRUB 2.06's include/grub/i386/pc/boot.h.

# put_sector NUMBER OFFSET FILE: writes a little-endian 64-bit sector number.
put_sector() {
	local number=$1 bytes= i
	for ((i = 0; i < 8; i++)); do
		bytes+=$(printf '\\x%02x' $(((number >> (8 * i)) & 255)))
	done
	printf "$bytes" | dd of="$3" bs=1 seek="$2" conv=notrunc status=none
}

# install_boot_code ROOT DISK SECTOR LIMIT: writes core.img to SECTOR, at most LIMIT sectors, and
# boot.img into the first sector, beside the partition table.
install_boot_code() {
	local root=$1 disk=$2 sector=$3 limit=$4 modules=/usr/lib/grub/i386-pc
	chroot "$root" grub-mkimage -O i386-pc -d "$modules" -p '(,gpt1)/boot/grub' \
		-o /tmp/core.img biosdisk part_gpt ext2
	mv "$root/tmp/core.img" "$work/core.img"
	[ $(($(stat -c %s "$work/core.img") / 512)) -lt "$limit" ] || fail "GRUB's core is too large"
	put_sector $((sector + 1)) 500 "$work/core.img" # GRUB_BOOT_MACHINE_LIST_SIZE before the end
	dd if="$work/core.img" of="$disk" bs=512 seek="$sector" conv=notrunc status=none
	dd if="$root$modules/boot.img" of="$disk" bs=440 count=1 conv=notrunc status=none
	put_sector "$sector" 92 "$disk" # GRUB_BOOT_MACHINE_KERNEL_SECTOR
}
