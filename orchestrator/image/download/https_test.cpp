// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <thread>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/image/download/fetch.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Serves the text "text" by http and https. /to-http and /to-https redirect there. The program
// writes the two urls into the file `urls`.
constexpr const char* server_program = R"(
import http.server, os, ssl, threading
urls = []
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        to = {'/to-http': 0, '/to-https': 1}.get(self.path)
        self.send_response(200 if to is None else 302)
        if to is not None:
            self.send_header('Location', urls[to] + '/text')
        self.end_headers()
        self.wfile.write(b'text')
    def log_message(self, *words):
        pass
http_server, https_server = [http.server.HTTPServer(('127.0.0.1', 0), Handler) for _ in range(2)]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('cert', 'key')
https_server.socket = context.wrap_socket(https_server.socket, server_side=True)
urls += [f'http://127.0.0.1:{http_server.server_port}', f'https://127.0.0.1:{https_server.server_port}']
open('new', 'w').write('\n'.join(urls))
os.rename('new', 'urls')
threading.Thread(target=http_server.serve_forever, daemon=True).start()
https_server.serve_forever()
)";

// From here on this process, and no other, trusts this certificate instead of the machine's.
void trust(const fs::path& certificate) {
  ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
  ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  ASSERT_EQ(
      ::mount(certificate.c_str(), "/etc/ssl/certs/ca-certificates.crt", nullptr, MS_BIND, nullptr),
      0);
}

TEST(Https, RedirectsFromItStayOnIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root, to mount";
  const base::TemporaryFolder folder("/tmp", "lab-test");
  base::run_checked({.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
                              "key", "-out", "cert", "-days", "2", "-subj", "/CN=127.0.0.1",
                              "-addext", "subjectAltName=IP:127.0.0.1"},
                     .folder = folder.path()});
  base::write_file(folder.path() / "server.py", server_program);
  base::Process process({.argv = {"python3", "server.py"}, .folder = folder.path()});
  const fs::path ready = folder.path() / "urls";
  for (int i = 0; i < 1000 && !fs::exists(ready) && process.running(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ASSERT_TRUE(fs::exists(ready)) << process.output();
  const std::string urls = base::read_file(ready), http = urls.substr(0, urls.find('\n')),
                    https = urls.substr(urls.find('\n') + 1);
  trust(folder.path() / "cert");

  EXPECT_EQ(fetch_text(https + "/to-https"), "text");
  EXPECT_EQ(fetch_text(http + "/to-https"), "text");
  EXPECT_EQ(fetch_text(http + "/to-http"), "text");
  for (const std::string& from : {https, "HTTPS" + https.substr(5)}) try {
      fetch_text(from + "/to-http");
      ADD_FAILURE() << from;
    } catch (const base::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("(from https only to https)"));
      EXPECT_THAT(error.hint(), HasSubstr("curl -I"));
    }
}

}  // namespace
}  // namespace lab::image
