// SPDX-License-Identifier: MIT
// `lab try` measures what a change did.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "orchestrator/base/text.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/trials/measure.hpp"
#include "orchestrator/report/comparison/comparison.hpp"
#include "orchestrator/report/comparison/mail.hpp"

namespace lab::cli {
namespace fs = std::filesystem;
namespace {

struct TryOptions {
  std::vector<std::string> words;  // RANGE or a file of patches, then scenarios
  std::string source, series, format = "text", output;
  std::vector<std::string> images, guest_kernels, emulators;
  bool each = false;
  TrialOptions trials;
};

constexpr const char* default_scenario = "quick";

bool is_range(const std::string& word) {
  return word.find("..") != std::string::npos && !word.ends_with(".yaml") && !fs::exists(word);
}

bool is_patch_file(const std::string& word) {
  return fs::is_regular_file(word) && !word.ends_with(".yaml") && !word.ends_with(".yml");
}

class Trier {
 public:
  explicit Trier(const TryOptions& options) : options_(options), scenarios_(options.words) {
    if (!options.source.empty() && !scenarios_.empty() &&
        (is_range(scenarios_.front()) || is_patch_file(scenarios_.front()))) {
      change_ = scenarios_.front();
      scenarios_.erase(scenarios_.begin());
    }
    if (scenarios_.empty()) scenarios_ = {default_scenario};
    options_.trials.causes = true;
    find_states();
  }

  int run() {
    std::string text;
    base::ExitCode code = base::exit_ok;
    const std::string sites = options_.trials.run.site;
    for (const std::string_view site : base::split(sites, ',')) {
      options_.trials.run.site = site;
      const std::vector<Measured> measured = measure_all();
      if (states_.size() > 2)
        for (std::size_t i = 1; i < states_.size(); ++i) add(i - 1, i, measured, text, code);
      add(0, states_.size() - 1, measured, text, code);
    }
    write_output(options_.output, text);
    return code;
  }

 private:
  void find_states() {
    const auto two = [&](const std::vector<std::string>& values, const char* setting) {
      if (values.empty()) return false;
      for (const std::string& value : values) states_.push_back({value, setting, value});
      return true;
    };
    if (two(options_.images, "image") || two(options_.guest_kernels, "guest.kernel") ||
        two(options_.emulators, "guest.emulator"))
      return;
    if (options_.source.empty())
      throw base::user_error("nothing to try: no --source, --image, --guest-kernel or --emulator",
                             "lab try HEAD~1..HEAD --source ~/linux");
    find_kernels();
  }

  // Finds the kernels of the two ends, or with --each all between.
  void find_kernels() {
    const std::string tree = fs::absolute(options_.source).lexically_normal();
    std::vector<kvm::Commit> commits;
    if (!options_.series.empty() || (!change_.empty() && !is_range(change_))) {
      commits = kvm::apply_patches(tree_tools(), tree + "@HEAD",
                                   options_.series.empty() ? change_ : options_.series);
    } else if (!change_.empty()) {
      const std::size_t dots = change_.find("..");
      const std::string good = change_.substr(0, dots), bad = change_.substr(dots + 2);
      commits = kvm::list_commits(tree_tools(), tree, good.empty() ? "HEAD" : good,
                                  bad.empty() ? "HEAD" : bad);
    } else {
      states_ = {{"HEAD", "kvm.kernel", tree + "@HEAD"},
                 {"the files as they are", "kvm.kernel", tree}};
      return refuse_no_change(tree);
    }
    for (const kvm::Commit& commit : commits)
      if (options_.each || &commit == &commits.front() || &commit == &commits.back())
        states_.push_back({kvm::in_words(commit), "kvm.kernel", tree + "@" + commit.id});
  }

  void refuse_no_change(const std::string& tree) const {
    if (kvm::kernel_key(tree_tools(), tree) == kvm::kernel_key(tree_tools(), tree + "@HEAD"))
      throw base::user_error("the files of '" + tree + "' are those of its HEAD: nothing to try",
                             "lab try HEAD~1..HEAD --source " + tree);
  }

  std::vector<Measured> measure_all() const {
    std::vector<Measured> measured;
    for (const State& state : states_) {
      say(fmt::format("lab: {}\n", report::printable(state.name)));
      measured.push_back(measure(scenarios_, {state}, options_.trials).front());
    }
    return measured;
  }

  // Adds the text of one comparison, and updates the command's exit code.
  void add(std::size_t before, std::size_t after, const std::vector<Measured>& measured,
           std::string& text, base::ExitCode& code) const {
    if (!text.empty()) text += "\n" + std::string(report::mail_columns, '-') + "\n\n";
    const Measured &a = measured[before], &b = measured[after];
    const check::Verdict verdict =
        judge_change(a, b, gate_for(scenarios_, states_[after].setting, options_.trials));
    text += report::mail_text(
        {.before = states_[before].name, .after = states_[after].name, .where = where_in_words(b)},
        verdict);
    for (const Measured* side : {&a, &b}) {
      if (!side->failure.empty())
        text += fmt::format("{} it: {}\n", side == &a ? "Before" : "After", side->failure);
      code = worse(code, side->outcome);
    }
    if (verdict.judgement() == check::Judgement::regressed)
      code = worse(code, base::exit_regression);
    if (verdict.judgement() == check::Judgement::cannot_tell)
      code = worse(code, base::exit_no_data);
  }

  TryOptions options_;
  std::vector<std::string> scenarios_;
  std::string change_;  // RANGE or a file of patches
  std::vector<State> states_;
};

}  // namespace

void add_try(const Command& app) {
  const auto options = std::make_shared<TryOptions>();
  const Command command = app.add_subcommand(
      "try",
      "What a change of yours does to the exits, as a text for a mail: exit code 1 where something "
      "grew");
  command.add_option("what", options->words,
                     "With --source first BASE..HEAD or a file of patches (default: your changes "
                     "since HEAD); then scenarios (default: quick)");
  const Option source = command.add_option("--source", options->source, "Your kernel tree");
  command
      .add_option("--series", options->series,
                  "A quilt series: a file that lists patch files beside it")
      .needs(source);
  command.add_flag("--each", options->each, "Each commit or patch, and then all together");
  command.add_option("--image", options->images, "Two images: before, after").count(2);
  command.add_option("--guest-kernel", options->guest_kernels, "Two kernels of the guest").count(2);
  command.add_option("--emulator", options->emulators, "Two QEMUs that run the guest").count(2);
  add_trial_options(command, options->trials);
  command
      .add_option("--repeat", options->trials.repeat,
                  "Trials of each cell (default: one where counts are exact)")
      .range(1, 10000);
  add_output(command, options->output);
  command.runs([options] { return Trier(*options).run(); });
}

}  // namespace lab::cli
