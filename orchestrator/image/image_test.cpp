// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <mutex>
#include <thread>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/image/download/fetch.hpp"
#include "orchestrator/image/manifest.hpp"
#include "orchestrator/image/overlay.hpp"
#include "orchestrator/image/prepare/prepare.hpp"
#include "orchestrator/image/store.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Is a real HTTP server on loopback, with one request a connection. It serves /file (with ranges),
// /whole (without) and /cut (closes after half of it), and answers 404 to anything else.
class HttpServer {
 public:
  explicit HttpServer(std::string body) : body_(std::move(body)) {
    listener_ = base::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), length);
    ::listen(listener_.get(), 8);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~HttpServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }

  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  std::string last_range() {
    const std::lock_guard lock(mutex_);
    return last_range_;
  }

 private:
  void serve() {
    for (;;) {
      const base::Fd client(::accept(listener_.get(), nullptr, nullptr));
      if (!client) return;
      answer(client.get());
    }
  }

  void answer(int client) {
    std::string request(8192, '\0');
    const ssize_t count = ::read(client, request.data(), request.size());
    request.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    const std::size_t range = request.find("Range: bytes=");
    std::size_t from = 0;
    {
      const std::lock_guard lock(mutex_);
      last_range_.clear();
      if (range != std::string::npos) {
        last_range_ = request.substr(range + 13, request.find("\r\n", range) - range - 13);
        from = std::stoul(last_range_);
      }
    }
    const bool ranged = request.starts_with("GET /file ") || request.starts_with("GET /cut ");
    if (!ranged && !request.starts_with("GET /whole "))
      return send(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    if (!ranged) from = 0;
    if (from >= body_.size())
      return send(client, "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n");
    const std::string rest = body_.substr(from);
    std::string head = from > 0
                           ? "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " +
                                 std::to_string(from) + "-" + std::to_string(body_.size() - 1) +
                                 "/" + std::to_string(body_.size()) + "\r\n"
                           : "HTTP/1.1 200 OK\r\n";
    head += "Connection: close\r\nContent-Length: " + std::to_string(rest.size()) + "\r\n\r\n";
    const bool cut = request.starts_with("GET /cut ") && from == 0;
    send(client, head + (cut ? rest.substr(0, rest.size() / 2) : rest));
  }

  static void send(int client, const std::string& bytes) {
    (void)!::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

  std::string body_;
  base::Fd listener_;
  int port_ = 0;
  std::mutex mutex_;
  std::string last_range_;
  std::thread thread_;
};

// Returns the bytes of a qcow2 file.
std::string empty_disk() {
  const base::TemporaryFolder folder(fs::temp_directory_path(), "lab-test");
  const fs::path file = folder.path() / "disk";
  base::run_checked({.argv = {"qemu-img", "create", "-q", "-f", "qcow2", file.string(), "8M"}});
  return base::read_file(file);
}

class Fetch : public testing::Test {
 protected:
  // Fetches with a digest that stays the same.
  static void fetch(const std::string& url, const std::string& digest, const fs::path& file,
                    const FetchProgress& progress = {}) {
    image::fetch(
        url, [&] { return digest; }, file, progress);
  }

  base::TemporaryFolder folder_{"/tmp", "lab-test"};
  fs::path file_ = folder_.path() / "image.qcow2";
  std::string body_ = empty_disk();
  HttpServer server_{body_};
  std::string digest_ = "sha256:" + base::sha256(body_);
};

TEST_F(Fetch, ChecksTheDigestBeforeTheFileGetsItsName) {
  std::uint64_t seen = 0;
  fetch(server_.url("/file"), digest_, file_,
        [&](std::uint64_t now, std::uint64_t) { seen = now; });
  EXPECT_EQ(base::read_file(file_), body_);
  EXPECT_EQ(seen, body_.size());
}

TEST_F(Fetch, ShowsBothDigestsAndDeletesWhatCame) {
  try {
    fetch(server_.url("/file"), "sha256:" + std::string(64, '0'), file_);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(std::string(64, '0')));
    EXPECT_THAT(error.what(), HasSubstr(digest_));
  }
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(Fetch, ResumesWhereAnEarlierTryBroke) {
  EXPECT_THROW(fetch(server_.url("/cut"), digest_, file_), base::Error);
  EXPECT_FALSE(fs::exists(file_));
  const auto half = fs::file_size(fs::path(file_) += ".part");
  EXPECT_GT(half, 0u);
  fetch(server_.url("/cut"), digest_, file_);
  EXPECT_EQ(server_.last_range(), std::to_string(half) + "-");
  EXPECT_EQ(base::read_file(file_), body_);
}

TEST_F(Fetch, StartsAnewWhereTheServerKnowsNoRanges) {
  base::write_file(fs::path(file_) += ".part", "old part");
  fetch(server_.url("/whole"), digest_, file_);
  EXPECT_EQ(base::read_file(file_), body_);
}

TEST_F(Fetch, StartsAnewWhereWhatIsThereIsTooLong) {
  base::write_file(fs::path(file_) += ".part", body_ + "more");
  fetch(server_.url("/file"), digest_, file_);
  EXPECT_EQ(base::read_file(file_), body_);
}

// An earlier try may have fetched a part of another release.
TEST_F(Fetch, StartsAnewWhereThePartIsOfAnotherFile) {
  base::write_file(fs::path(file_) += ".part", std::string(1000, 'b'));
  fetch(server_.url("/file"), digest_, file_);
  EXPECT_EQ(base::read_file(file_), body_);
}

TEST_F(Fetch, TakesADigestInUpperCase) {
  std::string upper = digest_;
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
  fetch(server_.url("/file"), upper, file_);
  EXPECT_EQ(base::read_file(file_), body_);
}

TEST_F(Fetch, NamesTheHttpStatus) {
  try {
    fetch(server_.url("/none"), digest_, file_);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("404"));
    EXPECT_THAT(error.what(), HasSubstr("/none"));
  }
}

TEST_F(Fetch, SaysWhenTheDiskIsFull) {
  // Every write to this device fails with ENOSPC.
  fs::create_symlink("/dev/full", fs::path(file_) += ".part");
  try {
    fetch(server_.url("/file"), digest_, file_);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("No space left"));
    EXPECT_THAT(error.hint(), HasSubstr("free"));
  }
}

TEST_F(Fetch, BoundsATextAndNamesAMissingServer) {
  EXPECT_THROW(fetch_text(server_.url("/file"), 1000), base::Error);
  EXPECT_THROW(fetch_text("http://127.0.0.1:1/none"), base::Error);
}

TEST(Manifest, OfThisRepositoryIsValid) {
  const auto entries = load_manifest(fs::path(LAB_SOURCE_DIR) / "images/manifest.yaml");
  EXPECT_EQ(find_entry(entries, "debian-12").source, Entry::Source::recipe);
  for (const Entry& entry : entries) {
    for (const std::string& url : {entry.url, entry.digest_url, entry.signature_url})
      EXPECT_TRUE(url.empty() || url.starts_with("https://")) << entry.name;
    EXPECT_FALSE(entry.unverified) << entry.name;
  }
  try {
    find_entry(entries, "debain-12");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("debian-12"));
    EXPECT_EQ(error.kind(), base::ErrorKind::user);
  }
}

// A digest beside the image, or a list without its signature, would let the mirror choose the
// image.
TEST(Manifest, OfThisRepositoryChecksWhatItFetchesByItsPublisher) {
  const auto entries = load_manifest(fs::path(LAB_SOURCE_DIR) / "images/manifest.yaml");
  const Entry& ubuntu = find_entry(entries, "ubuntu-20.04");
  EXPECT_EQ(ubuntu.digest_url, "https://cloud-images.ubuntu.com/focal/current/SHA256SUMS");
  EXPECT_EQ(ubuntu.signature_url, ubuntu.digest_url + ".gpg");
  EXPECT_EQ(ubuntu.keyring, "/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg");
  // Debian signs its list in no form.
  EXPECT_EQ(find_entry(entries, "debian-12-genericcloud").digest_url,
            "https://cloud.debian.org/images/cloud/bookworm/latest/SHA512SUMS");
}

TEST(Manifest, ErrorsNameFileLineAndColumn) {
  const base::TemporaryFolder folder("/tmp", "lab-test");
  const fs::path file = folder.path() / "manifest.yaml";
  for (const auto& [text, where] : std::vector<std::pair<std::string, std::string>>{
           {"images:\n  a: {urll: x}\n", ":2:7: unknown key 'urll'"},
           {"images:\n  a: {url: 'http://x/y'}\n", "neither digest"},
           {"images:\n  a: {url: 'http://x/y', digest: 'z', suite: sid}\n",
            "has a url, so no suite"},
           {"images:\n  a: {url: 'http://x/y', digest: 'sha256:12'}\n",
            "manifest.yaml:2:34: image 'a': digest 'sha256:12': expected sha512: and 128, or"},
           {"images:\n  a: {url: 'http://x/y', digest_url: 'http://x/z', signature_url: 'u'}\n",
            "has signature_url without keyring"},
           {"images:\n  a: {url: 'http://x/y', keyring: '/k', digest: 'sha256:" +
                std::string(64, 'a') + "'}\n",
            "has keyring without digest_url"},
           {"images:\n  a: {recipe: b, signature_url: 'u', keyring: '/k'}\n",
            "has signature_url without digest_url"},
           {"images:\n  a: {url: 'u', digest_url: 'd', signature_url: 's', keyring: 'k'}\n",
            "manifest.yaml:2:63: keyring 'k' must be a path that begins with /"},
           {"images: [\n", "manifest.yaml:2:1"},
           {"image: {}\n", "expected a map 'images'"},
           {"images:  # all\r  a: {}\n", "manifest.yaml:1:15: a lone carriage return"},
           {"images:\n  # all\u2028  a: {}\n", "manifest.yaml:2:8: U+2028"}}) {
    base::write_file(file, text);
    try {
      load_manifest(file);
      ADD_FAILURE() << text;
    } catch (const base::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(where));
    }
  }
}

TEST(AtomicFolder, IsWholeOrNotThere) {
  const base::TemporaryFolder root("/tmp", "lab-test");
  const fs::path folder = root.path() / "cache" / "x";
  EXPECT_THROW(base::make_folder_once(folder,
                                      [](const fs::path& work) {
                                        base::write_file(work / "half", "h");
                                        throw base::infrastructure_error("killed");
                                      }),
               base::Error);
  EXPECT_FALSE(fs::exists(folder));
  fs::create_directories(folder.parent_path() / ".making-x.dead");  // as kill -9 leaves it
  EXPECT_TRUE(base::make_folder_once(
      folder, [](const fs::path& work) { base::write_file(work / "a", "a"); }));
  EXPECT_FALSE(base::make_folder_once(folder, [](const fs::path&) { FAIL(); }));
  EXPECT_FALSE(fs::exists(folder.parent_path() / ".making-x.dead"));
}

// An image that QEMU boots directly, with the folders to prepare it in.
struct DirectImage {
  DirectImage() {
    base::write_file(image.initrd, "i");
    base::write_file(folders.reader, "r");
  }

  base::TemporaryFolder folder{"/tmp", "lab-test"};
  base::Folders folders{
      .cache = folder.path(), .runtime = folder.path(), .reader = folder.path() / "reader"};
  Image image{.name = "t",
              .kind = Image::Kind::direct,
              .kernel = "/k",
              .initrd = folder.path() / "initrd",
              .cmdline = "a",
              .digest = "sha256:1"};
};

TEST(Prepare, KeepsOneInitrdWhateverTheKernelsParameters) {
  const DirectImage direct;
  const auto quietly = [](const std::string&) {};
  const Prepared plain = prepare(direct.image, direct.folders, {}, {}, quietly);
  const Prepared other =
      prepare(direct.image, direct.folders,
              {.console = Console::none, .cmdline = "clocksource=tsc"}, {}, quietly);
  EXPECT_FALSE(plain.found);
  EXPECT_TRUE(other.found);
  EXPECT_EQ(plain.initrd, other.initrd);
  EXPECT_NE(plain.digest, other.digest);
  EXPECT_EQ(other.cmdline, "a " + console_parameters(Console::none) + " clocksource=tsc");
  EXPECT_THROW(
      prepare(direct.image, direct.folders, {.ready_at = ReadyAt::cloud_init}, {}, quietly),
      base::Error);
}

TEST(Prepare, MakesAnInitrdThatIsCutOffAnew) {
  const DirectImage direct;
  const auto prepared = [&] {
    return prepare(direct.image, direct.folders, {}, {}, [](const std::string&) {});
  };
  const Prepared first = prepared();
  const std::string whole = base::read_file(first.initrd);
  fs::resize_file(first.initrd, whole.size() / 2);
  const Prepared again = prepared();
  EXPECT_FALSE(again.found);
  EXPECT_EQ(base::read_file(again.initrd), whole);
  EXPECT_EQ(again.digest, first.digest);
  EXPECT_TRUE(prepared().found);
}

TEST(Prepare, MakesTheSameInitrdWheneverAndWhoeverMakesIt) {
  const base::TemporaryFolder folder("/tmp", "lab-test");
  base::write_file(folder.path() / "initrd", "i");
  const Image image{.name = "t",
                    .kind = Image::Kind::direct,
                    .kernel = "/k",
                    .initrd = folder.path() / "initrd",
                    .digest = "sha256:1"};
  base::Folders folders{.runtime = folder.path()};
  folders.reader = folder.path() / "reader";
  base::write_file(folders.reader, "r");
  const auto prepared_in = [&](const std::string& cache) {
    folders.cache = folder.path() / cache;
    return base::read_file(prepare(image, folders, {}, {}, [](const std::string&) {}).initrd);
  };
  const std::string once = prepared_in("a");
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // cpio has whole seconds
  const mode_t usual = ::umask(077);
  const std::string again = prepared_in("another");
  ::umask(usual);
  EXPECT_EQ(again, once);
}

TEST(ImageCache, ReadsOnlyWholeImages) {
  const base::TemporaryFolder folder("/tmp", "lab-test");
  base::write_file(folder.path() / "image.json",
                   R"({"name":"x","kind":"disk","disk":"disk.qcow2"})");
  EXPECT_THROW(read_image(folder.path()), base::Error);  // the disk is missing
  base::write_file(folder.path() / "disk.qcow2", "");
  EXPECT_THROW(read_image(folder.path()), base::Error);  // it never came to the disk
  base::write_file(folder.path() / "disk.qcow2", "bytes");
  EXPECT_EQ(read_image(folder.path()).disk_format, "qcow2");
  base::write_file(folder.path() / "image.json", "{");
  EXPECT_THROW(read_image(folder.path()), base::Error);
}

// Makes a share folder whose manifest has one image behind a url.
base::Folders folders_with_url(const fs::path& root, const std::string& url,
                               const std::string& digest) {
  base::Folders folders;
  folders.cache = root / "cache";
  folders.share = root / "share";
  fs::create_directories(folders.share / "images");
  base::write_file(folders.share / "images/manifest.yaml",
                   "images:\n  cloud: {url: '" + url + "', digest: '" + digest + "'}\n");
  return folders;
}

TEST_F(Fetch, MakesACloudImageOnceAndOnlyIfItsDigestIsRight) {
  const auto quiet = [](const std::string&) {};
  const base::Folders good = folders_with_url(folder_.path() / "a", server_.url("/file"), digest_);
  ImageCache cache(good);
  EXPECT_FALSE(cache.find("cloud", ""));
  const Image made = cache.find_or_make("cloud", "", quiet);
  EXPECT_FALSE(made.found);
  EXPECT_EQ(made.digest, digest_);
  EXPECT_EQ(base::read_file(made.disk), body_);
  EXPECT_TRUE(cache.find_or_make("cloud", "", quiet).found);
  EXPECT_EQ(cache.remove("cloud"), 1);
  EXPECT_FALSE(cache.find("cloud", ""));

  const base::Folders bad = folders_with_url(folder_.path() / "b", server_.url("/file"),
                                             "sha256:" + std::string(64, '1'));
  EXPECT_THROW(ImageCache(bad).find_or_make("cloud", "", quiet), base::Error);
  for (const auto& entry : fs::recursive_directory_iterator(bad.cache))
    EXPECT_TRUE(entry.is_directory() || entry.path().filename() == ".lock") << entry.path();
}

// `base` and `build` log their runs; the image has the base's file and the kit's.
TEST(ImageCache, MakesARecipesBaseOnceForAllKits) {
  const base::TemporaryFolder folder("/tmp", "lab-test");
  base::Folders folders;
  folders.cache = folder.path() / "cache";
  folders.share = folder.path() / "share";
  const fs::path recipe = folders.share / "images/outer";
  fs::create_directories(recipe);
  fs::create_directories(folders.share / "images/common");
  base::write_file(folders.share / "images/manifest.yaml", "images:\n  outer: {}\n");
  const auto write_program = [&](const char* name, const std::string& text) {
    base::write_file(recipe / name, "#!/bin/sh\nset -e\n" + text);
    fs::permissions(recipe / name, fs::perms(0755));
  };
  const std::string log = (folder.path() / "log").string();
  write_program("base", "echo base >> " + log + "\necho files > $1/root\n");
  write_program("build", "basename $LAB_KIT >> " + log +
                             "\ncat $LAB_BASE/root $LAB_KIT/info.json > $1/d\n" +
                             R"(echo '{"name":"outer","kind":"disk","disk":"d"}' > $1/image.json)");
  ImageCache cache(folders);
  for (const std::string release : {"5.10", "6.1", "5.10"}) {
    const fs::path kit = folder.path() / release;
    fs::create_directories(kit);
    base::write_file(kit / "info.json", release);
    EXPECT_EQ(base::read_file(cache.find_or_make("outer", kit, [](const std::string&) {}).disk),
              "files\n" + release);
  }
  EXPECT_EQ(base::read_file(log), "base\n5.10\n6.1\n");
  for (const auto& entry : fs::directory_iterator(folders.cache / "images"))
    if (fs::exists(entry.path() / "root")) fs::resize_file(entry.path() / "root", 2);
  base::write_file(folder.path() / "6.1/info.json", "6.1 again");
  EXPECT_EQ(base::read_file(
                cache.find_or_make("outer", folder.path() / "6.1", [](const std::string&) {}).disk),
            "files\n6.1 again");
  EXPECT_EQ(cache.remove("outer"), 4);
}

// One recipe makes two images and records the variables that it gets.
TEST(ImageCache, MakesSeveralImagesByOneRecipe) {
  const base::TemporaryFolder folder("/tmp", "lab-test");
  base::Folders folders;
  folders.cache = folder.path() / "cache";
  folders.share = folder.path() / "share";
  const fs::path recipe = folders.share / "images/any";
  fs::create_directories(recipe);
  fs::create_directories(folders.share / "images/common");
  base::write_file(folders.share / "images/manifest.yaml",
                   "images:\n"
                   "  old: {recipe: any, suite: bullseye}\n"
                   "  new: {recipe: any, suite: sid, kernel: amd64}\n"
                   "  any: {}\n");
  base::write_file(recipe / "build", R"(#!/bin/sh
echo "$LAB_NAME ${LAB_SUITE-none} ${LAB_KERNEL-none}" >$1/d
echo "$LAB_NAME: made" >&2
echo '{"name":"'$LAB_NAME'","kind":"disk","disk":"d"}' >$1/image.json)");
  fs::permissions(recipe / "build", fs::perms(0755));
  ImageCache cache(folders);
  std::string said;
  const auto progress = [&](const std::string& line) { said += line + "\n"; };
  EXPECT_EQ(base::read_file(cache.find_or_make("old", "", progress).disk), "old bullseye none\n");
  EXPECT_EQ(base::read_file(cache.find_or_make("new", "", progress).disk), "new sid amd64\n");
  EXPECT_EQ(base::read_file(cache.find_or_make("any", "", progress).disk), "any none none\n");
  EXPECT_EQ(said, "old: made\nnew: made\nany: made\n");

  // An image of another suite is another image.
  base::write_file(folders.share / "images/manifest.yaml",
                   "images:\n  old: {recipe: any, suite: bookworm}\n");
  EXPECT_FALSE(ImageCache(folders).find("old", ""));
}

TEST(Overlay, AChainOfDisksFindsItselfInAnotherPlace) {
  const base::TemporaryFolder folder(fs::temp_directory_path(), "lab-test");
  const fs::path lowest = folder.path() / "lowest.raw", middle = folder.path() / "middle.qcow2",
                 disk = folder.path() / "a/disk.qcow2", copies = folder.path() / "elsewhere";
  base::write_file(lowest, std::string(1 << 16, 'x'));
  create_overlay(lowest, "raw", middle);
  fs::create_directory(disk.parent_path());
  create_overlay(middle, "qcow2", disk);
  copy_chain(disk, copies);
  fs::rename(copies, folder.path() / "moved");
  for (const fs::path& file : {lowest, middle, disk}) fs::remove(file);

  const fs::path raw = folder.path() / "raw";
  base::run_checked({.argv = {"qemu-img", "convert", "-O", "raw",
                              (folder.path() / "moved/disk.qcow2").string(), raw.string()}});
  EXPECT_EQ(base::read_file(raw), std::string(1 << 16, 'x'));
}

}  // namespace
}  // namespace lab::image
