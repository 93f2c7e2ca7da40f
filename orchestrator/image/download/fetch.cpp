// SPDX-License-Identifier: MIT
#include "orchestrator/image/download/fetch.hpp"

#include <curl/curl.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <mutex>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/image/download/digests.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;
using CurlPtr = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

// The state of libcurl's callbacks. An exception must not cross C code, so `failure` keeps it.
struct Transfer {
  std::function<void(std::string_view)> take;
  FetchProgress progress;
  std::uint64_t offset = 0;
  std::exception_ptr failure;
};

std::size_t on_data(char* bytes, std::size_t size, std::size_t count, void* data) {
  auto* transfer = static_cast<Transfer*>(data);
  try {
    transfer->take({bytes, size * count});
    return size * count;
  } catch (...) {
    transfer->failure = std::current_exception();
    return 0;
  }
}

int on_progress(void* data, curl_off_t total, curl_off_t now, curl_off_t, curl_off_t) {
  auto* transfer = static_cast<Transfer*>(data);
  if (base::interrupted()) return 1;
  if (transfer->progress && now > 0)
    transfer->progress(transfer->offset + static_cast<std::uint64_t>(now),
                       total > 0 ? transfer->offset + static_cast<std::uint64_t>(total) : 0);
  return 0;
}

// The scheme's case does not matter (RFC 3986, 3.1).
bool is_https(const std::string& url) {
  return ::strncasecmp(url.c_str(), "https:", 6) == 0;
}

CurlPtr new_transfer(const std::string& url, Transfer& transfer) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  CurlPtr curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) throw base::infrastructure_error("libcurl does not start");
  CURL* handle = curl.get();
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https,file");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, is_https(url) ? "https" : "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, 30L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);  // 60 s without a byte: dead
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, 60L);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_data);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
  return curl;
}

// Returns false where the server cannot resume there; throws on every other failure.
bool perform(CURL* curl, const std::string& url, const Transfer& transfer) {
  const CURLcode code = curl_easy_perform(curl);
  base::throw_if_interrupted();
  if (transfer.failure) std::rethrow_exception(transfer.failure);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  // The partial file is as long as the file or longer; libcurl reports that as success.
  if (transfer.offset > 0 && (status == 416 || code == CURLE_BAD_DOWNLOAD_RESUME)) return false;
  if (code == CURLE_OK) return true;
  if (code == CURLE_RANGE_ERROR) return false;
  if (code == CURLE_UNSUPPORTED_PROTOCOL)
    throw base::infrastructure_error(
        "fetch '" + url + "': neither http, https nor file, or it is redirected to such a place " +
            "(from https only to https)",
        "curl -I '" + url + "' shows where it leads");
  if (code == CURLE_HTTP_RETURNED_ERROR)
    throw base::infrastructure_error("fetch '" + url + "': HTTP status " + std::to_string(status),
                                     "check the url in images/manifest.yaml");
  throw base::infrastructure_error("fetch '" + url + "': " + curl_easy_strerror(code),
                                   "what was downloaded is kept: run it again to go on from there");
}

std::uint64_t size_or_zero(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  return error ? 0 : size;
}

// Continues the partial file `part`; returns false where the server cannot.
bool download(const std::string& url, const fs::path& part, const FetchProgress& progress) {
  const base::Fd fd(::open(part.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd) throw base::errno_error("create", part.string(), errno);
  Transfer transfer{.progress = progress, .offset = size_or_zero(part)};
  transfer.take = [&](std::string_view bytes) { base::write_all(fd.get(), bytes, part.string()); };
  const CurlPtr curl = new_transfer(url, transfer);
  if (transfer.offset > 0)
    curl_easy_setopt(curl.get(), CURLOPT_RESUME_FROM_LARGE,
                     static_cast<curl_off_t>(transfer.offset));
  return perform(curl.get(), url, transfer);
}

// Returns the file's digest of the same kind as `digest`.
std::string digest_like(const std::string& digest, const fs::path& file) {
  const bool long_one = digest.starts_with("sha512:");
  return long_one ? "sha512:" + base::sha512_file(file) : "sha256:" + base::sha256_file(file);
}

// Continues what an earlier try left in `part`. Starts again where that is of another release or
// the server cannot resume.
void download_all(const std::string& url, const std::string& digest, const fs::path& part,
                  const FetchProgress& progress) {
  const bool resumes = size_or_zero(part) > 0;
  if (download(url, part, progress) && (!resumes || digest_like(digest, part) == digest)) return;
  fs::remove(part);
  download(url, part, progress);
}

// `before` is the digest that was published before the download.
void check_digest(const std::string& url, const std::string& before, const DigestSource& digest,
                  const fs::path& part) {
  const std::string found = digest_like(before, part);
  if (found == before) return;
  const std::string now = normalized_digest(digest());
  if (now != before && digest_like(now, part) == now) return;
  fs::remove(part);
  const std::string what = "fetch '" + url + "': ";
  if (now != before)
    throw base::infrastructure_error(what +
                                         "the published digest changed during the download\n"
                                         "  from  " +
                                         before + "\n  to    " + now + "\n  found " + found,
                                     "the file was deleted; try again in some minutes");
  throw base::infrastructure_error(
      what + "wrong digest\n  expected " + before + "\n  found    " + found,
      "the file was deleted; try again later, as a new release may be on its way to this server; "
      "if it happens again do not trust the source");
}

}  // namespace

void fetch(const std::string& url, const DigestSource& digest, const fs::path& file,
           const FetchProgress& progress) {
  const std::string before = normalized_digest(digest());
  fs::path part = file;
  part += ".part";
  download_all(url, before, part, progress);
  check_digest(url, before, digest, part);
  base::put_in_place(part, file);
}

std::string fetch_text(const std::string& url, std::size_t limit) {
  std::string text;
  Transfer transfer;
  transfer.take = [&](std::string_view bytes) {
    if (text.size() + bytes.size() > limit)
      throw base::infrastructure_error("fetch '" + url + "': larger than " + std::to_string(limit) +
                                       " bytes");
    text += bytes;
  };
  const CurlPtr curl = new_transfer(url, transfer);
  perform(curl.get(), url, transfer);
  return text;
}

}  // namespace lab::image
