// SPDX-License-Identifier: MIT
#include "orchestrator/e2e/lab_test.hpp"

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/process/subprocess.hpp"

namespace lab::e2e {
namespace {

constexpr std::string_view pid_mark = "pid ";

std::vector<pid_t> processes() {
  std::vector<pid_t> pids;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr ==
        name.data() + name.size())
      pids.push_back(pid);
  }
  return pids;
}

std::string proc(pid_t pid, const std::string& name) {
  return contents("/proc/" + std::to_string(pid) + "/" + name);
}

// Returns a process's state and parent: the fields after its name, which may contain anything.
std::pair<char, pid_t> state_of(pid_t pid) {
  const std::string stat = proc(pid, "stat");
  const std::size_t end = stat.rfind(')');
  if (end == std::string::npos) return {'X', 0};
  std::istringstream fields(stat.substr(end + 1));
  char state = 'X';
  pid_t parent = 0;
  fields >> state >> parent;
  return {state, parent};
}

void add_folders(std::vector<std::string>& left, const fs::path& parent, const std::string& start) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(parent, none))
    if (entry.path().filename().string().starts_with(start))
      left.push_back("folder " + entry.path().string());
}

void add_domains(std::vector<std::string>& left, const std::string& part) {
  std::istringstream names(base::run_checked({.argv = {"virsh", "list", "--all", "--name"}}));
  for (std::string name; std::getline(names, name);)
    if (name.find(part) != std::string::npos) left.push_back("domain " + name);
}

void add_processes(std::vector<std::string>& left, const std::string& part) {
  for (const pid_t pid : processes()) {
    const std::string line = proc(pid, "cmdline");
    if (line.find(part) != std::string::npos && is_alive(pid))
      left.push_back("process " + std::to_string(pid) + " " + line.substr(0, line.find('\0')));
  }
}

}  // namespace

std::string binary() {
  const char* other = std::getenv("LAB_UNDER_TEST");
  return other != nullptr ? other : LAB_BINARY;
}

std::string contents(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

Finished LabTest::lab(const std::vector<std::string>& arguments, const How& how) const {
  Finished finished;
  // The shell prints its process id before it becomes lab.
  base::Command command{
      .argv = {"sh", "-c", "echo \"pid $$\" >&2; exec \"$0\" \"$@\"", how.program},
      .environment = how.environment,
      .limit = how.limit};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.environment.emplace("XDG_STATE_HOME", folder().string());
  command.on_line = [&](const std::string& line) {
    if (finished.pid == 0 && line.starts_with(pid_mark))
      finished.pid = std::stoi(line.substr(pid_mark.size()));
    else if (how.on_line)
      how.on_line(finished.pid, line);
  };
  const base::Stopwatch watch;
  const base::Outcome outcome = base::run(command);
  EXPECT_FALSE(outcome.timed_out) << "lab was not done within its time:\n" << outcome.errors;
  finished.exit_code = outcome.exit_code;
  finished.signal = outcome.signal;
  finished.output = outcome.output;
  finished.errors = outcome.errors.substr(outcome.errors.find('\n') + 1);
  finished.seconds = watch.seconds();
  return finished;
}

fs::path LabTest::write(const std::string& name, const std::string& text) const {
  const fs::path file = folder() / name;
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

std::string LabTest::write_tiny(const std::string& more) const {
  return write("tiny.yaml", R"(version: 1
name: tiny
image: tiny
guest: {memory: 256 MiB, console: quiet}
steps:
  - boot:
)" + more)
      .string();
}

fs::path LabTest::image_folder(const std::string& name) const {
  const Finished made = lab({"image", "build", name}, {.limit = std::chrono::minutes(20)});
  EXPECT_EQ(made.exit_code, 0) << made.errors;
  const std::size_t at = made.output.find('/');
  return made.output.substr(at, made.output.find('\n', at) - at);
}

std::vector<json> trials_of(const Finished& run) {
  const json document = json::parse(run.output, nullptr, false);
  if (!document.is_object() || document.value("schema", 0) != 1) {
    ADD_FAILURE() << "no JSON document, exit code " << run.exit_code << "\n"
                  << run.output << run.errors;
    return {};
  }
  return document.at("trials").get<std::vector<json>>();
}

std::map<std::string, json> exits_by_trial(const Finished& run) {
  std::map<std::string, json> exits;
  for (const json& trial : trials_of(run))
    for (const json& step : trial.at("steps"))
      for (const json& reason : step.at("reasons"))
        exits[trial.value("trial", "")][step.value("name", "")][reason.value("name", "")] =
            reason.at("exits");
  return exits;
}

json named(const json& list, const std::string& name) {
  for (const json& element : list)
    if (element.at("name") == name) return element;
  ADD_FAILURE() << "no '" << name << "' in " << list.dump(1);
  return json::object();
}

void make_cache_without(const std::string& what, const fs::path& cache) {
  fs::create_directories(cache / "lab");
  for (const auto& entry : fs::directory_iterator(base::find_folders().cache))
    if (entry.path().filename() != what)
      fs::create_symlink(entry.path(), cache / "lab" / entry.path().filename());
}

std::vector<std::string> left_by(pid_t lab) {
  const base::Folders folders = base::find_folders();
  const std::string id = std::to_string(lab) + ".";
  std::vector<std::string> left;
  add_folders(left, folders.cache / "runs", id);
  add_folders(left, folders.runtime, id);
  add_domains(left, "-" + id);
  add_processes(left, "/runs/" + id);
  return left;
}

std::vector<std::string> half_made() {
  const base::Folders folders = base::find_folders();
  std::vector<std::string> left;
  add_folders(left, folders.cache / "images", ".making-");
  add_folders(left, folders.cache / "prepared", ".making-");
  return left;
}

std::vector<pid_t> family_of(pid_t pid) {
  std::vector<pid_t> family{pid};
  const std::vector<pid_t> all = processes();
  for (std::size_t i = 0; i < family.size(); ++i)
    for (const pid_t other : all)
      if (state_of(other).second == family[i]) family.push_back(other);
  return family;
}

bool is_alive(pid_t pid) {
  const char state = state_of(pid).first;
  return state != 'X' && state != 'Z';
}

}  // namespace lab::e2e
