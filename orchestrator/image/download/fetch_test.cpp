// SPDX-License-Identifier: MIT
#include "orchestrator/image/download/fetch.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <mutex>
#include <thread>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"

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

}  // namespace
}  // namespace lab::image
