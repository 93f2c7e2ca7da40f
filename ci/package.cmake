# SPDX-License-Identifier: MIT
# Installs lab's parts, and configures its Debian package, which ci/package/build makes.

# The build tree's lab finds its parts as an installed one does: beside itself (orchestrator/base/files/folders).
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/share ${PROJECT_BINARY_DIR}/lib/lab)
file(CREATE_LINK ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/share/lab SYMBOLIC)
foreach(part ${PROJECT_BINARY_DIR}/images/reader/lab-reader ${PROJECT_SOURCE_DIR}/ci/emulators)
  get_filename_component(name ${part} NAME)
  file(CREATE_LINK ${part} ${PROJECT_BINARY_DIR}/lib/lab/${name} SYMBOLIC)
endforeach()

install(TARGETS lab DESTINATION bin)
install(PROGRAMS ${PROJECT_BINARY_DIR}/images/reader/lab-reader DESTINATION lib/lab)
install(DIRECTORY ci/emulators DESTINATION lib/lab USE_SOURCE_PERMISSIONS)
install(DIRECTORY kvm-patch images scenarios DESTINATION share/lab USE_SOURCE_PERMISSIONS
        PATTERN images/reader EXCLUDE   # built
        PATTERN COPYING EXCLUDE)        # Debian has it
install(FILES ci/nightly.conf ci/nightly-boot.yaml DESTINATION share/lab/ci)
install(FILES README.md ARCHITECTURE.md CHANGELOG.md ci/package/README.Debian ci/package/copyright
        DESTINATION share/doc/lab)
install(FILES ci/package/lintian-overrides DESTINATION share/lintian/overrides RENAME lab)

# Debian's own changelog refers to the project's.
set(LAB_MAINTAINER "the lab authors <lab@lab.invalid>" CACHE STRING "whom the Debian package names")
string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/package/changelog CONTENT
"lab (@PROJECT_VERSION@) unstable; urgency=medium

  * See CHANGELOG.md.

 -- @LAB_MAINTAINER@  @now@
" @ONLY)

# made(WHAT FILE): installs what `lab WHAT` prints as FILE.
function(made what file)
  install(CODE "
    set(file \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${file}\")
    get_filename_component(folder \"\${file}\" DIRECTORY)
    file(MAKE_DIRECTORY \"\${folder}\")
    separate_arguments(what UNIX_COMMAND \"${what}\")
    execute_process(COMMAND \"$<TARGET_FILE:lab>\" \${what} OUTPUT_FILE \"\${file}\" COMMAND_ERROR_IS_FATAL ANY)")
endfunction()
made("man" share/man/man1/lab.1)
made("completion bash" share/bash-completion/completions/lab)
made("completion zsh" share/zsh/vendor-completions/_lab)
install(FILES ${PROJECT_BINARY_DIR}/package/changelog DESTINATION share/doc/lab)
install(CODE "execute_process(COMMAND gzip -9nf
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/doc/lab/changelog\"
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/man/man1/lab.1\" COMMAND_ERROR_IS_FATAL ANY)
  # Whoever's umask made the clone.
  execute_process(COMMAND chmod -R u=rwX,go=rX \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/lab\"
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/doc/lab\"
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/lab\" COMMAND_ERROR_IS_FATAL ANY)")

set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # the tests are not part of it
set(CPACK_GENERATOR DEB)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ
    GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGE_CONTACT "${LAB_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "count the VM exits of KVM guests, by reason")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "lab starts an outer virtual machine whose KVM it patches, boots guests
in it through libvirt, and counts their exits: how many, of which kinds,
at what cost. The counts are read inside the guest by CPUID, and proved
against the host's view.
.
It needs no hardware virtualization: the outer machine may be emulated,
with AMD's or Intel's extensions. Baselines, statistics and reports tell
what changed since yesterday.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# lab and its scripts start these programs; those of kvm-patch/ and of images/ have lines of their own.
string(CONCAT CPACK_DEBIAN_PACKAGE_DEPENDS
       "qemu-system-x86, qemu-utils, libvirt-daemon-system, libvirt-daemon-driver-qemu, libvirt-clients, "
       "make, gcc, binutils, coccinelle, libelf1, bc, xz-utils, kmod, debian-archive-keyring, "
       "mmdebstrap, e2fsprogs, eatmydata, fdisk, cpio, busybox-static, zstd, supermin, xorriso, grub-common, grub-pc-bin")
# These are for site vmx, images by URL, kernel trees of the user's (git also for who accepts a baseline), and
# lib/lab/emulators.
string(CONCAT CPACK_DEBIAN_PACKAGE_RECOMMENDS
       "bochs, bochsbios, bochs-sdl, vgabios, ca-certificates, gpgv, git, flex, bison, libelf-dev, "
       "dpkg-dev, g++, libglib2.0-dev, libseccomp-dev, ninja-build, pkg-config, python3, python3-venv")
include(CPack)

add_test(NAME package COMMAND ${PROJECT_SOURCE_DIR}/ci/package/test ${PROJECT_BINARY_DIR} --cached)
set_tests_properties(package PROPERTIES LABELS package RUN_SERIAL TRUE TIMEOUT 1800 FIXTURES_REQUIRED images)
add_test(NAME package_uncached COMMAND ${PROJECT_SOURCE_DIR}/ci/package/test ${PROJECT_BINARY_DIR})
set_tests_properties(package_uncached PROPERTIES LABELS nightly RUN_SERIAL TRUE TIMEOUT 3600)
# Test Debian 13 as the host: its package, and the first command of README.md from a fresh clone.
add_test(NAME package_trixie COMMAND ${PROJECT_SOURCE_DIR}/ci/package/test ${PROJECT_BINARY_DIR} trixie)
add_test(NAME fresh_trixie COMMAND ${PROJECT_SOURCE_DIR}/ci/fresh trixie)
add_test(NAME fresh_bookworm COMMAND ${PROJECT_SOURCE_DIR}/ci/fresh bookworm)
add_test(NAME fresh_trixie_vmx COMMAND ${PROJECT_SOURCE_DIR}/ci/fresh trixie
                                       ci/lab run scenarios/boot-count.yaml --set image=tiny --on vmx)
# Test the container for other distributions, and the shipped workflow's steps, as a runner has them.
add_test(NAME container COMMAND ${PROJECT_SOURCE_DIR}/ci/container)
add_test(NAME workflow COMMAND sh -ec "cd \"$1\"; ci/fresh bookworm bash -c \"$(ci/act .github/workflows/nightly.yml)\""
                               sh ${PROJECT_SOURCE_DIR})
set_tests_properties(package_trixie fresh_trixie fresh_trixie_vmx fresh_bookworm container workflow
                     PROPERTIES LABELS nightly RUN_SERIAL TRUE TIMEOUT 7200)
