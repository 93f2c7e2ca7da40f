// SPDX-License-Identifier: MIT
// Tests files of the user's own: kernels, images and emulators instead of lab's.
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Yours : public LabTest {
 protected:
  Finished run(const std::string& scenario, std::vector<std::string> more) const {
    std::vector<std::string> words{"run",     scenario, "--on",     "svm",
                                   "--store", store(),  "--format", "json"};
    words.insert(words.end(), more.begin(), more.end());
    return lab(words);
  }
};

// Runs tiny with Debian's generic kernel, and an initrd that has its modules.
TEST_F(Yours, AKernelAndItsInitrdBootAndAreConditions) {
  const fs::path other = image_folder("tiny-generic");
  const fs::path kernel = folder() / "bzImage";
  fs::copy_file(other / "vmlinuz", kernel);
  const Finished done = run(write_tiny(), {"--set", "guest.kernel=" + kernel.string(), "--set",
                                           "guest.initrd=" + (other / "initrd").string()});
  ASSERT_EQ(done.exit_code, 0) << done.errors;
  const json conditions = trials_of(done).at(0).at("conditions");
  const std::string release = conditions.at("guest_kernel");
  EXPECT_THAT(release, testing::Not(HasSubstr("cloud")));
  EXPECT_THAT(conditions.at("guest_kernel_file").get<std::string>(), StartsWith(release + " "));
  EXPECT_THAT(conditions.at("guest_kernel_file").get<std::string>(),
              HasSubstr(", sha256:" + base::sha256_file(kernel)));
  EXPECT_EQ(conditions.at("guest_initrd_file"), "sha256:" + base::sha256_file(other / "initrd"));
}

// Uses this machine's own kernel packages, which apt fetches.
TEST_F(Yours, NightlyAFolderOfDebiansPackagesIsAKernel) {
  const fs::path debs = folder() / "debs";
  fs::create_directory(debs);
  const base::Outcome fetched = base::run(
      {.argv = {
           "bash", "-euc",
           "cd \"$1\"\n"
           "depends() { apt-cache depends \"$1\" | sed -n 's/^ *Depends: //p' | grep -E \"$2\"; }\n"
           "image=$(depends linux-image-amd64 '^linux-image-')\n"
           "release=${image#linux-image-}\n"
           "version=$(apt-cache show --no-all-versions $image | sed -n 's/^Version: //p')\n"
           "apt-get download -q $image linux-headers-$release"
           " linux-source-$(grep -oE '^[0-9]+\\.[0-9]+' <<<$release)=$version"
           " $(depends linux-headers-$release '^linux-(headers-.*-common|kbuild-.*)$') >&2\n"
           "echo $release",
           "fetch", debs}});
  ASSERT_EQ(fetched.exit_code, 0) << fetched.errors;
  const Finished done = run(write_tiny(), {"--set", "kvm.kernel=" + debs.string()});
  ASSERT_EQ(done.exit_code, 0) << done.errors;
  const json conditions = trials_of(done).at(0).at("conditions");
  EXPECT_EQ(conditions.at("outer_kernel").get<std::string>() + "\n", fetched.output);
  EXPECT_EQ(conditions.at("kvm_source").get<std::string>().size(), 12u);
}

// Uses Debian 12's disk as a file of the user's own.
TEST_F(Yours, AnImageIsNamedByItsPathOrAsItWasAdded) {
  fs::copy_file(image_folder("debian-12") / "disk.qcow2", folder() / "my.qcow2");
  // With the image's name half of a boot is enough to see that it is the same disk.
  const auto scenario = [&](const std::string& until) {
    return write(until + ".yaml",
                 "version: 1\nname: own\nimage: ./my.qcow2\n"
                 "guest: {memory: 768 MiB}\nsteps:\n  - boot: {until: " +
                     until + "}\n")
        .string();
  };
  const How mine{.environment = {{"XDG_CONFIG_HOME", (folder() / "config").string()}},
                 .limit = std::chrono::minutes(15)};
  ASSERT_EQ(lab({"image", "add", "mine", (folder() / "my.qcow2").string()}, mine).exit_code, 0);
  for (const bool by_name : {false, true}) {
    std::vector<std::string> words{"run",     scenario(by_name ? "reader" : "multi-user"),
                                   "--on",    "svm",
                                   "--exact", "--store",
                                   store(),   "--format",
                                   "json"};
    if (by_name) words.insert(words.end(), {"--set", "image=mine"});
    const Finished done = lab(words, mine);
    ASSERT_EQ(done.exit_code, 0) << done.errors;
    const json trial = trials_of(done).at(0);
    for (const json& check : trial.at("checks")) EXPECT_TRUE(check.at("ok")) << check.dump(1);
    EXPECT_EQ(trial.at("conditions").at("image"), by_name ? "mine" : "my.qcow2");
  }
}

// Uses lab's own QEMU, which the outer VM lacks, with Debian's SeaBIOS of this machine.
TEST_F(Yours, AnEmulatorAndAFirmwareGoAlong) {
  const fs::path emulator = "/usr/local/lib/lab/emulators/qemu/qemu-system-x86_64";
  const fs::path firmware = "/usr/share/seabios/bios-256k.bin";
  const Finished done = run(write_tiny(), {"--set", "guest.emulator=" + emulator.string(), "--set",
                                           "guest.firmware=" + firmware.string()});
  ASSERT_EQ(done.exit_code, 0) << done.errors;
  const json conditions = trials_of(done).at(0).at("conditions");
  EXPECT_THAT(conditions.at("guest_qemu").get<std::string>(),
              HasSubstr(", sha256:" + base::sha256_file(fs::canonical(emulator))));
  EXPECT_EQ(conditions.at("firmware"), "bios-256k.bin, sha256:" + base::sha256_file(firmware));
}

TEST_F(Yours, WhatIsNoKernelIsRefusedBeforeAnythingBoots) {
  write("kernel", "no kernel");
  const std::string scenario = write_tiny("matrix: {guest.kernel: [image, kernel]}\n");
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"validate", scenario}, {"run", scenario, "--on", "svm"}}) {
    const Finished done = lab(command);
    EXPECT_EQ(done.exit_code, 2);
    EXPECT_THAT(done.errors, HasSubstr("guest.kernel '" + (folder() / "kernel").string() +
                                       "': it is no kernel for x86 (bzImage)"));
    EXPECT_THAT(done.errors, HasSubstr("hint: a bzImage"));
  }
}

}  // namespace
}  // namespace lab::e2e
